/** The mailbox's own password: asked of its server first, kept for when that is silent. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { setOrganization } from '../directory/organizations.ts'
import { passwordMatches } from '../directory/passwords.ts'
import type { Limiter } from './limits.ts'
import { mailboxPasswordOf } from './mailbox-password.ts'
import type { Answer } from './mailbox-server.ts'
import { verifyPassword } from './passwords.ts'
import { listSessions, openSession } from './sessions.ts'
import { type Acme, acme } from './testing.ts'

let company: Acme
let limiter: Limiter
/** What the server says now, and what was done, in order. */
let server: (password: string) => Answer
let done: string[]

beforeAll(async () => {
  company = await acme({ imap: 'imaps://mail.acme.example' })
})
afterAll(() => company?.close())
beforeEach(async () => {
  await company.db.deleteFrom('mailbox_password').execute()
  limiter = company.limiter()
  server = password => (password === 'box' ? 'accepted' : 'refused')
  done = []
})

const sign = (address: string, password: string, remoteAddress = '192.0.2.1') =>
  verifyPassword(
    {
      db: company.db,
      limiter,
      mailbox: {
        sealKey: company.sealKey,
        ask: async (_, __, given) => {
          done.push('server')
          return server(given)
        },
      },
      matches: async (hash, given) => {
        done.push('hash')
        return await passwordMatches(hash, given)
      },
    },
    { address, password, remoteAddress },
  )
const bea = (password: string) => sign('bea@acme.example', password)

test('what the server accepts lets in, and is kept as a hash for when it is silent', async () => {
  expect(await bea('box')).toMatchObject({ type: 'ok', by: 'mailbox', person: { id: company.bea.id } })
  const row = await company.db.selectFrom('mailbox_password').selectAll().executeTakeFirstOrThrow()
  expect(row.hash).toMatch(/^\$argon2id\$/)
  server = () => 'silent'
  expect(await bea('box')).toMatchObject({ type: 'ok', by: 'mailbox' })
  expect((await bea('other')).type).toBe('refused')
})

test('what was never accepted does not let in while the server is silent', async () => {
  server = () => 'silent'
  expect((await bea('box')).type).toBe('refused')
  expect(await mailboxPasswordOf(company.db, company.bea.id)).toBeNull()
})

test('a password that the server refuses now is refused, though it is kept; a wrong one clears nothing', async () => {
  await bea('box')
  expect((await bea('wrong')).type).toBe('refused')
  server = () => 'refused'
  expect((await bea('box')).type).toBe('refused')
  server = () => 'silent'
  expect((await bea('box')).type).toBe('ok')
})

test('a password that was changed there takes the place of the kept one, and ends what was opened with that', async () => {
  await bea('box')
  const client = { address: '192.0.2.1', agent: 'x' }
  await openSession(company.db, company.bea, 'mailbox', client, new Date())
  await openSession(company.db, company.bea, 'passkey', client, new Date())
  await bea('box')
  expect(await listSessions(company.db, company.bea.id, new Date())).toHaveLength(2)
  server = password => (password === 'new box' ? 'accepted' : 'refused')
  expect((await bea('new box')).type).toBe('ok')
  expect((await listSessions(company.db, company.bea.id, new Date())).map(one => one.method)).toEqual([
    'passkey',
  ])
  server = () => 'silent'
  expect((await bea('box')).type).toBe('refused')
  expect((await bea('new box')).type).toBe('ok')
})

test('the password of their own here is looked at first, and the server is not asked', async () => {
  expect(await sign('anna@acme.example', 'correct horse')).toMatchObject({ type: 'ok', by: 'password' })
  expect(done).toEqual(['hash'])
  expect(await sign('anna@acme.example', 'box')).toMatchObject({ type: 'ok', by: 'mailbox' })
})

test('an organization that does not want it: the server is not asked, and what was kept is forgotten', async () => {
  await bea('box')
  const { db, sealKey } = company
  await setOrganization(db, 'Acme', { mailboxPassword: false }, sealKey)
  try {
    expect(await mailboxPasswordOf(db, company.bea.id)).toBeNull()
    done = []
    expect((await bea('box')).type).toBe('refused')
    expect(done).toEqual(['hash'])
  } finally {
    await setOrganization(db, 'Acme', { mailboxPassword: true }, sealKey)
  }
})

test('a server that accepts somebody who is nobody here lets nobody in', async () => {
  expect((await sign('stranger@acme.example', 'box')).type).toBe('refused')
})

test.each<[string, Answer]>([
  ['refuses', 'refused'],
  ['is silent', 'silent'],
])(
  'when the server %s, a wrong password costs the same work in the same order, whoever is asked for',
  async (_, answer) => {
    await bea('box')
    server = () => answer
    const work = async (address: string, from: string) => {
      done = []
      expect(await sign(address, 'wrong', from)).toEqual({ type: 'refused' })
      return done.join(' ')
    }
    const expected = answer === 'silent' ? 'hash server hash' : 'hash server'
    // With a password here, with the mailbox's alone, and nobody: again and again, each from a network of its own.
    for (let round = 0; round < 5; round++) {
      const shapes = [
        await work('anna@acme.example', `198.51.${round}.1`),
        await work('bea@acme.example', `198.51.${round}.2`),
        await work(`nobody${round}@acme.example`, `198.51.${round}.3`),
      ]
      expect(shapes).toEqual([expected, expected, expected])
    }
  },
)
