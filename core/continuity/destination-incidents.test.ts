import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '../db/testing.ts'
import { type SeededOrganization, seedDelivery, seedOrganization } from '../queue/overview-seed.ts'
import { listDestinationIncidents, lookAtDestinations } from './destination-incidents.ts'

let t: TestDatabase
let here: SeededOrganization
let smart: SeededOrganization
const start = new Date('2026-11-20T12:00:00Z').getTime()
const at = (minutes: number) => new Date(start + minutes * 60_000)

beforeAll(async () => {
  t = await testDatabase()
  here = await seedOrganization(t.db, 'here.example')
  smart = await seedOrganization(t.db, 'smart.example')
  await t.db
    .updateTable('organization')
    .set({ smarthosts: 'sealed' })
    .where('id', '=', smart.organizationId)
    .execute()
})
afterAll(() => t.close())

async function wait(
  organization: SeededOrganization,
  destination: string,
  sender: string,
  created: number,
  category = 'timed-out',
): Promise<string> {
  return await seedDelivery(
    t.db,
    organization,
    {
      state: 'deferred',
      backend_id: null,
      destination,
      created_at: at(created),
      last_attempt_at: at(created),
      outcome: { category, side: 'destination', permanent: false, text: 'no answer' },
    },
    { sender },
  )
}
const accept = (organization: SeededOrganization, destination: string, minute: number) =>
  seedDelivery(t.db, organization, {
    state: 'delivered',
    backend_id: null,
    destination,
    created_at: at(minute),
    settled_at: at(minute),
  })
const settle = (id: string, minute: number) =>
  t.db
    .updateTable('delivery')
    .set({ state: 'delivered', settled_at: at(minute) })
    .where('id', '=', id)
    .execute()
const tryAgain = (ids: readonly string[], minute: number) =>
  t.db
    .updateTable('delivery')
    .set({ last_attempt_at: at(minute) })
    .where('id', 'in', [...ids])
    .execute()
const look = async (minute: number) =>
  (await lookAtDestinations(t.db, at(minute))).map(
    ({ type, incident }) => `${type} ${incident.destination} ${incident.messages}/${incident.people}`,
  )
const ofHere = () => ({ type: 'organization', id: here.organizationId }) as const

test('an incident begins by itself, grows, ends with what is accepted, and comes again', async () => {
  await accept(here, 'sick.test', -30)
  const first = await wait(here, 'sick.test', 'ann@here.example', 0)
  const second = await wait(here, 'sick.test', 'Ann@here.example', 1)
  // One full mailbox is nobody's incident, however long it lasts.
  await wait(here, 'fine.test', 'ann@here.example', -600, 'mailbox-full')
  await accept(here, 'fine.test', 1)
  expect(await look(2)).toEqual([])
  const third = await wait(here, 'sick.test', 'ben@here.example', 2)
  expect(await look(3)).toEqual(['opened sick.test 3/2'])
  await wait(here, 'sick.test', 'cat@here.example', 4)
  expect(await look(5)).toEqual([])
  const [open] = await listDestinationIncidents(t.db, ofHere(), { open: true })
  expect(open).toMatchObject({
    destination: 'sick.test',
    since: at(0),
    openedAt: at(3),
    closedAt: null,
    messages: 4,
    people: 3,
    category: 'timed-out',
    detail: 'no answer',
    others: true,
  })

  // One gets through: over, though the others have their next try before them.
  await settle(first, 6)
  expect(await look(7)).toEqual(['closed sick.test 4/3'])
  expect(await look(8)).toEqual([])
  // They fail again, for ten minutes: another incident, since the last acceptance.
  await tryAgain([second, third], 9)
  expect(await look(10)).toEqual([])
  expect(await look(17)).toEqual(['opened sick.test 2/2'])
  expect((await listDestinationIncidents(t.db, ofHere()))[0]).toMatchObject({ since: at(6) })
  // Nothing is left: cancelled by their senders.
  await t.db
    .updateTable('delivery')
    .set({ state: 'cancelled', settled_at: at(18) })
    .where('destination', '=', 'sick.test')
    .where('state', '=', 'deferred')
    .execute()
  expect(await look(19)).toEqual(['closed sick.test 2/2'])
  expect((await listDestinationIncidents(t.db, ofHere())).map(({ ending }) => ending)).toEqual([
    'nothing-left',
    'accepted',
  ])
})

test('a smarthost that takes nothing is one incident, for whomever it is', async () => {
  const ids = await Promise.all(
    ['a.test', 'b.test', 'c.test'].map((domain, n) => wait(smart, domain, `p${n}@smart.example`, 30)),
  )
  expect(await look(31)).toEqual(['opened * 3/3'])
  expect(await listDestinationIncidents(t.db, ofHere(), { open: true })).toEqual([])
  await settle(ids[0]!, 32)
  expect(await look(33)).toEqual(['closed * 3/3'])
})
