import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '../db/testing.ts'
import { readOutgoing } from './outgoing.ts'
import { AGES } from './outgoing-ages.ts'
import { type SeededOrganization, seedDelivery, seedOrganization } from './overview-seed.ts'
import { everything } from './scope.ts'

let t: TestDatabase
let here: SeededOrganization
let there: SeededOrganization
const now = new Date('2026-11-20T12:00:00Z')
const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000)

beforeAll(async () => {
  t = await testDatabase()
  here = await seedOrganization(t.db, 'here.example')
  there = await seedOrganization(t.db, 'there.example')
})
afterAll(() => t.close())

const put = (
  organization: SeededOrganization,
  destination: string,
  minutes: number,
  category?: string,
  sender = 'ann@here.example',
) =>
  seedDelivery(
    t.db,
    organization,
    {
      state: category ? 'deferred' : 'queued',
      backend_id: null,
      destination,
      created_at: ago(minutes),
      ...(category && { outcome: { category, side: 'destination', permanent: false } }),
    },
    { sender },
  )

test('what goes out is shown by destination and age, by reason and by sender', async () => {
  await put(here, 'slow.test', 0)
  await put(here, 'slow.test', 4.9, 'timed-out')
  await put(here, 'slow.test', 5, 'timed-out')
  await put(here, 'slow.test', 1279, 'timed-out', 'ben@here.example')
  await put(here, 'slow.test', 1280, 'unreachable')
  await put(here, 'other.test', 30, 'mailbox-full', 'Ben@here.example')
  await put(there, 'secret.test', 30, 'mailbox-full', 'eve@there.example')
  // Inbound, and done.
  await seedDelivery(t.db, here, { state: 'deferred', created_at: ago(1) })
  await seedDelivery(t.db, here, { state: 'delivered', backend_id: null, destination: 'slow.test' })

  const found = await readOutgoing(t.db, { type: 'organization', id: here.organizationId }, now)
  expect(found.total).toBe(6)
  expect(found.destinations).toEqual([
    { destination: 'slow.test', total: 5, ages: [2, 1, 0, 0, 0, 0, 0, 0, 1, 1], oldest: ago(1280) },
    { destination: 'other.test', total: 1, ages: [0, 0, 0, 1, 0, 0, 0, 0, 0, 0], oldest: ago(30) },
  ])
  expect(found.ages).toHaveLength(AGES.length + 1)
  expect(found.reasons.map(({ category, total }) => [category, total])).toEqual([
    ['timed-out', 3],
    ['mailbox-full', 1],
    ['unreachable', 1],
    [null, 1],
  ])
  expect(found.senders.map(({ sender, total, destinations }) => [sender, total, destinations])).toEqual([
    ['ann@here.example', 4, 1],
    ['ben@here.example', 2, 2],
  ])
  expect((await readOutgoing(t.db, everything, now)).total).toBe(7)
})
