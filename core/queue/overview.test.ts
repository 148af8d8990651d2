import { type CompiledQuery, Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newId } from '../db/id.ts'
import type { Tables } from '../db/schema.ts'
import { type TestDatabase, testDatabase } from '../db/testing.ts'
import { readOverview } from './overview.ts'
import {
  countDeliveries,
  type DeliveryLine,
  deliveryIds,
  idsInScope,
  listDeliveries,
  SORTS,
  type Sort,
} from './overview-deliveries.ts'
import { type SeededOrganization, seedDelivery, seedMany, seedOrganization } from './overview-seed.ts'
import { affectedBy, deliveryStory, listIncidents } from './overview-story.ts'
import { everything, type Scope } from './scope.ts'

const now = new Date('2026-03-02T10:00:00Z')
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000)

let t: TestDatabase
let here: SeededOrganization
let there: SeededOrganization
let mine: Scope
const ids: Record<string, string> = {}

beforeAll(async () => {
  t = await testDatabase()
  here = await seedOrganization(t.db, 'here.example', { health: 'down', cause: 'refused' })
  there = await seedOrganization(t.db, 'there.example', {
    health: 'up',
    override: 'down',
    override_reason: 'moving house',
    override_until: ago(-60),
    override_by: 'root@there.example',
  })
  mine = { type: 'organization', id: here.organizationId }
  ids.held = await seedDelivery(
    t.db,
    here,
    { state: 'held', hold_reason: 'backend', created_at: ago(600) },
    {
      subject: 'Quarterly 100% figures',
      sender: 'boss@outside.example',
      size: 5000,
      header_message_id: 'a1@x',
    },
  )
  ids.leased = await seedDelivery(t.db, here, {
    state: 'queued',
    created_at: ago(30),
    leased_until: ago(-60),
    attempts: 1,
  })
  ids.deferred = await seedDelivery(
    t.db,
    here,
    {
      state: 'deferred',
      created_at: ago(300),
      attempts: 3,
      next_attempt_at: ago(-120),
      outcome: { category: 'greylisted', side: 'destination', permanent: false, text: 'later' },
    },
    { recipients: ['ann@here.example', 'bob@here.example'], size: 100 },
  )
  ids.out = await seedDelivery(
    t.db,
    here,
    {
      state: 'deferred',
      backend_id: null,
      destination: 'far.example',
      created_at: ago(900),
      outcome: { category: 'timed-out', side: 'network', permanent: false },
    },
    { kind: 'submission', recipients: ['x@far.example'] },
  )
  ids.done = await seedDelivery(t.db, here, {
    state: 'delivered',
    created_at: ago(90),
    settled_at: ago(45),
  })
  ids.old = await seedDelivery(t.db, here, {
    state: 'delivered',
    created_at: ago(9000),
    settled_at: ago(8000),
  })
  ids.theirs = await seedDelivery(t.db, there, { state: 'queued', created_at: ago(10) })
})
afterAll(() => t.close())

describe('the overview', () => {
  test('counts by backend and state, with the oldest and what is moving', async () => {
    const overview = await readOverview(t.db, mine, now)
    expect(overview.backends).toHaveLength(1)
    const [backend] = overview.backends
    expect(backend).toMatchObject({
      id: here.backendId,
      name: 'here.example',
      domains: ['here.example'],
      health: 'down',
      cause: 'refused',
      override: null,
      depth: { queued: 1, moving: 1, deferred: 1, held: 1, total: 3 },
      heldBy: { backend: 1, admin: 0, guard: 0, spam: 0, quarantine: 0, scan: 0 },
      oldest: ago(600),
    })
    expect(overview.outbound.depth).toEqual({ queued: 0, moving: 0, deferred: 1, held: 0, total: 1 })
    expect(overview.outbound.destinations).toEqual([
      {
        destination: 'far.example',
        depth: { queued: 0, moving: 0, deferred: 1, held: 0, total: 1 },
        oldest: ago(900),
        reason: { category: 'timed-out', text: null, count: 1 },
      },
    ])
    expect(overview.totals).toEqual({
      depth: { queued: 1, moving: 1, deferred: 2, held: 1, total: 4 },
      oldest: ago(900),
    })
  })

  test('an operator sees every organization', async () => {
    const overview = await readOverview(t.db, everything, now)
    expect(overview.backends.map(b => b.name)).toEqual(['here.example', 'there.example'])
    expect(overview.totals.depth.total).toBe(5)
  })

  test('an override counts until its time is over', async () => {
    const during = await readOverview(t.db, { type: 'organization', id: there.organizationId }, now)
    expect(during.backends[0]).toMatchObject({
      health: 'down',
      measured: 'up',
      override: { to: 'down', reason: 'moving house', by: 'root@there.example' },
    })
    const after = await readOverview(t.db, { type: 'organization', id: there.organizationId }, ago(-61))
    expect(after.backends[0]).toMatchObject({ health: 'up', override: null })
  })

  test('rates are per minute of the last hour, the newest last', async () => {
    const overview = await readOverview(t.db, mine, now)
    const { rates } = overview.backends[0]!
    expect(rates.in).toHaveLength(60)
    // 600 s, 300 s, 90 s and 30 s ago.
    expect(rates.in.flatMap((n, minute) => (n ? [[minute, n]] : []))).toEqual([
      [50, 1],
      [55, 1],
      [58, 1],
      [59, 1],
    ])
    expect(rates.out.flatMap((n, minute) => (n ? [[minute, n]] : []))).toEqual([[59, 1]])
    expect(overview.outbound.rates.in.reduce((a, b) => a + b)).toBe(1)
  })
})

describe('the list of deliveries', () => {
  const list = async (filter = {}, sort: Sort = 'age', scope = mine) =>
    (await listDeliveries(t.db, scope, filter, { sort }, now))!.items
  const names = (items: DeliveryLine[]) =>
    items.map(item => Object.entries(ids).find(([, id]) => id === item.id)?.[0])

  test('shows open ones, oldest first, unless asked otherwise', async () => {
    expect(names(await list())).toEqual(['out', 'held', 'deferred', 'leased'])
    expect(names(await list({}, '-age'))).toEqual(['leased', 'deferred', 'held', 'out'])
    expect(names(await list({}, 'next'))[0]).toBe('deferred')
    expect(names(await list({}, '-size'))[0]).toBe('held')
    expect(names(await list({}, '-attempts'))[0]).toBe('deferred')
    expect(names(await list({ states: ['delivered'] }))).toEqual(['old', 'done'])
    expect(await list({ states: [] })).toEqual([])
  })

  test('a line says who, what, how big and why', async () => {
    const [line] = await list({ text: ids.deferred })
    expect(line).toMatchObject({
      sender: 'sender@outside.example',
      recipients: ['ann@here.example', 'bob@here.example'],
      recipientCount: 2,
      size: 100,
      attempts: 3,
      backend: 'here.example',
      nextAttemptAt: ago(-120),
      outcome: { category: 'greylisted', text: 'later' },
    })
  })

  test.each([
    ['boss', ['held']],
    ['QUARTERLY', ['held']],
    ['100%', ['held']],
    ['1_0%', []],
    ['bob@here', ['deferred']],
    ['boss figures', ['held']],
    ['boss nothing', []],
    ['far.example', ['out']],
    ['<a1@x>', ['held']],
    ["'; drop table delivery --", []],
    ['\\', []],
  ])('typing %j finds %j', async (text, expected) => {
    expect(names(await list({ text }))).toEqual(expected)
  })

  test('filters by backend, what goes out, destination and hold', async () => {
    expect(names(await list({ backend: here.backendId }))).toEqual(['held', 'deferred', 'leased'])
    expect(names(await list({ backend: 'outbound' }))).toEqual(['out'])
    expect(names(await list({ destination: 'far.example' }))).toEqual(['out'])
    expect(names(await list({ holdReason: 'backend' }))).toEqual(['held'])
    expect(await list({ backend: 'no-id' })).toEqual([])
  })

  test.each(SORTS)('pages by %s give each row once', async sort => {
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page: Awaited<ReturnType<typeof listDeliveries>> = await listDeliveries(
        t.db,
        everything,
        {},
        { sort, limit: 2, cursor },
        now,
      )
      seen.push(...page!.items.map(item => item.id))
      cursor = page!.next ?? undefined
    } while (cursor)
    const whole = await list({}, sort, everything)
    expect(seen).toEqual(whole.map(item => item.id))
    expect(new Set(seen).size).toBe(5)
  })

  test.each([
    ['not one of ours', 'x'],
    [
      'another order',
      Buffer.from(JSON.stringify(['-age', '2026-01-01 00:00:00+00', newId()])).toString('base64url'),
    ],
    ['a value that is none', Buffer.from(JSON.stringify(['age', 'soon', newId()])).toString('base64url')],
    ['not an id', Buffer.from(JSON.stringify(['age', 'infinity', '7'])).toString('base64url')],
  ])('a cursor of %s is refused', async (_, cursor) => {
    expect(await listDeliveries(t.db, mine, {}, { cursor }, now)).toBeNull()
  })
})

describe('another organization', () => {
  const other: Scope = { type: 'organization', id: newId() }

  test('sees none of it', async () => {
    expect((await readOverview(t.db, other, now)).totals.depth.total).toBe(0)
    expect((await listDeliveries(t.db, other, {}, {}, now))!.items).toEqual([])
    expect(await countDeliveries(t.db, other, {})).toBe(0)
    expect(await deliveryIds(t.db, other, {}, { limit: 10 })).toEqual([])
    expect(await idsInScope(t.db, other, Object.values(ids))).toEqual([])
    expect(await deliveryStory(t.db, other, ids.held!, now)).toBeNull()
    expect(await affectedBy(t.db, other, here.backendId)).toBeNull()
    expect(await listIncidents(t.db, other)).toEqual([])
  })

  test('its ids are left out among ours', async () => {
    expect(await idsInScope(t.db, mine, [ids.theirs!, ids.held!, 'nonsense'])).toEqual([ids.held])
    expect(await deliveryStory(t.db, mine, ids.theirs!, now)).toBeNull()
    expect(await deliveryStory(t.db, mine, 'nonsense', now)).toBeNull()
  })
})

test('a story has its attempts, newest first, and everyone with what became of them', async () => {
  await t.db
    .insertInto('attempt')
    .values([
      { delivery_id: ids.deferred!, number: 1, started_at: ago(290), finished_at: ago(289), host: 'a' },
      { delivery_id: ids.deferred!, number: 2, started_at: ago(200), host: 'b' },
    ])
    .execute()
  const story = await deliveryStory(t.db, mine, ids.deferred!, now)
  expect(story!.tries.map(attempt => attempt.number)).toEqual([2, 1])
  expect(story!.everyone.map(one => [one.address, one.state])).toEqual([
    ['ann@here.example', 'waiting'],
    ['bob@here.example', 'waiting'],
  ])
  expect(story!.message.receivedAt).toEqual(ago(300))
})

test('an incident tells what changed while it lasted', async () => {
  await t.db
    .insertInto('incident')
    .values([
      { id: newId(), backend_id: here.backendId, opened_at: ago(5000), closed_at: ago(4000), cause: 'dns' },
      { id: newId(), backend_id: here.backendId, opened_at: ago(700), cause: 'refused' },
    ])
    .execute()
  const change = (at: Date, from_health: 'up' | 'down', to_health: 'up' | 'down') => ({
    id: newId(),
    backend_id: here.backendId,
    at,
    from_health,
    to_health,
  })
  await t.db
    .insertInto('health_change')
    .values([
      change(ago(5000), 'up', 'down'),
      change(ago(4000), 'down', 'up'),
      change(ago(700), 'up', 'down'),
    ])
    .execute()
  const incidents = await listIncidents(t.db, mine)
  expect(incidents.map(incident => [incident.cause, incident.changes.length])).toEqual([
    ['refused', 1],
    ['dns', 2],
  ])
})

test('an override dialog knows how many messages and of whom', async () => {
  expect(await affectedBy(t.db, mine, here.backendId)).toEqual({
    waiting: 3,
    held: 1,
    messagesTo: [
      { address: 'ann@here.example', count: 3 },
      { address: 'bob@here.example', count: 1 },
    ],
    recipients: 2,
    mailboxes: 0,
    domains: ['here.example'],
  })
})

describe('with 100,000 open deliveries', () => {
  test('a page reads its index and no whole table', async () => {
    const many = await seedOrganization(t.db, 'many.example')
    await seedMany(t.db, many, 100_000)
    for (const scope of [everything, { type: 'organization', id: many.organizationId } as const]) {
      const plan = await planOf(scope)
      expect(plan, plan).toMatch(/Index (Only )?Scan.* using delivery_waiting/)
      expect(plan, plan).not.toMatch(/Seq Scan on (delivery|message|recipient)/)
      expect(plan, plan).not.toMatch(/Sort/)
    }
    const overview = await readOverview(t.db, { type: 'organization', id: many.organizationId }, new Date())
    expect(overview.totals.depth).toMatchObject({ total: 100_000, deferred: 33_333, held: 66_667 })
    expect(await countDeliveries(t.db, everything, { text: 'sender99999@' })).toBe(1)
  })

  /** The plan of the very statement that a page runs, caught on its way. */
  async function planOf(scope: Scope): Promise<string> {
    const pool = new pg.Pool({ connectionString: t.url, max: 1 })
    const caught: CompiledQuery[] = []
    const db = new Kysely<Tables>({
      dialect: new PostgresDialect({ pool }),
      log: event => {
        caught.push(event.query)
      },
    })
    try {
      await listDeliveries(db, scope, {}, {}, new Date())
      const { sql: text, parameters } = caught[0]!
      const plan = await pool.query<{ 'QUERY PLAN': string }>({
        text: `explain ${text}`,
        values: [...parameters],
      })
      return plan.rows.map(row => row['QUERY PLAN']).join('\n')
    } finally {
      await db.destroy()
    }
  }
})
