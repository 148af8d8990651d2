/** Sign-in, app passwords and permissions on the real database. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '../db/testing.ts'
import { addDomain } from '../directory/domains.ts'
import { addMailbox } from '../directory/mailboxes.ts'
import { addOrganization } from '../directory/organizations.ts'
import { addPerson, type Person } from '../directory/people.ts'
import { silentLog } from '../observe/log.ts'
import { createAppPassword, listAppPasswords, removeAppPassword, verifyAppPassword } from './app-passwords.ts'
import { audit, listAudit } from './audit.ts'
import { createLimiter, type Limiter } from './limits.ts'
import { verifyPassword } from './passwords.ts'
import { accountOf, accountsOf, mayAdminister, mayOperate, personById } from './permissions.ts'

let database: TestDatabase
let anna: Person & { mailboxId: string | null }
let bea: Person & { mailboxId: string | null }
let limiter: Limiter
beforeAll(async () => {
  database = await testDatabase()
  const { db } = database
  await addOrganization(db, { name: 'Acme' })
  await addDomain(
    db,
    { domain: 'acme.example', organization: 'Acme', backends: ['smtp://127.0.0.1:1'] },
    randomBytes(32),
  )
  anna = await addPerson(db, {
    address: 'anna@acme.example',
    password: 'correct horse',
    aliases: ['a@acme.example'],
  })
  bea = await addPerson(db, { address: 'bea@acme.example' })
  await addMailbox(db, { address: 'info@acme.example', shared: true, members: ['anna@acme.example'] })
})
afterAll(() => database?.close())
beforeEach(() => {
  limiter = createLimiter({ log: silentLog })
})

const sign = (address: string, password: string, remoteAddress = '192.0.2.1') =>
  verifyPassword({ db: database.db, limiter }, { address, password, remoteAddress })

describe('a password', () => {
  test('right, wrong, of nobody, of somebody without one', async () => {
    expect(await sign('Anna@Acme.example', 'correct horse')).toMatchObject({
      type: 'ok',
      person: { id: anna.id, address: 'anna@acme.example', role: 'user' },
    })
    expect(JSON.stringify(await sign('anna@acme.example', 'correct horse'))).not.toContain('argon2')
    for (const [address, password] of [
      ['anna@acme.example', 'wrong horse'],
      ['bea@acme.example', ''],
      ['nobody@acme.example', 'correct horse'],
      ['no address', 'correct horse'],
    ] as const) {
      expect(await sign(address, password)).toEqual({ type: 'refused' })
    }
  })

  test('of nobody takes as long as a wrong one', async () => {
    const time = async (address: string) => {
      const times: number[] = []
      for (let i = 0; i < 5; i++) {
        const startedAt = performance.now()
        await sign(address, 'wrong horse', `198.51.${i}.1`)
        times.push(performance.now() - startedAt)
      }
      return times.sort((a, b) => a - b)[2]!
    }
    await time('warm@acme.example')
    const known = await time('anna@acme.example')
    expect(await time('nobody@acme.example')).toBeGreaterThan(known / 4)
  })

  test('guessed from one network shuts that network out, and nobody else', async () => {
    for (let i = 0; i < 10; i++) expect((await sign('anna@acme.example', `guess ${i}`)).type).toBe('refused')
    expect(await sign('anna@acme.example', 'correct horse')).toMatchObject({ type: 'limited' })
    expect(await sign('anna@acme.example', 'correct horse', '192.0.2.99')).toMatchObject({ type: 'limited' })
    expect((await sign('anna@acme.example', 'correct horse', '203.0.113.1')).type).toBe('ok')
    expect((await sign('bea@acme.example', 'wrong')).type).toBe('refused')
  })

  test('guesses in parallel do not pass the limit', async () => {
    const results = await Promise.all(
      Array.from({ length: 30 }, (_, i) => sign('anna@acme.example', `guess ${i}`)),
    )
    expect(results.filter(result => result.type === 'refused')).toHaveLength(10)
  })

  test('many addresses tried from one network are limited too', async () => {
    for (let i = 0; i < 100; i++)
      await limiter.take({ name: 'signin-network', limit: 100, window: 900_000 }, '192.0.2.0/24')
    expect((await sign('anna@acme.example', 'correct horse')).type).toBe('limited')
  })
})

describe('an app password', () => {
  test('is shown once, works for its person only, and can be taken away', async () => {
    const { db } = database
    const made = await createAppPassword(db, anna.id, 'Thunderbird')
    expect(made.password).toMatch(/^restante(-[0-9a-z]{7}){4}$/)
    const verify = (address: string, password: string) =>
      verifyAppPassword({ db, limiter }, { address, password, remoteAddress: '192.0.2.1' })
    expect(await verify('anna@acme.example', made.password)).toMatchObject({
      type: 'ok',
      person: { id: anna.id },
    })
    expect((await verify('anna@acme.example', ` ${made.password.toUpperCase()} `)).type).toBe('ok')
    expect((await verify('bea@acme.example', made.password)).type).toBe('refused')
    expect((await verify('anna@acme.example', `${made.password}x`)).type).toBe('refused')
    expect((await sign('anna@acme.example', made.password)).type).toBe('refused')
    const [listed] = await listAppPasswords(db, anna.id)
    expect(listed).toMatchObject({ name: 'Thunderbird' })
    expect(listed?.lastUsedAt).toBeInstanceOf(Date)
    expect(await removeAppPassword(db, bea.id, made.id)).toBe(false)
    expect(await removeAppPassword(db, anna.id, made.id)).toBe(true)
    expect((await verify('anna@acme.example', made.password)).type).toBe('refused')
  })
})

describe('permissions', () => {
  test.each([
    ['user', 'o1', 'o1', false],
    ['admin', 'o1', 'o1', true],
    ['admin', 'o1', 'o2', false],
    ['admin', 'o1', null, false],
    ['operator', null, 'o1', true],
    ['operator', null, null, true],
  ] as const)('a %s of %s administers %s: %s', (role, organizationId, target, expected) => {
    expect(mayAdminister({ role, organizationId }, target)).toBe(expected)
  })

  test('only an operator runs the installation', () => {
    expect(mayOperate({ role: 'operator' })).toBe(true)
    expect(mayOperate({ role: 'admin' })).toBe(false)
  })

  test("a person's accounts are the mailboxes they are a member of, their own first", async () => {
    const { db } = database
    const accounts = await accountsOf(db, anna)
    expect(accounts.map(account => [account.address, account.kind])).toEqual([
      ['anna@acme.example', 'personal'],
      ['info@acme.example', 'shared'],
    ])
    expect(accounts[0]?.addresses).toEqual(['anna@acme.example', 'a@acme.example'])
    expect(await accountOf(db, bea, accounts[1]!.id)).toBeNull()
    expect((await accountOf(db, anna, accounts[1]!.id))?.address).toBe('info@acme.example')
    expect(await personById(db, anna.id)).toMatchObject({ address: 'anna@acme.example' })
    expect(await personById(db, accounts[1]!.id)).toBeNull()
  })

  test('the audit log keeps what was done', async () => {
    const { db } = database
    await audit(db, {
      organizationId: anna.organizationId,
      actor: 'cli',
      action: 'person.add',
      target: 'x@y',
      detail: { a: 1 },
    })
    expect(await listAudit(db, anna.organizationId)).toMatchObject([
      { actor: 'cli', action: 'person.add', target: 'x@y', detail: { a: 1 } },
    ])
    expect(await listAudit(db, bea.id)).toEqual([])
  })
})
