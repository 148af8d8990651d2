/** What is the matter, and what anybody may know of it, read from a real database. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { newId } from '../db/id.ts'
import { type TestDatabase, testDatabase } from '../db/testing.ts'
import { type SeededOrganization, seedDelivery, seedOrganization } from '../queue/overview-seed.ts'
import { setPolicy } from './policy.ts'
import { quickMatters, slowMatters } from './sources.ts'
import { outageDays, readStatus } from './status.ts'

const now = new Date('2026-11-22T10:00:00Z')
const before = (minutes: number) => new Date(now.getTime() - minutes * 60_000)

let t: TestDatabase
let here: SeededOrganization
beforeEach(async () => {
  t = await testDatabase()
  here = await seedOrganization(t.db, 'here.example')
})
afterEach(async () => {
  await t.close()
})

test('what waits for us for too long is the matter; what a server put off is its own', async () => {
  expect(await slowMatters(t.db, now)).toEqual([])
  await seedDelivery(t.db, here, { state: 'queued', created_at: before(90) })
  await seedDelivery(t.db, here, { state: 'deferred', created_at: before(900) })
  await seedDelivery(t.db, here, { state: 'queued', created_at: before(30) })
  await seedDelivery(t.db, here, { state: 'held', hold_reason: 'scan', created_at: before(10) })
  await seedDelivery(t.db, here, { state: 'held', hold_reason: 'scan', created_at: before(1) })
  expect(await slowMatters(t.db, now)).toMatchObject([
    { kind: 'scanner-down', organizationId: null, facts: { count: 1 } },
    { kind: 'queue-age', organizationId: here.organizationId, facts: { count: 1, minutes: 90 } },
  ])
  await setPolicy(t.db, here.organizationId, { queueMinutes: 0 })
  expect((await slowMatters(t.db, now)).map(one => one.kind)).toEqual(['scanner-down'])
})

test('mail that was let in though no engine answered is the matter, one alone is not', async () => {
  const scan = (reason: string, verdict = 'mark') =>
    JSON.stringify({ verdict, steps: [{ step: 'rspamd', verdict, reason, ms: 1 }] })
  const seed = (minutes: number, record: string) =>
    seedDelivery(
      t.db,
      here,
      { state: 'delivered', created_at: before(minutes) },
      { scan: record as never, received_at: before(minutes) },
    )
  await seed(5, scan('engine-down'))
  await seed(4, scan('clean', 'pass'))
  await seed(4, scan('looks-like-spam'))
  await seed(90, scan('engine-down'))
  await seed(3, scan('time-over'))
  expect(await slowMatters(t.db, now)).toEqual([])
  await seed(1, scan('engine-garbage'))
  expect(await slowMatters(t.db, now)).toMatchObject([
    { subject: 'scanner:passed', kind: 'scanner-down', facts: { count: 3, since: before(5).toISOString() } },
  ])
})

test('a destination outside that takes nothing is the matter of whose mail waits', async () => {
  await t.db
    .insertInto('destination_incident')
    .values({
      id: newId(),
      organization_id: here.organizationId,
      destination: 'outside.example',
      since: before(20),
      opened_at: before(10),
      category: 'unreachable',
      messages: 3,
      people: 2,
    })
    .execute()
  expect(await quickMatters(t.db, now)).toEqual([
    {
      subject: `destination:${here.organizationId}:outside.example`,
      kind: 'destination',
      organizationId: here.organizationId,
      facts: { name: 'outside.example', since: before(20).toISOString() },
    },
  ])
})

test('a status page is there for who wants one, and tells of days, not of causes', async () => {
  expect(await readStatus(t.db, 'here', now)).toBeNull()
  await setPolicy(t.db, here.organizationId, { statusSlug: 'here' })
  const other = await seedOrganization(t.db, 'there.example')
  await expect(setPolicy(t.db, other.organizationId, { statusSlug: 'here' })).rejects.toThrow('taken')
  await expect(setPolicy(t.db, other.organizationId, { statusSlug: 'No!' })).rejects.toThrow('small letters')
  const incident = (opened_at: Date, closed_at: Date | null) => ({
    id: newId(),
    backend_id: here.backendId,
    opened_at,
    closed_at,
    cause: 'refused',
    detail: 'connect ECONNREFUSED 10.0.0.1:25',
  })
  await t.db
    .insertInto('incident')
    .values(incident(before(3 * 1440 + 60), before(3 * 1440)))
    .execute()
  await t.db
    .insertInto('incident')
    .values(incident(before(5), null))
    .execute()
  await t.db.updateTable('backend').set({ health: 'down' }).where('id', '=', here.backendId).execute()
  const status = await readStatus(t.db, 'here', now)
  expect(status).toMatchObject({
    name: 'here.example',
    domains: [{ domain: 'here.example', state: 'down', since: before(5).toISOString() }],
    outages: [{ to: null }, { domains: ['here.example'], planned: false }],
  })
  expect(JSON.stringify(status)).not.toMatch(/refused|10\.0\.0\.1/)
  const days = outageDays(status!, 'here.example')
  expect(days).toHaveLength(90)
  expect(days.flatMap((away, index) => (away ? [index] : []))).toEqual([86, 89])
})
