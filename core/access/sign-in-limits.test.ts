/** Guessing ends, and nobody is locked out by it of where they usually sign in. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { deviceOf, rememberDevice } from './devices.ts'
import type { Limiter } from './limits.ts'
import { verifyPassword } from './passwords.ts'
import { openSession } from './sessions.ts'
import { type Acme, acme } from './testing.ts'

let company: Acme
let limiter: Limiter
const key = randomBytes(32)
const anna = 'anna@acme.example'

beforeAll(async () => {
  company = await acme()
})
afterAll(() => company?.close())
beforeEach(async () => {
  limiter = company.limiter()
  await company.db.deleteFrom('known_network').execute()
})

const sign = (password: string, remoteAddress: string, device: string | null = null) =>
  verifyPassword({ db: company.db, limiter }, { address: anna, password, remoteAddress, device })

async function guessFromManyPlaces(): Promise<string[]> {
  const results: string[] = []
  for (let i = 0; i < 40; i++) results.push((await sign('guess', `198.51.${i}.7`)).type)
  return results
}

test('guesses from many networks end, and a network that the person uses is not shut by them', async () => {
  const client = { address: '203.0.113.5', agent: 'x' }
  await openSession(company.db, company.anna, 'password', client, new Date())
  const results = await guessFromManyPlaces()
  expect(results.filter(type => type === 'refused')).toHaveLength(30)
  expect((await sign('correct horse', '192.0.2.200')).type).toBe('limited')
  expect((await sign('correct horse', '203.0.113.99')).type).toBe('ok')
})

test('a known browser gets in from anywhere, also from the network that guesses, and has a count of its own', async () => {
  const cookie = rememberDevice(key, undefined, anna)
  const device = deviceOf(key, cookie, anna)
  await guessFromManyPlaces()
  for (let i = 0; i < 12; i++) await sign('guess', '192.0.2.1')
  expect((await sign('correct horse', '192.0.2.1')).type).toBe('limited')
  expect((await sign('correct horse', '192.0.2.1', device)).type).toBe('ok')
  const results = []
  for (let i = 0; i < 12; i++) results.push((await sign('guess', '192.0.2.1', device)).type)
  expect(results.filter(type => type === 'refused')).toHaveLength(10)
  expect((await sign('correct horse', '192.0.2.1', device)).type).toBe('limited')
})

test("a browser's mark counts for its address alone, and can't be made by others", () => {
  const one = rememberDevice(key, undefined, anna)
  const both = rememberDevice(key, one, 'bea@acme.example')
  expect(deviceOf(key, both, anna)).toBe(deviceOf(key, one, anna))
  expect(deviceOf(key, both, 'bea@acme.example')).not.toBeNull()
  expect(deviceOf(key, one, 'bea@acme.example')).toBeNull()
  expect(deviceOf(randomBytes(32), one, anna)).toBeNull()
  expect(deviceOf(key, `${one}x`, anna)).toBeNull()
  expect(rememberDevice(key, one, anna)).toBe(one)
  for (const text of [undefined, '', '.', '~~', 'x.y']) expect(deviceOf(key, text, anna)).toBeNull()
})
