import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '../db/testing.ts'
import { pacesOf } from './overview-rates.ts'
import { type SeededOrganization, seedDelivery, seedOrganization } from './overview-seed.ts'
import { everything } from './scope.ts'

const now = new Date('2026-03-02T10:00:00Z')
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000)

let t: TestDatabase
let back: SeededOrganization

beforeAll(async () => {
  t = await testDatabase()
  back = await seedOrganization(t.db, 'back.example', { health: 'recovering', health_since: ago(40) })
  const up = await seedOrganization(t.db, 'up.example', { health: 'up', health_since: ago(40) })
  for (const of of [back, up]) {
    for (const seconds of [1, 19, 21, 35, 300]) {
      await seedDelivery(t.db, of, { state: 'delivered', created_at: ago(900), settled_at: ago(seconds) })
    }
    await seedDelivery(t.db, of, { state: 'failed', created_at: ago(900), settled_at: ago(2) })
  }
})
afterAll(() => t.close())

const places = (...filled: [number, number][]) => {
  const counts = new Array<number>(24).fill(0)
  for (const [place, count] of filled) counts[place] = count
  return counts
}

test.each([
  // Parts of 40 / 24 s: what was accepted 1, 19, 21 and 35 s ago.
  ['all of a return', 40, { counts: places([2, 1], [11, 1], [12, 1], [23, 1]), step: 1_667, before: 6 }],
  [
    'of a long one the last two minutes',
    3_600,
    { counts: places([16, 1], [19, 1], [20, 1], [23, 1]), step: 5_000, before: 6 },
  ],
  ['of one that began this moment, a second', 0, { counts: places(), step: 42, before: 10 }],
])('%s is its pace; who does not return has none', async (_, since, pace) => {
  await t.db
    .updateTable('backend')
    .set({ health_since: ago(since), machine: JSON.stringify({ returned: { accepted: 10 } }) })
    .where('id', '=', back.backendId)
    .execute()
  expect([...(await pacesOf(t.db, everything, now))]).toEqual([[back.backendId, { ...pace, came: 0 }]])
  expect(await pacesOf(t.db, { type: 'organization', id: back.organizationId }, now)).toHaveProperty(
    'size',
    1,
  )
})
