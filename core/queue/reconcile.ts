/**
 * Makes Redis agree with the rows, again and again: the rows say which jobs should exist.
 *
 * 1. A lease whose worker died (leases.ts), or that ran out, is taken back: the delivery is queued again.
 * 2. Deferred deliveries whose time has come are queued.
 * 3. Queued deliveries without a job get one: the process died before `enqueue`, Redis was away or was
 *    wiped, or BullMQ gave up on a stalled job. Redis is not asked about each: while a queue holds jobs there
 *    is work, and when it is empty the jobs of the rows left over are added again, which is harmless for
 *    those that exist. Now and then that is done regardless, for a queue may never be empty.
 *
 * Idempotent; a crash anywhere leaves work for the next round.
 */
import { sql } from 'kysely'
import type { Db } from '../db/connection.ts'
import { backendIsDown } from './flow.ts'
import { forgetWorkers } from './leases.ts'
import type { Enqueued } from './names.ts'
import type { Queues } from './queues.ts'

/** A queued row younger than this is given time to get its job the ordinary way, in ms. */
export const PATIENCE = 30_000
/** Rows moved in one statement. */
const BATCH = 1_000

export type Reconciled = { leasesLost: number; due: number; readded: number }

export type Rigour = {
  /** Adds missing jobs without asking first whether the queue is empty. */
  thorough: boolean
  /** How old a queued row must be; PATIENCE unless Redis is known to have missed something. */
  patience?: number
  /** Workers that are known to have died. */
  dead?: readonly number[]
  /** false: leases that have run out are not looked for this time. */
  leases?: boolean
}

export async function reconcile(db: Db, queues: Queues, now: Date, rigour: Rigour): Promise<Reconciled> {
  const dead = rigour.dead ?? []
  const leasesLost = dead.length > 0 || rigour.leases !== false ? await takeBack(db, now, dead) : []
  if (leasesLost.length === 0) await forgetWorkers(db, dead)
  const mark = now.getTime().toString(36)
  await queues.enqueue(leasesLost, mark)
  const due = await queueDue(db, now)
  await queues.enqueue(due)
  const readded = await addMissing(
    db,
    queues,
    now,
    rigour,
    rigour.patience === 0 || rigour.dead?.length ? mark : '',
  )
  return { leasesLost: leasesLost.length, due: due.length, readded }
}

/**
 * Looked for by backend and state, which an index of `delivery` begins with; among the held, which can be very
 * many, only when somebody died. What was begun by the dead becomes an attempt without an end.
 */
async function takeBack(db: Db, now: Date, dead: readonly number[]): Promise<Enqueued[]> {
  const states = dead.length > 0 ? ['queued', 'held'] : ['queued']
  const lost = sql`state = any(${states}::text[]) and leased_until is not null
    and (leased_until <= ${now} or leased_by = any(${[...dead]}::int[]))`
  const result = await sql<Enqueued & { state: string }>`
    with found as materialized (
      select of_backend.id from backend cross join lateral (
        select id from delivery where backend_id = backend.id and ${lost} limit ${BATCH}
      ) as of_backend
      union all
      select id from delivery where backend_id is null and ${lost}
    ), lost as (
      select id from delivery where id = any(array(select id from found)) and ${lost}
      order by id limit ${BATCH} for update skip locked
    ), recorded as (
      insert into attempt (delivery_id, number, started_at)
      select delivery.id, delivery.attempts, coalesce(delivery.last_attempt_at, ${now})
      from delivery join lost on lost.id = delivery.id
      on conflict (delivery_id, number) do nothing
    )
    update delivery set leased_until = null, leased_by = null from lost where delivery.id = lost.id
    returning delivery.id, delivery.backend_id as "backendId", delivery.backlog, delivery.state`.execute(db)
  // What was held meanwhile waits for its backend, as it should.
  return result.rows.filter(row => row.state === 'queued')
}

/** Queues what is due. Its backend down and the row still deferred: it is held, as it should have been. */
async function queueDue(db: Db, now: Date): Promise<Enqueued[]> {
  const down = backendIsDown(now)
  const result = await sql<Enqueued & { state: string }>`
    with due as (
      select id from delivery where state = 'deferred' and next_attempt_at <= ${now}
      order by next_attempt_at limit ${BATCH} for update skip locked
    )
    update delivery set next_attempt_at = null,
      state = case when ${down} then 'held' else 'queued' end,
      hold_reason = case when ${down} then 'backend' end,
      backlog = backlog or ${down}
    from due where delivery.id = due.id
    returning delivery.id, delivery.backend_id as "backendId", delivery.backlog, delivery.state`.execute(db)
  return result.rows.filter(row => row.state === 'queued')
}

/** @param mark given when jobs in Redis may belong to the dead */
async function addMissing(db: Db, queues: Queues, now: Date, rigour: Rigour, mark: string): Promise<number> {
  const { patience = PATIENCE } = rigour
  const thorough = rigour.thorough || mark !== ''
  const oldEnough = new Date(now.getTime() - patience)
  const groups = await db
    .selectFrom('delivery')
    .select(['backend_id', sql<number>`count(*)::int`.as('rows')])
    .where('state', '=', 'queued')
    .where('leased_until', 'is', null)
    .where('created_at', '<=', oldEnough)
    .groupBy('backend_id')
    .execute()
  let added = 0
  for (const group of groups) {
    const jobs = await queues.count(group.backend_id)
    if (jobs === null || (!thorough && jobs > 0)) continue
    const missing = await db
      .selectFrom('delivery')
      .select(['id', 'backend_id as backendId', 'backlog'])
      .where('backend_id', group.backend_id === null ? 'is' : '=', group.backend_id)
      .where('state', '=', 'queued')
      .where('leased_until', 'is', null)
      .where('created_at', '<=', oldEnough)
      .orderBy('created_at')
      .orderBy('id')
      .limit(10 * BATCH)
      .execute()
    if (await queues.enqueue(missing, mark)) added += missing.length
  }
  return added
}

/** The jobs for these deliveries, for those that are queued. */
export async function enqueueQueued(db: Db, queues: Queues, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  const rows = await db
    .selectFrom('delivery')
    .select(['id', 'backend_id as backendId', 'backlog'])
    .where('id', 'in', ids)
    .where('state', '=', 'queued')
    .orderBy('created_at')
    .execute()
  await queues.enqueue(rows)
}
