/**
 * Somebody writes to people whose mail servers are what the world runs: a Postfix, an Exim, a Dovecot, and two of
 * Postfix's smtp-sinks with a fault. Whoever exists has the message; who mistyped, or wrote to a full mailbox, is
 * told so, whatever the words of the server that said it; an admin finds another way past a server that is broken.
 */
import { explain } from '@restante/core/outcome/sentences.ts'
import type { Outcome } from '@restante/core/outcome/types.ts'
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest'
import { type Gateway, startGateway } from './gateway.ts'
import { readMailbox } from './imap.ts'
import { addOrganization } from './organization.ts'
import { freePort } from './ports.ts'
import { type DnsServer, startDns } from './servers/dns.ts'
import { type Dovecot, startDovecot } from './servers/dovecot.ts'
import { canRunExim, type Exim, startExim } from './servers/exim.ts'
import { canRunPostfix, type Postfix, startPostfix } from './servers/postfix.ts'
import { headerOf, type Sink, startSink } from './servers/sink.ts'
import { startFaultySink } from './servers/smtp-sink.ts'
import { plainMessage, SmtpClient } from './smtp.ts'
import { until } from './until.ts'

type Delivery = {
  id: string
  state: string
  destination: string
  way: string | null
  everyone: { address: string; state: string; outcome: Outcome | null }[]
}

const anna = 'anna@example.org'
let gateway: Gateway
let backend: Sink
let dns: DnsServer
let postfix: Postfix | undefined
let exim: Exim | undefined
let dovecot: Dovecot
const stops: (() => Promise<void>)[] = []

beforeAll(async () => {
  const port = await freePort()
  backend = await startSink({ lmtp: true })
  if (canRunPostfix) {
    postfix = await startPostfix({
      domain: 'postfix.test',
      users: ['otto@postfix.test'],
      listen: { host: '127.0.0.2', port },
      settings: [
        'inet_interfaces = all',
        'smtpd_recipient_restrictions = reject_unauth_destination,',
        '  check_recipient_access inline:{ { full@postfix.test = 452 4.2.2 Mailbox full } }',
        '',
      ].join('\n'),
    })
  }
  if (canRunExim)
    exim = await startExim({ domain: 'exim.test', users: ['eva'], listen: { host: '127.0.0.3', port } })
  dovecot = await startDovecot({
    users: ['dora@dovecot.test'],
    settings: `
mail_plugins = quota
protocol lmtp {
  mail_plugins = quota
}
plugin {
  quota = maildir:User quota
  quota_rule = *:storage=8K
}
`,
  })
  const slow = await startFaultySink(['-r', 'RCPT'], port, '127.0.0.4')
  const rude = await startFaultySink(['-q', 'DATA'], port, '127.0.0.5')
  stops.push(slow.stop, rude.stop)
  const zone = (address: string) => `@ MX 10 mx\nmx A ${address}`
  dns = await startDns({
    'postfix.test.': zone('127.0.0.2'),
    'exim.test.': zone('127.0.0.3'),
    'slow.test.': zone('127.0.0.4'),
    'rude.test.': zone('127.0.0.5'),
    'chain.test.': '@ MX 10 a\na CNAME b\nb CNAME c\nc A 127.0.0.3',
    'round.test.': '@ MX 10 a\na CNAME b\nb CNAME a',
    // Nobody listens there.
    'dovecot.test.': zone('127.0.0.6'),
  })
  gateway = await startGateway({
    env: { DNS_SERVERS: dns.address, OUTBOUND_PORT: String(port), OUTBOUND_PRIVATE: 'allow' },
  })
  await addOrganization(gateway, {
    name: 'Example',
    domain: 'example.org',
    backends: [`lmtp://127.0.0.1:${backend.port}`],
    people: [{ name: 'anna', locale: 'it' }],
  })
  await gateway.cli(['client', 'add', 'Example', 'test', '--network', '127.0.0.1/32'])
})
afterAll(async () => {
  await gateway?.remove()
  for (const stop of stops) await stop()
  await Promise.all([postfix?.remove(), exim?.remove(), dovecot?.remove(), backend?.stop(), dns?.close()])
})

async function write(subject: string, to: readonly string[], text = 'Buongiorno.'): Promise<void> {
  const client = await SmtpClient.open(gateway.ports.submission)
  const { content } = plainMessage({ from: anna, to: to.join(', '), subject, text })
  const reply = await client.send(anna, [...to], content)
  client.quit()
  expect(reply.code, reply.text).toBe(250)
}

/** What became of each recipient of a message, once each was tried. */
async function outcomes(subject: string, count: number): Promise<Map<string, Outcome>> {
  return await until(`${subject}: ${count} were tried`, async () => {
    const { items } = await gateway.cli<{ items: { id: string; subject: string }[] }>([
      ...[
        'delivery',
        'list',
        '--state',
        'queued,deferred,held,delivered,failed,cancelled',
        '--text',
        subject,
      ],
    ])
    // Notices about it have its subject in theirs.
    const own = items.filter(item => item.subject === subject)
    const stories = await Promise.all(own.map(({ id }) => gateway.cli<Delivery>(['delivery', 'show', id])))
    const all = stories.flatMap(story => story.everyone)
    const told = all.flatMap(({ address, outcome }) => (outcome ? [[address, outcome] as const] : []))
    return told.length === count && new Map(told)
  })
}

const notices = () => backend.kept.filter(({ content }) => content.includes('multipart/report'))

/** The notice of a failure is in her language and says what the classifier understood. */
async function untilTold(address: string, outcome: Outcome): Promise<void> {
  const { what } = explain(outcome, { recipient: address }, 'it')
  const notice = await until(`she is told of ${address}`, () =>
    notices().find(({ content }) => content.includes(`Final-Recipient: rfc822; ${address}`)),
  )
  const text = notice.content.toString('utf8')
  expect(text).toMatch(/^Action: failed\r?$/m)
  expect(text).toMatch(/^Status: 5\.\d+\.\d+\r?$/m)
  if (outcome.enhanced) expect(text).toContain(`Status: ${outcome.enhanced}`)
  expect(text).toMatch(new RegExp(`^Diagnostic-Code: smtp; ${outcome.code} `, 'm'))
  expect(wordsOf(text)).toContain(what)
}

/** The part for people, which is in base64. */
function wordsOf(notice: string): string {
  const [, part = ''] =
    /Content-Transfer-Encoding: base64\r\n(?:\S.*\r\n)*\r\n([A-Za-z0-9+/=\r\n]+)/.exec(notice) ?? []
  return Buffer.from(part, 'base64').toString('utf8').replace(/\s+/g, ' ')
}

describe('a message goes out to', () => {
  test.skipIf(!canRunPostfix)(
    'a Postfix: it knows one, has no room for another, and never heard of the third',
    async () => {
      onTestFailed(() => console.error(gateway.log()))
      await write('to postfix', ['otto@postfix.test', 'full@postfix.test', 'nobody@postfix.test'])
      const found = await outcomes('to postfix', 3)
      expect(found.get('otto@postfix.test')).toMatchObject({ category: 'accepted' })
      expect(found.get('full@postfix.test')).toMatchObject({ category: 'mailbox-full', permanent: false })
      expect(found.get('nobody@postfix.test')).toMatchObject({ category: 'bad-address', permanent: true })
      await until('Otto has it', () =>
        postfix!.read('otto@postfix.test').some(content => headerOf(content, 'Subject') === 'to postfix'),
      )
      await untilTold('nobody@postfix.test', found.get('nobody@postfix.test')!)
    },
  )

  test.skipIf(!canRunExim)('an Exim', async () => {
    onTestFailed(() => console.error(gateway.log()))
    await write('to exim', ['eva@exim.test', 'full@exim.test', 'nobody@exim.test'])
    const found = await outcomes('to exim', 3)
    expect(found.get('eva@exim.test')).toMatchObject({ category: 'accepted' })
    expect(found.get('full@exim.test')).toMatchObject({ category: 'mailbox-full', permanent: false })
    expect(found.get('nobody@exim.test')).toMatchObject({ category: 'bad-address', permanent: true })
    await untilTold('nobody@exim.test', found.get('nobody@exim.test')!)
    await until('Eva has it', () =>
      exim!.read('eva').some(content => headerOf(content, 'Subject') === 'to exim'),
    )
  })

  test.skipIf(!canRunExim)('servers with a fault: it waits, and the reason is right', async () => {
    await write('to faults', ['x@slow.test', 'x@rude.test', 'x@round.test', 'x@chain.test'])
    const found = await outcomes('to faults', 4)
    expect(found.get('x@round.test')).toMatchObject({ permanent: false, category: 'dns-fault' })
    // Its names lead to the Exim, which is not of that domain.
    expect(found.get('x@chain.test')).toMatchObject({ permanent: true, phase: 'rcpt' })
    expect(found.get('x@slow.test')).toMatchObject({ permanent: false, phase: 'rcpt' })
    expect(found.get('x@rude.test')).toMatchObject({
      permanent: false,
      phase: 'data',
      category: 'destination-down',
    })
  })
})

describe('a server that is broken', () => {
  test('is passed by, when an admin moves its mail to another way', async () => {
    onTestFailed(() => console.error(gateway.log()))
    await write('past the fault', ['dora@dovecot.test', 'nobody@dovecot.test'])
    await write('too large', ['dora@dovecot.test'], 'x'.repeat(70).concat('\r\n').repeat(200))
    await outcomes('too large', 1)
    const before = await outcomes('past the fault', 2)
    expect(before.get('dora@dovecot.test')).toMatchObject({ permanent: false, phase: 'connect' })
    const moved = await gateway.cli<{ matched: number; changed: number }>([
      ...['delivery', 'reroute', '--all', '--destination', 'dovecot.test'],
      ...['--to', `lmtp://127.0.0.1:${dovecot.lmtpPort}`],
    ])
    expect(moved).toMatchObject({ matched: 2, changed: 2 })
    const settled = (subject: string, count: number, category: string) =>
      until(`${subject}: ${category}`, async () => {
        const found = await outcomes(subject, count)
        return [...found.values()].some(one => one.category === category) && found
      })
    const found = await settled('past the fault', 2, 'accepted')
    expect(found.get('nobody@dovecot.test')).toMatchObject({ category: 'bad-address', permanent: true })
    await untilTold('nobody@dovecot.test', found.get('nobody@dovecot.test')!)
    const full = await settled('too large', 1, 'mailbox-full')
    expect(full.get('dora@dovecot.test')).toMatchObject({ permanent: true })
    const seen = await readMailbox(dovecot.imapPort, 'dora@dovecot.test')
    expect(seen.map(({ subject }) => subject)).toEqual(['past the fault'])
  })

  test('a message that was moved says so, and can be moved back', async () => {
    await write('there and back', ['x@dovecot.test'])
    await outcomes('there and back', 1)
    const { items } = await gateway.cli<{ items: { id: string }[] }>([
      ...['delivery', 'list', '--text', 'there and back'],
    ])
    const id = items[0]!.id
    await gateway.cli(['delivery', 'hold', id])
    await gateway.cli([
      'delivery',
      'reroute',
      id,
      '--to',
      'smtp://a:secret@relay.test:25',
      '--to',
      'smtps://b.test',
    ])
    const story = await gateway.cli<Delivery>(['delivery', 'show', id])
    expect(story).toMatchObject({ state: 'held', way: 'smtp://relay.test:25, smtps://b.test:465' })
    await gateway.cli(['delivery', 'reroute', id, '--to', 'usual'])
    expect(await gateway.cli<Delivery>(['delivery', 'show', id])).toMatchObject({ state: 'held', way: null })
    const wrong = await gateway.run(['delivery', 'reroute', id, '--to', 'nonsense'])
    expect(wrong.code).toBe(1)
    await gateway.cli(['delivery', 'cancel', id])
  })
})
