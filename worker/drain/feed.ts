/**
 * Takes the next held deliveries of one backend, oldest first, and makes them queued: one bounded statement,
 * so that a backlog of any length costs the same: whether the backend is down is asked for once and not of each delivery,
 * for else PostgreSQL reads and sorts all that are held. `skip locked`: two workers take different ones.
 */

import type { Db } from '@restante/core/db/connection.ts'
import type { HoldReason } from '@restante/core/db/schema/delivery.ts'
import { inTransaction } from '@restante/core/db/transaction.ts'
import { backendIsDown } from '@restante/core/queue/flow.ts'
import type { Enqueued } from '@restante/core/queue/names.ts'
import { touchMessages } from '@restante/core/queue/touch.ts'
import { type RawBuilder, sql } from 'kysely'

export type Fed = { deliveries: Enqueued[] /** More are held than were taken. */; more: boolean }

/** @param most how many to take */
export async function feed(
  db: Db,
  backendId: string,
  reasons: readonly HoldReason[],
  most: number,
  now: Date,
): Promise<Fed> {
  const rows = await inTransaction(db, async tx => {
    const result = await sql<Enqueued & { messageId: string }>`
      with next as (
        ${nextHeld(backendId, reasons, most, now)}
      )
      update delivery set state = 'queued', hold_reason = null, leased_until = null, next_attempt_at = null
      from next where delivery.id = next.id
      returning delivery.id, delivery.backend_id as "backendId", delivery.backlog,
        delivery.message_id as "messageId", delivery.created_at as "createdAt"`.execute(tx)
    await touchMessages(tx, [...new Set(result.rows.map(row => row.messageId))])
    return result.rows
  })
  // `returning` keeps no order; version 7 ids were made in the order of acceptance.
  rows.sort((a, b) => (a.id < b.id ? -1 : 1))
  return { deliveries: rows, more: rows.length === most }
}

/** The statement that finds them: it reads no more of them than it takes. */
export function nextHeld(
  backendId: string,
  reasons: readonly HoldReason[],
  most: number,
  now: Date,
): RawBuilder<{ id: string }> {
  return sql`select id from delivery
    where backend_id = ${backendId} and state = 'held' and hold_reason = any(${[...reasons]}::text[])
      and (leased_until is null or leased_until <= ${now}) and not ${backendIsDown(now, sql`${backendId}`)}
    order by created_at, id limit ${most} for update skip locked`
}

/** Deliveries of the backlog that are queued: tried, or about to be. Counted no further than `limit`. */
export async function countBacklogQueued(db: Db, backendId: string, limit: number): Promise<number> {
  const result = await sql<{ count: number }>`
    select count(*)::int as count from (
      select 1 from delivery where backend_id = ${backendId} and state = 'queued' and backlog limit ${limit}
    ) counted`.execute(db)
  return result.rows[0]?.count ?? 0
}

/** Whether anything is held for the backend's sake. */
export async function anyHeld(db: Db, backendId: string, reasons: readonly HoldReason[]): Promise<boolean> {
  const row = await db
    .selectFrom('delivery')
    .select('id')
    .where('backend_id', '=', backendId)
    .where('state', '=', 'held')
    .where('hold_reason', 'in', [...reasons])
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
