/** Recipients learnt from a backend: asked once, remembered, used while it is away. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestDatabase, testDatabase } from '@restante/core/db/testing.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type TestBackend, testBackend } from '../testing/backend.ts'
import { Book, KNOWN_FOR, REFRESH_AFTER, UNKNOWN_FOR } from './book.ts'
import { pagesInPostgres } from './postgres.ts'
import { verdictOf } from './question.ts'
import { keepRecipients, type Recipients } from './recipients.ts'

const HOUR = 3_600_000

describe('the book', () => {
  test('knows who is there for 31 days, and who is not for an hour', () => {
    const book = new Book()
    book.yes('anna@a.example', 0)
    book.no('nobody@a.example', 0)
    expect(book.find('anna@a.example', REFRESH_AFTER - 1)).toBe('known')
    expect(book.find('anna@a.example', REFRESH_AFTER)).toBe('stale')
    expect(book.find('anna@a.example', KNOWN_FOR - 1)).toBe('stale')
    expect(book.find('anna@a.example', KNOWN_FOR)).toBeUndefined()
    expect(book.find('nobody@a.example', UNKNOWN_FOR - 1)).toBe('unknown')
    expect(book.find('nobody@a.example', UNKNOWN_FOR)).toBeUndefined()
    expect(book.find('else@a.example', 0)).toBeUndefined()
  })

  test('believes that somebody is gone when it was told twice, an hour apart', () => {
    const book = new Book()
    book.yes('anna@a.example', 0)
    expect(book.no('anna@a.example', HOUR)).toBe(false)
    expect(book.find('anna@a.example', HOUR + 1)).toBe('known')
    expect(book.no('anna@a.example', 1.5 * HOUR)).toBe(false)
    expect(book.find('anna@a.example', 2 * HOUR)).toBe('stale')
    expect(book.no('anna@a.example', 2 * HOUR)).toBe(true)
    expect(book.find('anna@a.example', 2 * HOUR)).toBe('unknown')
    book.yes('anna@a.example', 3 * HOUR)
    expect(book.find('anna@a.example', 3 * HOUR)).toBe('known')
  })
})

test.each([
  [250, '2.1.5 Ok', 'yes'],
  [251, 'will forward', 'yes'],
  [550, '5.1.1 no such user', 'no'],
  [550, 'no such user', 'no'],
  [553, '5.1.3 bad address', 'no'],
  [550, '5.2.1 disabled', 'no'],
  [550, '5.7.1 your host is listed', 'no-answer'],
  [554, '5.7.1 Relay access denied', 'no-answer'],
  [530, '5.7.0 sign in first', 'no-answer'],
  [552, '5.2.2 full', 'no-answer'],
  [450, '4.2.0 greylisted', 'no-answer'],
  [421, 'later', 'no-answer'],
])('%i %s means %s', (code, text, expected) => {
  expect(verdictOf({ code, text }).type).toBe(expected)
})

describe('asking', () => {
  let folder: string
  let database: TestDatabase
  let backend: TestBackend
  let now = Date.now()
  const kept: Recipients[] = []
  const users = new Set(['anna@acme.example', 'bea@acme.example', 'josé@acme.example'])
  const usual = (address: string) =>
    users.has(address.toLowerCase()) ? '250 2.1.5 Ok' : '550 5.1.1 no such user'
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'restante-recipients-'))
    database = await testDatabase()
    backend = await testBackend(usual)
  })
  afterEach(async () => {
    for (const one of kept.splice(0)) await one.close()
    backend.answer = usual
    backend.mail = '250 ok'
    backend.asked = []
    await backend.stop()
    await backend.start()
  })
  afterAll(async () => {
    await backend?.stop()
    await database?.close()
    await rm(folder, { recursive: true, force: true })
  })
  const fresh = () => join(folder, `${randomBytes(6).toString('hex')}.json`)
  async function open(file = fresh(), shared = false): Promise<Recipients> {
    const recipients = await keepRecipients({
      asked: () => ({
        hosts: [{ protocol: 'smtp', host: '127.0.0.1', port: backend.port, tls: 'opportunistic' }],
        unverified: 'later',
      }),
      file,
      ...(shared && { shared: pagesInPostgres(database.db, () => now) }),
      hostname: 'mx.test',
      log: silentLog,
      now: () => now,
      patience: 3_000,
    })
    kept.push(recipients)
    return recipients
  }
  const ask = (recipients: Recipients, address: string) => recipients.ask(address, 'acme.example')

  test('happens once an address, and a made-up one is tried along with the first', async () => {
    const recipients = await open()
    expect(await ask(recipients, 'Anna@acme.example')).toBe('known')
    expect(backend.asked).toEqual([
      'Anna@acme.example',
      expect.stringMatching(/^[0-9a-f]{24}@acme\.example$/),
    ])
    expect(await ask(recipients, 'anna@acme.example')).toBe('known')
    expect(await ask(recipients, 'nobody@acme.example')).toBe('unknown')
    expect(await ask(recipients, 'nobody@acme.example')).toBe('unknown')
    expect(await ask(recipients, 'josé@acme.example')).toBe('known')
    expect(backend.asked.slice(2)).toEqual(['nobody@acme.example', 'josé@acme.example'])
  })

  test('many at once about one address is one question', async () => {
    const recipients = await open()
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(recipients, 'bea@acme.example')))
    expect(new Set(answers)).toEqual(new Set(['known']))
    expect(backend.asked.filter(address => address === 'bea@acme.example')).toHaveLength(1)
  })

  test('what was learnt is used while the backend is away, also after a start', async () => {
    const file = fresh()
    const recipients = await open(file)
    await ask(recipients, 'anna@acme.example')
    await backend.stop()
    expect(await ask(recipients, 'anna@acme.example')).toBe('known')
    expect(await ask(recipients, 'new@acme.example')).toBe('no-answer')
    await recipients.close()
    const again = await open(file)
    expect(await ask(again, 'anna@acme.example')).toBe('known')
    expect(await ask(again, 'new@acme.example')).toBe('no-answer')
    now += KNOWN_FOR + HOUR
    expect(await ask(again, 'anna@acme.example')).toBe('no-answer')
    await backend.start()
    now += HOUR
    expect(await ask(again, 'anna@acme.example')).toBe('known')
  })

  test('an old answer is used at once, and refreshed', async () => {
    const recipients = await open()
    await ask(recipients, 'anna@acme.example')
    backend.asked = []
    now += REFRESH_AFTER
    expect(await ask(recipients, 'anna@acme.example')).toBe('known')
    await expect.poll(() => backend.asked[0]).toBe('anna@acme.example')
    await expect.poll(() => ask(recipients, 'anna@acme.example')).toBe('known')
  })

  test('a server rebuilt without its users makes nobody unknown at once', async () => {
    const recipients = await open()
    await ask(recipients, 'anna@acme.example')
    backend.answer = () => '550 5.1.1 no such user'
    now += REFRESH_AFTER
    backend.asked = []
    expect(await ask(recipients, 'anna@acme.example')).toBe('known')
    await expect.poll(() => backend.asked.length).toBeGreaterThan(0)
    expect(await ask(recipients, 'anna@acme.example')).toBe('known')
    expect(await ask(recipients, 'never-seen@acme.example')).toBe('unknown')
  })

  test('a backend that takes everybody is believed, up or away, and nobody is written down', async () => {
    backend.answer = () => '250 Ok'
    const recipients = await open()
    expect(await ask(recipients, 'anybody@acme.example')).toBe('known')
    expect(await ask(recipients, 'somebody@acme.example')).toBe('known')
    expect(recipients.size).toBe(0)
    await backend.stop()
    expect(await ask(recipients, 'who@acme.example')).toBe('known')
  })

  test.each([
    ['refuses the empty sender', { mail: '550 5.7.1 not from you' }],
    ['has no time', { answer: () => '451 4.3.0 later' }],
    ['does not like us', { answer: () => '554 5.7.1 listed' }],
  ])('a backend that %s has not answered', async (_name, changes) => {
    Object.assign(backend, changes)
    const recipients = await open()
    expect(await ask(recipients, 'anna@acme.example')).toBe('no-answer')
  })

  test('nodes learn from each other', async () => {
    const one = await open(fresh(), true)
    await ask(one, 'bea@acme.example')
    await one.close()
    await backend.stop()
    const two = await open(fresh(), true)
    await expect.poll(() => ask(two, 'bea@acme.example'), { timeout: 5_000 }).toBe('known')
  })
})
