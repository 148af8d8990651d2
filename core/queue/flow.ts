/**
 * Whether mail for a backend may flow: what an admin's override says while it lasts, else what the checks
 * found. Pure, and the same rule once more in SQL, for statements that move many rows.
 */
import { type RawBuilder, sql } from 'kysely'
import type { Health, Row } from '../db/schema.ts'

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
export function backendIsDown(now: Date): RawBuilder<boolean> {
  return sql<boolean>`exists (select 1 from backend b where b.id = delivery.backend_id and
    coalesce(case when b.override_until is null or b.override_until > ${now} then b.override end, b.health) = 'down')`
}
