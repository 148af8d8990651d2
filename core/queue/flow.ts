/**
 * Whether mail for a backend may flow: what an admin's override says while it lasts, else what the checks
 * found. Pure, and the same rule once more in SQL, for statements that move many rows.
 */
import { type RawBuilder, sql } from 'kysely'
import type { Health } from '../db/schema/directory.ts'
import type { Row } from '../db/schema.ts'

export type HealthColumns = Pick<Row<'backend'>, 'health' | 'override' | 'override_until'>

/** The override, when there is one and it has not run out. */
export function activeOverride(
  backend: Pick<HealthColumns, 'override' | 'override_until'>,
  now: Date,
): 'up' | 'down' | null {
  if (!backend.override) return null
  return backend.override_until && backend.override_until <= now ? null : backend.override
}

/** The health that counts: for ingest, for delivery, for what users are told. */
export function effectiveHealth(backend: HealthColumns, now: Date): Health {
  return activeOverride(backend, now) ?? backend.health
}

/** Mail is delivered in every health but `down`. */
export function mayFlow(health: Health): boolean {
  return health !== 'down'
}

/**
 * Continuity is open: people are told that their own mail server is away and that they can work here. It is
 * open while mail is held, while it is catching up, and when mail is accepted but people can't get at it.
 */
export function continuityIsOpen(health: Health): boolean {
  return health !== 'up'
}

/** SQL for "this delivery's backend is down", for a statement in which `delivery` is in scope. */
export function backendIsDown(
  now: Date,
  backendId: RawBuilder<unknown> = sql`delivery.backend_id`,
): RawBuilder<boolean> {
  return sql<boolean>`exists (select 1 from backend b where b.id = ${backendId} and
    coalesce(case when b.override_until is null or b.override_until > ${now} then b.override end, b.health) = 'down')`
}

/**
 * SQL for "a period holds the mail of one of this delivery's recipients" (core/continuity/periods.ts), for a
 * statement in which `delivery` is in scope. While there is no such period, which is nearly always, that is one
 * look at an empty table for the whole statement.
 */
export const heldByPeriod: RawBuilder<boolean> = sql<boolean>`((select exists (select from held_address))
  and exists (select from recipient r join held_address h
    on h.address in (r.address, '@' || split_part(r.address, '@', 2))
    where r.delivery_id = delivery.id and r.state = 'waiting'))`

/** SQL for "the scan does not hold it" (scan-holds.ts), for a statement in which `delivery` is in scope. */
export const notHeldByScan: RawBuilder<boolean> = sql<boolean>`(delivery.hold_reason is null
  or delivery.hold_reason not in ('spam', 'quarantine', 'scan'))`
