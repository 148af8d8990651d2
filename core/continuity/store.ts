/**
 * The health of backends as rows: takes evidence and overrides in, keeps the record of changes, and holds the
 * backend's mail in the same transaction that calls it down.
 *
 * Invariant: when a transaction commits in which a backend became effectively down, no delivery of it that
 * was visible then is left queued or deferred. (One that ingest commits a moment later is caught by `begin`
 * and `holdForDown`.) Going back is the drain's work, window by window. A crash leaves the whole change or
 * nothing.
 */
import { sql } from 'kysely'
import type { Db, Executor } from '../db/connection.ts'
import { newId } from '../db/id.ts'
import { notify } from '../db/notify.ts'
import type { Health } from '../db/schema/directory.ts'
import type { Row } from '../db/schema.ts'
import { activeOverride, effectiveHealth, mayFlow } from '../queue/flow.ts'
import { touchMessages } from '../queue/touch.ts'
import { type Event, inDoubt, type Machine, readMachine, step } from './machine.ts'

export type BackendHealth = {
  backendId: string
  /** What counts: the override while it lasts, else the machine's. */
  effective: Health
  machine: Machine
  override: 'up' | 'down' | null
}

/** The health of one backend; null when there is no such backend. */
export async function loadHealth(db: Executor, backendId: string, now: Date): Promise<BackendHealth | null> {
  const row = await db.selectFrom('backend').selectAll().where('id', '=', backendId).executeTakeFirst()
  return row ? healthOf(row, now) : null
}

function healthOf(row: Row<'backend'>, now: Date): BackendHealth {
  return {
    backendId: row.id,
    effective: effectiveHealth(row, now),
    machine: readMachine(row.machine, row.health, row.health_since),
    override: activeOverride(row, now),
  }
}

/** Takes one piece of evidence in. @returns null when there is no such backend */
export async function report(
  db: Db,
  backendId: string,
  event: Event,
  now: Date,
): Promise<BackendHealth | null> {
  return await db.transaction().execute(async tx => {
    const row = await lockBackend(tx, backendId)
    if (!row) return null
    return await advance(tx, row, [event], {}, now, null)
  })
}

export type Override = {
  /** null: back to what the checks say. */
  to: 'up' | 'down' | null
  reason: string | null
  /** null: until it is changed. */
  until: Date | null
  /** Who: a person's address, or `cli`. */
  by: string
  /** The maintenance window that says so, or ends. */
  period?: string
}

/** Sets or ends an override. Audited by the caller. @returns null when there is no such backend */
export async function override(
  db: Db,
  backendId: string,
  wanted: Override,
  now: Date,
): Promise<BackendHealth | null> {
  return await db.transaction().execute(tx => overrideIn(tx, backendId, wanted, now))
}

/** The same within somebody's transaction. */
export async function overrideIn(
  tx: Executor,
  backendId: string,
  wanted: Override,
  now: Date,
): Promise<BackendHealth | null> {
  const row = await lockBackend(tx, backendId)
  if (!row) return null
  const events: Event[] = []
  // An admin who says "up" or "as the checks say" has looked at it; a clock has not.
  if (wanted.to !== 'down' && !wanted.period) events.push({ type: 'guard-lifted' })
  if (row.override === 'down' && wanted.to === null) events.push({ type: 'hold-ended' })
  const columns = {
    override: wanted.to,
    override_reason: wanted.to && wanted.reason,
    override_until: wanted.to && wanted.until,
    override_by: wanted.to && wanted.by,
    override_period: (wanted.to && wanted.period) ?? null,
  }
  return await advance(tx, row, events, columns, now, wanted.by)
}

/** Ends the overrides that have run out. @returns how many */
export async function expireOverrides(db: Db, now: Date): Promise<number> {
  const due = await db
    .selectFrom('backend')
    .select('id')
    .where('override', 'is not', null)
    .where('override_until', '<=', now)
    .execute()
  for (const { id } of due) {
    await db.transaction().execute(async tx => {
      const row = await lockBackend(tx, id)
      if (!row?.override || !row.override_until || row.override_until > now) return
      // Seen from the moment before: `before` below must be what the override said.
      const events: Event[] = row.override === 'down' ? [{ type: 'hold-ended' }] : []
      const columns = {
        override: null,
        override_reason: null,
        override_until: null,
        override_by: null,
        override_period: null,
      }
      await advance(tx, { ...row, override_until: null }, events, columns, now, 'override ran out')
    })
  }
  return due.length
}

/**
 * Holds what is queued or deferred for a backend that is down: what was ingested while it was being called
 * down. @returns how many
 */
export async function holdForDown(db: Db, now: Date): Promise<number> {
  const down = await db
    .selectFrom('backend')
    .select('id')
    .where(
      sql<boolean>`coalesce(case when override_until is null or override_until > ${now} then override end, health) = 'down'`,
    )
    .execute()
  let held = 0
  for (const { id } of down) held += await db.transaction().execute(tx => holdOpen(tx, id))
  return held
}

async function lockBackend(tx: Executor, backendId: string): Promise<Row<'backend'> | undefined> {
  return await tx.selectFrom('backend').selectAll().where('id', '=', backendId).forUpdate().executeTakeFirst()
}

type OverrideColumns = Partial<
  Pick<Row<'backend'>, 'override' | 'override_reason' | 'override_until' | 'override_by' | 'override_period'>
>

async function advance(
  tx: Executor,
  row: Row<'backend'>,
  events: readonly Event[],
  columns: OverrideColumns,
  now: Date,
  actor: string | null,
): Promise<BackendHealth> {
  const before = healthOf(row, now)
  let machine = before.machine
  for (const event of events) machine = step(machine, event, now.getTime()).machine
  const after: Row<'backend'> = {
    ...row,
    ...columns,
    health: machine.health,
    health_since: new Date(machine.since),
    cause: machine.cause,
    detail: machine.detail,
    machine: machine as unknown as Record<string, unknown>,
  }
  await tx
    .updateTable('backend')
    .set({
      ...columns,
      health: after.health,
      health_since: after.health_since,
      cause: after.cause,
      detail: after.detail,
      machine: JSON.stringify(machine),
    })
    .where('id', '=', row.id)
    .execute()

  const result = healthOf(after, now)
  const overridden = Object.keys(columns).length > 0
  if (result.effective !== before.effective)
    await recordChange(tx, before.effective, result, after, now, actor)
  if (!mayFlow(result.effective) && (mayFlow(before.effective) || overridden)) await holdOpen(tx, row.id)
  const news =
    overridden ||
    result.effective !== before.effective ||
    machine.health !== before.machine.health ||
    machine.cause !== before.machine.cause ||
    inDoubt(machine) !== inDoubt(before.machine)
  if (news) await notify(tx, 'backend', row.id)
  return result
}

/** Health changes are recorded as people see them: with the override, and who set it. */
async function recordChange(
  tx: Executor,
  from: Health,
  result: BackendHealth,
  row: Row<'backend'>,
  now: Date,
  actor: string | null,
): Promise<void> {
  const cause = result.override ? 'override' : row.cause
  const detail = result.override ? row.override_reason : row.detail
  await tx
    .insertInto('health_change')
    .values({
      id: newId(),
      backend_id: row.id,
      at: now,
      from_health: from,
      to_health: result.effective,
      cause,
      detail,
      actor,
    })
    .execute()
  if (result.effective === 'up') {
    await tx
      .updateTable('incident')
      .set({ closed_at: now })
      .where('backend_id', '=', row.id)
      .where('closed_at', 'is', null)
      .execute()
  } else if (result.effective !== 'recovering' || from === 'up') {
    const planned = await tx
      .selectFrom('period')
      .select('id')
      .where('backend_id', '=', row.id)
      .where('kind', '=', 'maintenance')
      .where('closed_at', 'is', null)
      .where('starts_at', '<=', now)
      .where('ends_at', '>', now)
      .executeTakeFirst()
    await tx
      .insertInto('incident')
      .values({
        id: newId(),
        backend_id: row.id,
        opened_at: now,
        closed_at: null,
        cause,
        detail,
        period_id: planned?.id ?? null,
      })
      .onConflict(conflict => conflict.columns(['backend_id']).where('closed_at', 'is', null).doNothing())
      .execute()
  }
}

/** What is queued or deferred for a backend is held. A running attempt is not called back; see settle. */
async function holdOpen(tx: Executor, backendId: string): Promise<number> {
  const held = await tx
    .updateTable('delivery')
    .set({ state: 'held', hold_reason: 'backend', backlog: true, next_attempt_at: null })
    .where('backend_id', '=', backendId)
    .where('state', 'in', ['queued', 'deferred'])
    .returning('message_id')
    .execute()
  if (held.length === 0) return 0
  await touchMessages(tx, [...new Set(held.map(row => row.message_id))])
  await notify(tx, 'delivery')
  return held.length
}
