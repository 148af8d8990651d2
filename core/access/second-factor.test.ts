/** The authenticator app and its recovery codes, against the figures of RFC 6238 and on the real database. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Limiter } from './limits.ts'
import {
  beginApp,
  confirmApp,
  newRecoveryCodes,
  pendingApp,
  removeApp,
  secondFactorOf,
  setSecondFactor,
  verifySecondFactor,
} from './second-factor.ts'
import { type Acme, acme } from './testing.ts'
import { base32, codeAt, otpauthUri, stepAt, stepOf } from './totp.ts'

let company: Acme
let limiter: Limiter
const now = new Date('2026-11-22T10:00:00Z')
const later = (seconds: number) => new Date(now.getTime() + seconds * 1_000)

beforeAll(async () => {
  company = await acme()
})
afterAll(() => company?.close())
beforeEach(async () => {
  limiter = company.limiter()
  await removeApp(company.db, company.anna.id)
})
const deps = () => ({ db: company.db, limiter, sealKey: company.sealKey })
const verify = (code: string, at = now) => verifySecondFactor(deps(), company.anna.id, code, at)

async function withApp(): Promise<{ seed: Buffer; recovery: string[] }> {
  const { seed } = await beginApp(company.db, company.anna.id, company.sealKey, now)
  const confirmed = await confirmApp(deps(), company.anna.id, codeAt(seed, stepAt(now)), now)
  if (confirmed.type !== 'ok') throw new Error(confirmed.type)
  return { seed, recovery: confirmed.recovery }
}

// RFC 6238 Appendix B, the last six of its eight digits.
test.each([
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
  [20_000_000_000, '353130'],
])('at %i the code is %s', (seconds, code) => {
  expect(codeAt(Buffer.from('12345678901234567890'), stepAt(new Date(seconds * 1_000)))).toBe(code)
})

test.each([
  ['', ''],
  ['f', 'MY'],
  ['foobar', 'MZXW6YTBOI'],
])('%j in base 32 is %s', (text, expected) => {
  expect(base32(Buffer.from(text))).toBe(expected)
})

test('a clock may be half a minute off, not more; and a step that was used counts no more', () => {
  const seed = Buffer.from('12345678901234567890')
  const step = stepAt(now)
  for (const off of [-1, 0, 1]) expect(stepOf(seed, codeAt(seed, step + off), now, 0)).toBe(step + off)
  for (const off of [-2, 2]) expect(stepOf(seed, codeAt(seed, step + off), now, 0)).toBeNull()
  expect(stepOf(seed, codeAt(seed, step), now, step)).toBeNull()
  expect(otpauthUri(seed, 'anna@acme.example', 'Restante')).toBe(
    'otpauth://totp/Restante:anna%40acme.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Restante&algorithm=SHA1&digits=6&period=30',
  )
})

test('an app counts from its first right code on; its seed lies sealed', async () => {
  const { db, sealKey, anna } = company
  const { seed, secret } = await beginApp(db, anna.id, sealKey, now)
  expect(await pendingApp(db, anna.id, sealKey)).toEqual(seed)
  const row = await db.selectFrom('totp').select('secret').executeTakeFirstOrThrow()
  expect(row.secret).toMatch(/^v1\./)
  expect(row.secret).not.toContain(secret)
  expect((await confirmApp(deps(), anna.id, '000000', now)).type).toBe('refused')
  expect(await secondFactorOf(db, anna.id)).toMatchObject({ on: false, app: false })
  const confirmed = await confirmApp(deps(), anna.id, codeAt(seed, stepAt(now)), now)
  expect(confirmed.type === 'ok' && confirmed.recovery.length).toBe(10)
  expect(await secondFactorOf(db, anna.id)).toEqual({ on: true, app: true, passkeys: 0, recovery: 10 })
  expect(await pendingApp(db, anna.id, sealKey)).toBeNull()
})

test('a code counts once, also when it comes several times at once', async () => {
  const { seed } = await withApp()
  // The one that confirmed it was its first use.
  expect(await verify(codeAt(seed, stepAt(now)))).toBe('refused')
  const next = later(30)
  const code = codeAt(seed, stepAt(next))
  const results = await Promise.all(Array.from({ length: 5 }, () => verify(code, next)))
  expect(results.filter(result => result === 'ok')).toHaveLength(1)
})

test('a recovery code counts once, however it is typed; new ones put the old out of force', async () => {
  const { recovery } = await withApp()
  const [first = '', second = '', third = ''] = recovery
  expect(await verify(first.toUpperCase().replaceAll('-', ' '))).toBe('ok')
  expect(await verify(first)).toBe('refused')
  const both = await Promise.all([verify(second), verify(second)])
  expect(both.filter(result => result === 'ok')).toHaveLength(1)
  const [fresh = ''] = await newRecoveryCodes(company.db, company.anna.id, company.sealKey)
  expect(await verify(third)).toBe('refused')
  expect(await verify(fresh)).toBe('ok')
})

test('guessing ends after six', async () => {
  const { seed } = await withApp()
  for (let i = 0; i < 6; i++) expect(await verify('123456')).toBe('refused')
  expect(await verify(codeAt(seed, stepAt(later(30))), later(30))).toBe('limited')
})

test('nothing is asked for that nobody could give', async () => {
  const { db, anna } = company
  expect(await setSecondFactor(db, anna.id, true)).toBe(false)
  await withApp()
  await removeApp(db, anna.id)
  expect(await secondFactorOf(db, anna.id)).toEqual({ on: false, app: false, passkeys: 0, recovery: 0 })
})
