/**
 * Mail on its way out, end to end: in by the submission ports as people and their mail servers use them, out by MX to
 * servers on addresses of loopback that a real DNS server (Knot) names. One of them takes everything, one has a
 * full mailbox, one never says a word.
 */
import { createServer, type Server } from 'node:net'
import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest'
import { type Gateway, startGateway } from './gateway.ts'
import type { JmapClient } from './jmap.ts'
import { addOrganization, jmapFor, PASSWORD } from './organization.ts'
import { freePort } from './ports.ts'
import { type DnsServer, startDns } from './servers/dns.ts'
import { headerOf, type Sink, startSink } from './servers/sink.ts'
import { SmtpClient } from './smtp.ts'
import { until } from './until.ts'
import { deliveriesOf, queueOf, untilHealth } from './watch.ts'

let gateway: Gateway
let backend: Sink
let place: Sink
let full: Sink
let tarpit: Server
let dns: DnsServer
let anna: JmapClient
let appPassword: string

beforeAll(async () => {
  const port = await freePort()
  backend = await startSink({ lmtp: true })
  place = await startSink({ port, host: '127.0.0.2' })
  full = await startSink({ port, host: '127.0.0.3' })
  full.refuse('x@full.test', '452 4.2.2 Mailbox full')
  tarpit = createServer(socket => socket.on('error', () => {}))
  await new Promise<void>(resolve => tarpit.listen(port, '127.0.0.4', () => resolve()))
  const zone = (address: string) => `@ MX 10 mx\nmx A ${address}`
  dns = await startDns({
    'place.test.': zone('127.0.0.2'),
    'full.test.': zone('127.0.0.3'),
    'tarpit.test.': zone('127.0.0.4'),
    'nomail.test.': '@ MX 0 .',
    'example.org.': zone('127.0.0.2'),
  })
  gateway = await startGateway({
    env: {
      DNS_SERVERS: dns.address,
      OUTBOUND_PORT: String(port),
      OUTBOUND_PRIVATE: 'allow',
      SUBMISSION_RATE_PERSON: '10000/10000',
    },
  })
  await addOrganization(gateway, {
    name: 'Example',
    domain: 'example.org',
    backends: [`lmtp://127.0.0.1:${backend.port}`],
    people: [{ name: 'anna', locale: 'it' }, { name: 'bruno' }],
  })
  anna = await jmapFor(gateway, 'anna@example.org')
  const made = await gateway.cli<{ password: string }>([
    'person',
    'app-password',
    'anna@example.org',
    '--name',
    'phone',
  ])
  appPassword = made.password
})
afterAll(async () => {
  await gateway?.remove()
  await Promise.all([backend, place, full].map(sink => sink?.stop()))
  tarpit?.close()
  await dns?.close()
})

type Auth = { user: string; pass: string } | undefined

function transport(auth: Auth, options: { secure?: boolean; ignoreTLS?: boolean; pool?: boolean } = {}) {
  const { ports } = gateway
  return createTransport({
    host: '127.0.0.1',
    port: options.secure ? ports.submissions : ports.submission,
    auth,
    tls: { rejectUnauthorized: false },
    ...options,
  } as never)
}

const letter = (to: string, subject: string, from = 'anna@example.org') => ({
  from,
  to,
  subject,
  text: 'Good morning.',
})

const refusal = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => null,
    (error: { responseCode?: number; response?: string }) => error,
  )
  return error?.response ?? ''
}

describe('in', () => {
  test.each([
    ['STARTTLS and a password', false, () => ({ user: 'anna@example.org', pass: PASSWORD })],
    ['implicit TLS and an app password', true, () => ({ user: 'ANNA@example.org', pass: appPassword })],
  ])('by %s', async (subject, secure, auth) => {
    onTestFailed(() => console.error(gateway.log()))
    await transport(auth(), { secure }).sendMail(letter('x@place.test', subject))
    const [kept] = await until('it came', () => {
      const found = place.withSubject(subject)
      return found.length > 0 && found
    })
    expect(kept!.from).toBe('anna@example.org')
    expect(headerOf(kept!.content, 'Received')).toMatch(/with ESMTPSA/)
    // The sender finds it under Sent.
    const sent = await until('it is in Sent', async () =>
      (await anna.emails({ inMailbox: await anna.folder('sent') })).find(email => email.subject === subject),
    )
    expect(sent.keywords).toMatchObject({ $seen: true })
  })

  test('the port says what it can do, and does not offer REQUIRETLS (RFC 8689)', async () => {
    const client = await SmtpClient.open(gateway.ports.submission)
    const { text } = await client.command('EHLO client.example.org')
    client.quit()
    expect(text).toContain('STARTTLS')
    expect(text).not.toMatch(/REQUIRETLS/i)
  })

  test('a wrong password, no password, and a password in the clear are refused', async () => {
    const wrong = transport({ user: 'anna@example.org', pass: 'wrong' })
    expect(await refusal(wrong.sendMail(letter('x@place.test', 'a')))).toMatch(/^535 5\.7\.8/)
    const none = transport(undefined)
    expect(await refusal(none.sendMail(letter('x@place.test', 'b')))).toMatch(/^530 5\.7\.0/)
    const clear = transport({ user: 'anna@example.org', pass: PASSWORD }, { ignoreTLS: true })
    expect(await refusal(clear.sendMail(letter('x@place.test', 'c')))).toMatch(/^(?:5|$)/)
    expect(place.withSubject('c')).toEqual([])
  })

  test('nobody sends as somebody else, in the envelope or in From', async () => {
    const mine = transport({ user: 'anna@example.org', pass: PASSWORD })
    const as = (from: string) => refusal(mine.sendMail(letter('x@place.test', 'as another', from)))
    expect(await as('bruno@example.org')).toMatch(/^550 5\.7\.1/)
    const hidden = mine.sendMail({
      ...letter('x@place.test', 'as another', 'bruno@example.org'),
      envelope: { from: 'anna@example.org', to: 'x@place.test' },
    })
    expect(await refusal(hidden)).toMatch(/^550 5\.7\.1/)
  })

  test('a mistyped colleague and an address literal are refused at once, and a colleague gets it', async () => {
    const mine = transport({ user: 'anna@example.org', pass: PASSWORD })
    const literal = { from: 'anna@example.org', to: 'x@[127.0.0.2]' }
    const toLiteral = mine.sendMail({ ...letter('x@place.test', 'literal'), envelope: literal })
    expect(await refusal(toLiteral)).toMatch(/^5\d\d 5\.1\.3/)
    expect(await refusal(mine.sendMail(letter('brnuo@example.org', 'typo')))).toMatch(/^550 5\.1\.1/)
    await mine.sendMail(letter('bruno@example.org', 'colleague'))
    await until('it came', () => backend.withSubject('colleague').length === 1)
  })

  test('an address that failed for good three times is refused at once, until somebody allows it', async () => {
    const mine = transport({ user: 'anna@example.org', pass: PASSWORD })
    const send = (n: number) => refusal(mine.sendMail(letter('gone@nomail.test', `gone ${n}`)))
    const failed = async (count: number) => {
      const { items } = await gateway.cli<{ items: unknown[] }>([
        ...['delivery', 'list', '--state', 'failed', '--text', 'gone@nomail.test'],
      ])
      return items.length === count
    }
    for (let n = 1; n <= 3; n++) {
      expect(await send(n)).toBe('')
      await until('it failed', () => failed(n))
    }
    const answer = await until('it is refused', () => send(4), { seconds: 20, every: 500 })
    expect(answer).toMatch(/^550 5\.7\.1 Several messages to gone@nomail\.test failed lately/)
    await gateway.cli(['outgoing', 'lift', 'gone@nomail.test'])
    await until('it is taken again', async () => (await send(5)) === '', { seconds: 20, every: 500 })
  })

  test('a mail server of ours sends as its own domains only', async () => {
    const { user, password } = await gateway.cli<{ user: string; password: string }>([
      'client',
      'add',
      'Example',
      'exchange',
    ])
    const server = transport({ user, pass: password })
    await server.sendMail(letter('x@place.test', 'from the server', 'printer@example.org'))
    await until('it came', () => place.withSubject('from the server').length === 1)
    expect(await refusal(server.sendMail(letter('x@place.test', 'x', 'a@place.test')))).toMatch(
      /^550 5\.7\.1/,
    )
    await gateway.cli(['client', 'remove', 'Example', 'exchange'])
    expect(await refusal(server.sendMail(letter('x@place.test', 'y', 'printer@example.org')))).toMatch(/^535/)
  })
})

describe('out', () => {
  test('what leaves is signed by the key of its domain, once that is active', async () => {
    const key = await gateway.cli<{ selector: string; record: { name: string } }>([
      'dkim',
      'add',
      'example.org',
    ])
    await gateway.cli(['dkim', 'activate', 'example.org', key.selector])
    const mine = transport({ user: 'anna@example.org', pass: PASSWORD })
    const signature = await until('a signed one comes', async () => {
      const subject = `signed ${Date.now()}`
      await mine.sendMail(letter('x@place.test', subject))
      const kept = await until('it came', () => place.withSubject(subject)[0])
      return headerOf(kept.content, 'DKIM-Signature')
    })
    expect(signature).toContain('d=example.org')
    expect(signature).toContain(`s=${key.selector}`)
  })

  test('each recipient has an answer of their own, seen by the sender', async () => {
    const mine = transport({ user: 'anna@example.org', pass: PASSWORD })
    await mine.sendMail({
      ...letter('x@place.test', 'four ways'),
      to: ['x@place.test', 'x@full.test', 'x@nomail.test'],
    })
    const status = await until('all were tried', async () => {
      const found = await categoriesOf('four ways')
      return Object.keys(found).length === 3 && Object.values(found).every(Boolean) && found
    })
    expect(status).toMatchObject({
      'x@place.test': 'accepted',
      'x@full.test': 'mailbox-full',
      'x@nomail.test': 'bad-domain',
    })
    // The failure is told at once, in her language.
    await until('the notice came', () =>
      backend.kept.some(({ content }) => content.includes('Final-Recipient: rfc822; x@nomail.test')),
    )
  })

  test('a notice to somebody whose own mail server is away waits in their webmail', async () => {
    onTestFailed(() => console.error(gateway.log()))
    const server = (await queueOf(gateway)).backends[0]!.id
    await gateway.cli(['backend', 'override', server, 'down'])
    await untilHealth(gateway, ['down'])
    const about = 'Il Suo messaggio non è arrivato a nobody@nomail.test'
    const mine = transport({ user: 'anna@example.org', pass: PASSWORD })
    await mine.sendMail(letter('nobody@nomail.test', 'while it is away'))
    await until('she can read it here', async () =>
      (await anna.emails({ inMailbox: await anna.folder('inbox') })).some(email => email.subject === about),
    )
    const held = await deliveriesOf(gateway, 'held')
    expect(held.filter(one => one.subject === about)).toMatchObject([{ holdReason: 'backend' }])
    const there = () => backend.kept.some(({ content }) => content.includes('rfc822; nobody@nomail.test'))
    expect(there()).toBe(false)
    await gateway.cli(['backend', 'override', server, 'auto'])
    await until('it went on when the server was back', there, { seconds: 60 })
  })

  test('a place that never answers keeps nobody else waiting', async () => {
    const mine = transport({ user: 'anna@example.org', pass: PASSWORD }, { pool: true })
    for (let batch = 0; batch < 40; batch++) {
      await Promise.all(
        Array.from({ length: 25 }, (_, n) =>
          mine.sendMail(letter(`x${batch}-${n}@tarpit.test`, `stuck ${batch} ${n}`)),
        ),
      )
    }
    await mine.sendMail(letter('x@place.test', 'past the stuck ones'))
    const sentAt = performance.now()
    await until('it came', () => place.withSubject('past the stuck ones').length === 1)
    console.log(`past 1,000 stuck messages in ${Math.round(performance.now() - sentAt)} ms`)
    const { destinations } = await gateway.cli<{ destinations: { destination: string; total: number }[] }>([
      'outgoing',
      'queue',
    ])
    expect(destinations.find(one => one.destination === 'tarpit.test')?.total).toBe(1_000)
    mine.close()
  }, 120_000)
})

/** Recipient → what became of it, as its sender can see over JMAP. */
async function categoriesOf(subject: string): Promise<Record<string, string | null>> {
  const [email] = await anna.emails({ inMailbox: await anna.folder('sent'), subject })
  const { ids } = await anna.call<{ ids: string[] }>('EmailSubmission/query', {
    filter: { emailIds: [email?.id] },
  })
  const { list } = await anna.call<{
    list: { deliveryStatus: Record<string, Record<string, unknown>> }[]
  }>('EmailSubmission/get', { ids })
  const status = list[0]?.deliveryStatus ?? {}
  return Object.fromEntries(
    Object.entries(status).map(([address, one]) => [
      address,
      (one['restante:outcome'] as { category?: string } | null)?.category ?? null,
    ]),
  )
}
