/**
 * Bruno has left, and his mail goes to his new address besides; the choir is a group with a member elsewhere. What
 * is sent on comes from an address of ours, so that the other side's SPF holds, and what bounces there finds its way
 * back to who wrote it; nothing else does, and nothing goes round.
 */
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest'
import { type Gateway, startGateway } from './gateway.ts'
import { addOrganization } from './organization.ts'
import { freePort } from './ports.ts'
import { type DnsServer, startDns } from './servers/dns.ts'
import { headerOf, type Sink, startSink } from './servers/sink.ts'
import { plainMessage, type Reply, SmtpClient } from './smtp.ts'
import { until } from './until.ts'

const writer = 'Writer+tag@there.test'
const bruno = 'bruno@example.org'
let gateway: Gateway
let backend: Sink
/** Where Bruno's mail goes to. */
let elsewhere: Sink
/** The writer's own server. */
let there: Sink
let dns: DnsServer

beforeAll(async () => {
  const port = await freePort()
  backend = await startSink({ lmtp: true })
  elsewhere = await startSink({ port, host: '127.0.0.2' })
  there = await startSink({ port, host: '127.0.0.3' })
  const zone = (address: string) => `@ MX 10 mx\nmx A ${address}`
  dns = await startDns({
    'elsewhere.test.': zone('127.0.0.2'),
    'there.test.': zone('127.0.0.3'),
    'first.test.': zone('127.0.0.3'),
  })
  gateway = await startGateway({
    env: { DNS_SERVERS: dns.address, OUTBOUND_PORT: String(port), OUTBOUND_PRIVATE: 'allow' },
  })
  await addOrganization(gateway, {
    name: 'Example',
    domain: 'example.org',
    backends: [`lmtp://127.0.0.1:${backend.port}`],
    people: [{ name: 'anna' }, { name: 'bruno' }],
  })
  await gateway.cli(['client', 'add', 'Example', 'test', '--network', '127.0.0.1/32'])
  await gateway.cli(['mailbox', 'forward', bruno, 'bruno@elsewhere.test'])
  await gateway.cli([
    ...['mailbox', 'add', 'choir@example.org', '--shared', '--member', 'anna@example.org'],
    ...['--forward', 'soprano@elsewhere.test'],
  ])
  await until(
    'the relay knows',
    async () => (await give(writer, ['choir@example.org'], 'probe')).code === 250,
  )
})
afterAll(async () => {
  await gateway?.remove()
  await Promise.all([backend, elsewhere, there].map(sink => sink?.stop()))
  await dns?.close()
})

async function give(
  from: string,
  to: string[],
  subject: string,
  options: { port?: number; headers?: string[] } = {},
): Promise<Reply> {
  const client = await SmtpClient.open(options.port ?? gateway.ports.relay)
  const { content } = plainMessage({
    from: from || 'mailer-daemon@elsewhere.test',
    to: to.join(', '),
    subject,
    headers: options.headers,
  })
  const reply = await client.send(from, to, content)
  client.quit()
  return reply
}

const arrived = (sink: Sink, subject: string) =>
  until(`${subject} arrives`, () => sink.withSubject(subject)[0])

test('mail is sent on from an address of ours, and the mailbox has it too', async () => {
  onTestFailed(() => console.error(gateway.log()))
  expect((await give(writer, [bruno], 'sent on')).code).toBe(250)
  await arrived(backend, 'sent on')
  const kept = await arrived(elsewhere, 'sent on')
  expect(kept.to).toEqual(['bruno@elsewhere.test'])
  expect(kept.from).toMatch(/^SRS0=[a-z2-7]{8}=[a-z2-7]{2}=there\.test=Writer\+tag@example\.org$/)
  expect(headerOf(kept.content, 'Delivered-To')).toBe(bruno)
  expect(headerOf(kept.content, 'From')).toBe(writer)
})

test('a bounce comes back to who wrote it, and only a bounce', async () => {
  onTestFailed(() => console.error(gateway.log()))
  await give(writer, [bruno], 'will bounce')
  const { from } = await arrived(elsewhere, 'will bounce')
  expect((await give('', [from], 'undeliverable')).code).toBe(250)
  const bounce = await arrived(there, 'undeliverable')
  expect(bounce).toMatchObject({ from: '', to: [writer] })
  expect(await give(writer, [from], 'no bounce')).toMatchObject({ code: 550 })
  const forged = from.replace('Writer', 'Reader')
  expect(await give('', [forged], 'forged')).toMatchObject({ code: 550 })
  const aged = from.replace(/=[a-z2-7]{2}=there/, '=aa=there')
  expect(await give('', [aged], 'aged')).toMatchObject({ code: 550 })
})

test('what was rewritten before gets one step longer, and bounces to the first that rewrote it', async () => {
  const first = 'SRS0=hash=aa=origin.test=writer@first.test'
  await give(first, [bruno], 'second step')
  const { from } = await arrived(elsewhere, 'second step')
  expect(from).toMatch(/^SRS1=[a-z2-7]{8}=first\.test==hash=aa=origin\.test=writer@example\.org$/)
  await give('', [from], 'second bounce')
  expect(await arrived(there, 'second bounce')).toMatchObject({ from: '', to: [first] })
})

test('a group goes to its members outside, for colleagues under their own name', async () => {
  onTestFailed(() => console.error(gateway.log()))
  const port = gateway.ports.submission
  expect((await give('anna@example.org', ['choir@example.org'], 'rehearsal', { port })).code).toBe(250)
  expect(await arrived(elsewhere, 'rehearsal')).toMatchObject({
    from: 'anna@example.org',
    to: ['soprano@elsewhere.test'],
  })
  await arrived(backend, 'rehearsal')
})

test('what comes round again is not sent on again', async () => {
  onTestFailed(() => console.error(gateway.log()))
  await give(writer, [bruno], 'round', { headers: [`Delivered-To: ${bruno}`] })
  await arrived(backend, 'round')
  const { items } = await until('it is given up', async () => {
    const found = await gateway.cli<{ items: { outcome: { category: string } | null }[] }>([
      ...['delivery', 'list', '--state', 'failed', '--text', 'round'],
    ])
    return found.items.length > 0 && found
  })
  expect(items[0]?.outcome?.category).toBe('loop')
  expect(elsewhere.withSubject('round')).toEqual([])
})

test('an address of ours is no address outside, and nothing is sent on any more when an admin says so', async () => {
  const inside = await gateway.run(['mailbox', 'forward', bruno, 'anna@example.org'])
  expect(inside.code).toBe(1)
  expect(inside.stderr).toContain('alias')
  await gateway.cli(['mailbox', 'forward', bruno, '--none'])
  await until('the relay knows', async () => {
    const subject = `after ${Date.now()}`
    await give(writer, [bruno], subject)
    await arrived(backend, subject)
    const { items } = await gateway.cli<{ items: unknown[] }>([
      ...['delivery', 'list', '--state', 'queued,deferred,delivered', '--text', subject],
    ])
    return items.length === 1
  })
})
