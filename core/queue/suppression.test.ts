import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '../db/testing.ts'
import { type SeededOrganization, seedDelivery, seedOrganization } from './overview-seed.ts'
import { countFailure, liftSuppressed, listSuppressed, suppressedAmong } from './suppression.ts'

let t: TestDatabase
let here: SeededOrganization
let there: SeededOrganization
const now = new Date('2026-11-20T12:00:00Z')
const days = (count: number) => new Date(now.getTime() + count * 86_400_000)

beforeAll(async () => {
  t = await testDatabase()
  here = await seedOrganization(t.db, 'here.example')
  there = await seedOrganization(t.db, 'there.example')
})
afterAll(() => t.close())

const gone = { category: 'bad-address', side: 'sender', permanent: true, text: 'no such user' }

/** One message fails, and is recorded. @returns whether the address is on the list by it */
async function fail(
  organization: SeededOrganization,
  address: string,
  at: Date,
  outcome: typeof gone = gone,
): Promise<boolean> {
  const deliveryId = await seedDelivery(
    t.db,
    organization,
    { state: 'failed', backend_id: null, destination: 'out.test', settled_at: at },
    { recipients: [address] },
  )
  const found = await countFailure(t.db, organization.organizationId, { address, outcome, deliveryId }, at)
  await t.db
    .updateTable('recipient')
    .set({ state: 'failed', settled_at: at, outcome: JSON.stringify(outcome) })
    .where('delivery_id', '=', deliveryId)
    .execute()
  return found !== null
}

test('the third failure within a month suppresses an address, for its organization, until it is lifted or over', async () => {
  const address = 'Left@out.test'
  expect(await fail(here, address, days(-40))).toBe(false)
  expect(await fail(here, address, days(-2))).toBe(false)
  expect(await fail(there, address, days(-1))).toBe(false)
  expect(await fail(here, address, days(-1))).toBe(false)
  // A full mailbox is no reason.
  expect(await fail(here, address, days(-1), { ...gone, category: 'mailbox-full' })).toBe(false)
  expect(await fail(here, address, now)).toBe(true)

  const among = (at: Date, organization = here) =>
    suppressedAmong(t.db, organization.organizationId, ['x@out.test', 'LEFT@out.test'], at)
  expect(await among(now)).toMatchObject([{ address: 'left@out.test', failures: 3, until: days(30) }])
  expect(await among(now, there)).toEqual([])
  expect(await among(days(30))).toEqual([])

  expect(await liftSuppressed(t.db, there.organizationId, [address], 'eve', now)).toEqual([])
  expect(await liftSuppressed(t.db, here.organizationId, [address], 'ann', now)).toEqual(['left@out.test'])
  expect(await listSuppressed(t.db, null, now)).toEqual([])
  // It begins anew.
  expect(await fail(here, address, days(1))).toBe(false)
  expect(await fail(here, address, days(2))).toBe(false)
  expect(await fail(here, address, days(3))).toBe(true)
  expect(await listSuppressed(t.db, here.organizationId, days(3))).toHaveLength(1)
})
