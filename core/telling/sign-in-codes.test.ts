/** One-time codes: once, in time, by their person, and kept so that who reads the database has none. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { listAudit } from '../access/audit.ts'
import { countCodes, makeCode, PRINTED_LIFE, revokeCodes, SENT_LIFE, verifyCode } from '../access/codes.ts'
import type { Limiter } from '../access/limits.ts'
import { verifyPassword } from '../access/passwords.ts'
import { type Acme, acme } from '../access/testing.ts'
import { removeContact, setContact } from './contacts.ts'
import { sendSignInCode } from './sign-in.ts'

let company: Acme
let limiter: Limiter
const now = new Date('2026-11-22T10:00:00Z')
const later = (ms: number) => new Date(now.getTime() + ms)

beforeAll(async () => {
  company = await acme()
})
afterAll(() => company?.close())
beforeEach(async () => {
  limiter = company.limiter()
  await company.db.deleteFrom('sign_in_code').execute()
})
const make = (kind: 'sent' | 'printed', personId = company.bea.id) =>
  makeCode(company.db, personId, kind, { by: 'cli', key: company.sealKey, now })
const use = (code: string, at = now, address = 'bea@acme.example', from = '192.0.2.1') =>
  verifyCode(
    { db: company.db, limiter, codeKey: company.sealKey },
    { address, password: code, remoteAddress: from },
    at,
  )

test('a code lets its person in once, is audited, and is nowhere to be read', async () => {
  const { db, bea } = company
  const { code, id } = await make('printed')
  expect(code).toMatch(/^([0-9a-z]{4}-){3}[0-9a-z]{4}$/)
  expect(JSON.stringify(await db.selectFrom('sign_in_code').selectAll().execute())).not.toContain(
    code.replaceAll('-', ''),
  )
  expect((await use(code, now, 'anna@acme.example')).type).toBe('refused')
  expect((await use(code, now, 'nobody@acme.example')).type).toBe('refused')
  expect(await countCodes(db, bea.id, now)).toBe(1)
  expect(await use(` ${code.toUpperCase()}`)).toMatchObject({
    type: 'ok',
    by: 'code',
    person: { id: bea.id },
  })
  expect((await use(code)).type).toBe('refused')
  expect(await countCodes(db, bea.id, now)).toBe(0)
  expect(id).toBeTruthy()
  expect(await listAudit(db, bea.organizationId)).toMatchObject([
    { action: 'sign-in-code.used', target: 'bea@acme.example', detail: { kind: 'printed', madeBy: 'cli' } },
  ])
})

test('two that come with it at once: one is let in', async () => {
  const { code } = await make('sent')
  const results = await Promise.all(Array.from({ length: 5 }, () => use(code)))
  expect(results.filter(result => result.type === 'ok')).toHaveLength(1)
})

test('each has its time, and can be put out of force', async () => {
  const sent = await make('sent')
  expect((await use(sent.code, later(SENT_LIFE + 1))).type).toBe('refused')
  const printed = await make('printed')
  expect((await use(printed.code, later(PRINTED_LIFE + 1))).type).toBe('refused')
  expect(await revokeCodes(company.db, company.bea.id)).toBe(2)
  expect((await use(printed.code)).type).toBe('refused')
})

test('what is typed for others is understood; guessing ends', async () => {
  const { code } = await make('printed')
  const typed = code.replaceAll('0', 'O').replaceAll('1', 'l')
  expect((await use(typed)).type).toBe('ok')
  const results = []
  for (let i = 0; i < 12; i++) results.push((await use(`guess${i}`)).type)
  expect(results.filter(type => type === 'refused')).toHaveLength(10)
})

test('guesses at a password, wherever from, shut nobody out of a code', async () => {
  const { code } = await make('printed')
  const guess = (from: string) =>
    verifyPassword(
      { db: company.db, limiter, matches: async () => false },
      { address: 'bea@acme.example', password: 'guess', remoteAddress: from },
    )
  for (let i = 0; i < 40; i++) await guess(`198.51.${i}.1`)
  for (let i = 0; i < 12; i++) await guess('192.0.2.1')
  expect((await guess('192.0.2.1')).type).toBe('limited')
  expect((await use(code)).type).toBe('ok')
})

test('of codes that were asked for one after the other the last three count', async () => {
  const codes = []
  for (let i = 0; i < 4; i++) codes.push((await make('sent')).code)
  expect((await use(codes[0]!)).type).toBe('refused')
  expect((await use(codes[3]!)).type).toBe('ok')
})

test('one is sent to a confirmed second address only, sealed until it goes', async () => {
  const { db, sealKey, bea } = company
  const keys = { codeKey: sealKey, sealKey }
  const send = (address: string) => sendSignInCode(db, address, keys, now)
  expect(await send('bea@acme.example')).toBe(false)
  expect(await send('nobody@acme.example')).toBe(false)
  await setContact(db, bea, 'bea@private.example', sealKey, now)
  expect(await send('bea@acme.example')).toBe(false)
  await setContact(db, bea, 'bea@private.example', sealKey, now, 'cli')
  expect(await send('Bea@Acme.example')).toBe(true)
  const [row] = await db.selectFrom('telling_delivery').selectAll().where('what', '=', 'sign-in').execute()
  expect(row?.payload).toEqual({ type: 'sign-in', sealed: expect.stringMatching(/^v1\./) })
  expect(await removeContact(db, bea.id, row!.channel_id)).toBe(true)
})
