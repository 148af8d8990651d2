/** What feeding costs does not follow from how much is held. */

import { newId } from '@restante/core/db/id.ts'
import { type TestDatabase, testDatabase } from '@restante/core/db/testing.ts'
import { type SeededOrganization, seedOrganization } from '@restante/core/queue/overview-seed.ts'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { feed, nextHeld } from './feed.ts'

const HELD = 20_000
let t: TestDatabase
let back: SeededOrganization

beforeAll(async () => {
  t = await testDatabase()
  back = await seedOrganization(t.db, 'back.example', {})
  const message = newId()
  await sql`insert into message (id, organization_id, kind, sender, size, received_at, segment, position)
    values (${message}, ${back.organizationId}, 'inbound', 'a@b.test', 1, now(), 'x', 0)`.execute(t.db)
  await sql`insert into delivery
      (id, message_id, organization_id, backend_id, destination, state, hold_reason, backlog, created_at)
    select gen_random_uuid(), ${message}, ${back.organizationId}, ${back.backendId}, 'x', 'held', 'backend', true,
      now() - interval '1 hour' + n * interval '1 ms'
    from generate_series(1, ${HELD}::int) n`.execute(t.db)
})
afterAll(() => t.close())

test.each(['without statistics', 'with statistics'])('of many that are held few are read, %s', async how => {
  if (how === 'with statistics') await sql`analyze delivery`.execute(t.db)
  type Plan = { 'Actual Rows': number; 'Actual Loops': number; Plans?: Plan[] }
  const { rows } = await sql<{ 'QUERY PLAN': [{ Plan: Plan }] }>`
    explain (analyze, format json) ${nextHeld(back.backendId, ['backend'], 40, new Date())}`.execute(t.db)
  const read = (plan: Plan): number =>
    Math.max(plan['Actual Rows'] * plan['Actual Loops'], ...(plan.Plans ?? []).map(read))
  expect(read(rows[0]!['QUERY PLAN'][0].Plan)).toBeLessThan(HELD / 10)
})

test('the oldest are taken, and nothing of a backend that is down', async () => {
  const { db } = t
  await db.updateTable('backend').set({ health: 'down' }).where('id', '=', back.backendId).execute()
  expect((await feed(db, back.backendId, ['backend'], 40, new Date())).deliveries).toEqual([])
  await db.updateTable('backend').set({ health: 'up' }).where('id', '=', back.backendId).execute()
  const { deliveries, more } = await feed(db, back.backendId, ['backend'], 40, new Date())
  expect([deliveries.length, more]).toEqual([40, true])
  const { rows } = await sql<{ wrong: number }>`select count(*)::int as wrong from delivery
    where state = 'held' and created_at < (select max(created_at) from delivery where state = 'queued')`.execute(
    db,
  )
  expect(rows[0]?.wrong).toBe(0)
})
