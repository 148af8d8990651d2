/** Sessions as rows: listed, ended, and gone with what they were opened with. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { setPerson } from '../directory/people.ts'
import {
  carryOver,
  endOtherSessions,
  endSession,
  listSessions,
  openSession,
  personOfSession,
  SESSION_LIFE,
  sessionHolds,
  touchSession,
} from './sessions.ts'
import { type Acme, acme } from './testing.ts'

let company: Acme
const now = new Date('2026-11-22T10:00:00Z')
const later = (ms: number) => new Date(now.getTime() + ms)
const client = { address: '192.0.2.1', agent: 'Firefox' }

beforeAll(async () => {
  company = await acme()
})
afterAll(() => company?.close())
beforeEach(async () => {
  await company.db.deleteFrom('session').execute()
})
const open = (at = now) => openSession(company.db, company.bea, 'passkey', client, at)

test('a session is its person until it is ended, by them alone', async () => {
  const { db, anna, bea } = company
  const id = await open()
  expect(await personOfSession(db, id, now)).toMatchObject({ id: bea.id, session: { method: 'passkey' } })
  expect(await listSessions(db, bea.id, now)).toMatchObject([{ id, address: '192.0.2.1', agent: 'Firefox' }])
  expect(await endSession(db, anna.id, id)).toBe(false)
  expect(await sessionHolds(db, id)).toBe(true)
  expect(await endSession(db, bea.id, id)).toBe(true)
  expect(await personOfSession(db, id, now)).toBeNull()
  expect(await sessionHolds(db, id)).toBe(false)
  expect(await personOfSession(db, 'nonsense', now)).toBeNull()
})

test('all but this one', async () => {
  const { db, bea } = company
  const [first, second] = [await open(), await open()]
  expect(await endOtherSessions(db, bea.id, second)).toBe(1)
  expect(await sessionHolds(db, first)).toBe(false)
  expect(await sessionHolds(db, second)).toBe(true)
})

test('not used for a month it is over; used, it is not; of sixty the oldest give way', async () => {
  const { db, bea } = company
  const id = await open()
  expect(await personOfSession(db, id, later(SESSION_LIFE + 1))).toBeNull()
  await touchSession(db, id, { ...client, address: '192.0.2.9' }, later(SESSION_LIFE / 2))
  expect(await personOfSession(db, id, later(SESSION_LIFE + 1))).not.toBeNull()
  expect((await listSessions(db, bea.id, now))[0]?.address).toBe('192.0.2.9')
  await db.deleteFrom('session').execute()
  const ids = []
  for (let i = 0; i < 60; i++) ids.push(await open(later(i * 1_000)))
  const left = (await listSessions(db, bea.id, later(60_000))).map(one => one.id)
  expect(left).toEqual(ids.slice(10).reverse())
})

test('a changed password or role ends them all, but for the one that changed it', async () => {
  const { db, bea } = company
  const [mine, other] = [await open(), await open()]
  const changed = await setPerson(db, bea.address, { password: 'another horse' })
  await carryOver(db, mine, changed.sessionEpoch)
  expect(await sessionHolds(db, mine)).toBe(true)
  expect(await sessionHolds(db, other)).toBe(false)
  await setPerson(db, bea.address, { role: 'admin' })
  expect(await sessionHolds(db, mine)).toBe(false)
  expect(await listSessions(db, bea.id, now)).toEqual([])
})
