import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestGateway, testGateway, until } from '../testing/gateway.ts'
import { type Scripted, scriptedServer } from '../testing/scripted.ts'

const MESSAGE =
  'From: outside@elsewhere.test\r\nTo: anna@example.test\r\nSubject: Hello\r\n\r\nGood morning.\r\n'

let server: Scripted
let gateway: TestGateway

beforeAll(async () => {
  server = await scriptedServer()
  gateway = await testGateway([`smtp://127.0.0.1:${server.port}`])
  gateway.start()
})
afterAll(async () => {
  await gateway?.close()
  await server?.stop()
})
beforeEach(() => {
  server.script = {}
  server.received.length = 0
  server.commands.length = 0
})
afterEach(async () => {
  // What a test left waiting must not be tried in the next.
  await gateway.services.db
    .updateTable('delivery')
    .set({ state: 'cancelled' })
    .where('state', '!=', 'delivered')
    .execute()
})

const settled = (id: string, count: number) =>
  until('all recipients are settled', async () => {
    const recipients = await gateway.recipients(id)
    return recipients.length === count && recipients.every(r => r.state !== 'waiting') && recipients
  })
const tried = (id: string) =>
  until('an attempt is over', async () => {
    const rows = await gateway.services.db
      .selectFrom('attempt')
      .innerJoin('delivery', 'delivery.id', 'attempt.delivery_id')
      .select(['delivery.state', 'delivery.next_attempt_at'])
      .where('delivery.message_id', '=', id)
      .where('attempt.finished_at', 'is not', null)
      .execute()
    return rows[0]
  })
const noticesAbout = async (address: string) =>
  await gateway.services.db
    .selectFrom('message')
    .selectAll()
    .where('kind', '=', 'notice')
    .where(({ eb }) => eb('subject', 'like', `%${address}%`))
    .execute()

describe('a message', () => {
  test('goes to all its recipients in one transaction', async () => {
    const id = await gateway.accept(['anna@example.test', 'bruno@example.test'], MESSAGE)
    expect(await settled(id, 2)).toEqual([
      { address: 'anna@example.test', state: 'delivered', category: 'accepted' },
      { address: 'bruno@example.test', state: 'delivered', category: 'accepted' },
    ])
    expect(server.received).toHaveLength(1)
    expect(server.received[0]).toMatchObject({
      sender: 'outside@elsewhere.test',
      recipients: ['anna@example.test', 'bruno@example.test'],
    })
    expect(server.received[0]?.content.toString()).toBe(MESSAGE)
  })

  test('that one recipient refuses for good reaches the other, and the sender is told of the one', async () => {
    server.script = { command: line => (line.includes('<bruno@') ? '550 5.1.1 no such user' : undefined) }
    const id = await gateway.accept(['anna@example.test', 'bruno@example.test'], MESSAGE)
    expect(await settled(id, 2)).toEqual([
      { address: 'anna@example.test', state: 'delivered', category: 'accepted' },
      { address: 'bruno@example.test', state: 'failed', category: 'bad-address' },
    ])
    const [notice] = await until('a notice', async () => {
      const found = await noticesAbout('bruno@example.test')
      return found.length > 0 && found
    })
    expect(notice).toMatchObject({ sender: '' })
    expect(await gateway.health()).toBe('up')
  })

  test('that is refused for now is tried again later, and nobody is told', async () => {
    server.script = { command: line => (line.startsWith('RCPT') ? '451 4.7.1 Greylisted' : undefined) }
    const id = await gateway.accept(['carla@example.test'], MESSAGE)
    const attempt = await tried(id)
    expect(attempt.state).toBe('deferred')
    expect(attempt.next_attempt_at?.getTime()).toBeGreaterThan(Date.now())
    expect(await noticesAbout('carla@example.test')).toEqual([])
    expect(await gateway.health()).toBe('up')
  })

  test.each([
    ['a null sender', { sender: '' }, ''],
    ['a machine', { sender: 'MAILER-DAEMON@elsewhere.test' }, ''],
    ['an automatic message', {}, 'Auto-Submitted: auto-replied\r\n'],
    ['a mailing list', {}, 'List-Id: <talk.elsewhere.test>\r\n'],
    ['bulk mail', {}, 'Precedence: bulk\r\n'],
  ])('from %s that fails makes no notice', async (_, envelope, header) => {
    server.script = { command: line => (line.startsWith('RCPT') ? '550 5.1.1 no such user' : undefined) }
    const before = (await noticesAbout('dino@example.test')).length
    const id = await gateway.accept(['dino@example.test'], header + MESSAGE, envelope)
    await settled(id, 1)
    expect((await noticesAbout('dino@example.test')).length).toBe(before)
  })

  test('with NOTIFY=NEVER that fails makes no notice', async () => {
    server.script = { command: line => (line.startsWith('RCPT') ? '550 5.1.1 no such user' : undefined) }
    const before = (await noticesAbout('dino@example.test')).length
    const id = await gateway.accept([{ address: 'dino@example.test', notify: 'NEVER' }], MESSAGE)
    await settled(id, 1)
    expect((await noticesAbout('dino@example.test')).length).toBe(before)
  })
})

test('a backend that is well costs no row update per message', async () => {
  const version = async () =>
    (await sql<{ xmin: string }>`select xmin::text from backend`.execute(gateway.services.db)).rows[0]?.xmin
  const before = await version()
  for (let n = 0; n < 5; n++) await settled(await gateway.accept(['anna@example.test'], MESSAGE), 1)
  expect(await version()).toBe(before)
})

describe('what comes out is what came in', () => {
  const long = 'x'.repeat(20_000)
  test.each([
    ['lines that begin with dots', 'A: b\r\n\r\n.\r\n..\r\n.dot\r\nend.\r\n'],
    [
      'bytes above 127',
      Buffer.concat([
        Buffer.from('A: b\r\n\r\n'),
        Buffer.from([0xc3, 0xa9, 0xff, 0x80]),
        Buffer.from('\r\n'),
      ]),
    ],
    ['a very long line', `A: b\r\n\r\n${long}\r\n`],
    ['a NUL', 'A: b\r\n\r\nzero\0here\r\n'],
    ['only a header', 'A: b\r\n'],
    ['nothing at all', ''],
    ['empty lines at the end', 'A: b\r\n\r\nx\r\n\r\n\r\n'],
    ['a size above one buffer', `A: b\r\n\r\n${`.${'y'.repeat(70)}\r\n`.repeat(40_000)}`],
  ])('%s', async (_, content) => {
    const id = await gateway.accept(['anna@example.test'], content, { body: '8BITMIME' })
    await settled(id, 1)
    const expected = Buffer.from(content as string)
    // SMTP can't carry a message without a line end; RFC 5321 §4.1.1.4.
    const got = server.received.at(-1)?.content
    expect(got?.equals(expected.length === 0 ? Buffer.from('\r\n') : expected)).toBe(true)
  })
})

describe('a server that', () => {
  test.each([
    ['hangs up at the greeting', { greeting: () => 'drop' as const }],
    ['greets with nonsense', { greeting: () => 'hello there' }],
    ['greets with 554', { greeting: () => '554 5.3.2 go away' }],
    ['hangs up at EHLO', { command: (l: string) => (l.startsWith('EHLO') ? ('drop' as const) : undefined) }],
    ['hangs up at MAIL', { command: (l: string) => (l.startsWith('MAIL') ? ('drop' as const) : undefined) }],
    ['hangs up at RCPT', { command: (l: string) => (l.startsWith('RCPT') ? ('drop' as const) : undefined) }],
    ['hangs up at DATA', { command: (l: string) => (l.startsWith('DATA') ? ('drop' as const) : undefined) }],
    ['hangs up after the message', { final: () => 'drop' as const }],
    [
      'says 421 at MAIL',
      { command: (l: string) => (l.startsWith('MAIL') ? '421 4.3.2 closing' : undefined) },
    ],
    ['says 451 after the message', { final: () => '451 4.3.0 disk' }],
    ['answers DATA with nonsense', { command: (l: string) => (l.startsWith('DATA') ? 'what' : undefined) }],
    ['asks for more after the message', { final: () => '354 more' }],
    [
      'does not know our domain',
      { command: (l: string) => (l.startsWith('RCPT') ? '550 5.7.1 Relaying denied' : undefined) },
    ],
    [
      'wants us to sign in',
      { command: (l: string) => (l.startsWith('MAIL') ? '530 5.7.0 Authentication required' : undefined) },
    ],
  ])('%s makes nothing fail', async (_, script) => {
    server.script = script
    server.hangUp()
    const id = await gateway.accept(['anna@example.test'], MESSAGE)
    const attempt = await tried(id)
    expect(['deferred', 'held']).toContain(attempt.state)
    expect(await gateway.recipients(id)).toMatchObject([{ state: 'waiting' }])
  })
})
