/**
 * What people do to deliveries: hold, release, retry, cancel, and the webmail's delete and undo.
 *
 * Each function takes a transaction, locks the rows it changes in the order of their ids, and only touches
 * what still waits. Notes for the spool are returned: the caller appends them after the commit (a crash in
 * between loses a note, not mail: a rebuild would deliver what was cancelled, never drop what was not).
 * What becomes `queued` is announced on the channel `delivery`; the worker adds the job.
 * Actions of admins are audited by the caller.
 */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import { notify } from '../db/notify.ts'
import type { DeliveryState, HoldReason, OutcomeJson } from '../db/schema/delivery.ts'
import type { Note } from '../spool/types.ts'
import { conclude } from './attempts.ts'
import { backendIsDown } from './flow.ts'
import { isScanHold } from './scan-holds.ts'
import { touchMessages } from './touch.ts'

export type RecipientRef = { deliveryId: string; address: string }

/** One delivery whose state was changed, and to what. */
export type Changed = { id: string; messageId: string; backendId: string | null; state: DeliveryState }

const OPEN = ['queued', 'held', 'deferred'] as const

async function locked(tx: Executor, ids: readonly string[]) {
  if (ids.length === 0) return []
  return await tx
    .selectFrom('delivery')
    .select(['id', 'message_id', 'backend_id', 'state', 'hold_reason', 'leased_until'])
    .where('id', 'in', [...new Set(ids)])
    .orderBy('id')
    .forUpdate()
    .execute()
}

/**
 * Holds what is open until an admin releases it. What is being dialed right now is not called back, and what
 * the scan holds stays as it is.
 */
export async function hold(tx: Executor, ids: readonly string[], reason: HoldReason): Promise<Changed[]> {
  const rows = (await locked(tx, ids)).filter(
    row => OPEN.includes(row.state as (typeof OPEN)[number]) && !isScanHold(row.hold_reason),
  )
  if (rows.length === 0) return []
  const changed = await tx
    .updateTable('delivery')
    .set({ state: 'held', hold_reason: reason, next_attempt_at: null })
    .where(
      'id',
      'in',
      rows.map(row => row.id),
    )
    .returning(['id', 'message_id as messageId', 'backend_id as backendId', 'state'])
    .execute()
  await touched(tx, changed)
  return changed
}

/**
 * Lets go what was held: queued, or held for its backend when that is down. What the scan holds is not let go
 * here: nobody would see it in their mailbox (core/ingest/release.ts).
 */
export async function release(tx: Executor, ids: readonly string[], now: Date): Promise<Changed[]> {
  const rows = (await locked(tx, ids)).filter(row => row.state === 'held' && !isScanHold(row.hold_reason))
  return await queueAgain(
    tx,
    rows.map(row => row.id),
    now,
  )
}

/** Tries again now what is deferred or held, but by the scan. With its backend down it stays held. */
export async function retry(tx: Executor, ids: readonly string[], now: Date): Promise<Changed[]> {
  const rows = (await locked(tx, ids)).filter(
    row => row.state === 'deferred' || (row.state === 'held' && !isScanHold(row.hold_reason)),
  )
  return await queueAgain(
    tx,
    rows.map(row => row.id),
    now,
  )
}

/** @internal for those who set free what the scan held; the rows are locked */
export async function queueAgain(tx: Executor, ids: readonly string[], now: Date): Promise<Changed[]> {
  if (ids.length === 0) return []
  const down = backendIsDown(now)
  const changed = await tx
    .updateTable('delivery')
    .set({
      state: sql<'queued' | 'held'>`case when ${down} then 'held' else 'queued' end`,
      hold_reason: sql<'backend' | null>`case when ${down} then 'backend' end`,
      backlog: sql<boolean>`backlog or ${down}`,
      next_attempt_at: null,
      settled_at: null,
    })
    .where('id', 'in', ids)
    .returning(['id', 'message_id as messageId', 'backend_id as backendId', 'state'])
    .execute()
  await touched(tx, changed)
  return changed
}

/** Gives up on what still waits, without telling the sender. */
export async function cancel(
  tx: Executor,
  ids: readonly string[],
  outcome: OutcomeJson,
  now: Date,
): Promise<{ changed: Changed[]; notes: Note[] }> {
  const rows = (await locked(tx, ids)).filter(row => OPEN.includes(row.state as (typeof OPEN)[number]))
  const waiting =
    rows.length === 0
      ? []
      : await tx
          .selectFrom('recipient')
          .select(['delivery_id as deliveryId', 'address'])
          .where(
            'delivery_id',
            'in',
            rows.map(row => row.id),
          )
          .where('state', '=', 'waiting')
          .execute()
  const notes = await cancelRecipients(tx, waiting, now, outcome)
  const changed = rows.map(row => ({
    id: row.id,
    messageId: row.message_id,
    backendId: row.backend_id,
    state: 'cancelled' as const,
  }))
  return { changed, notes }
}

const DELETED: OutcomeJson = { category: 'cancelled', side: 'recipient', permanent: true }

/**
 * Cancels recipients that still wait: their mail was deleted here before it was delivered.
 * @returns notes for the spool; what was no longer waiting is left alone and not in them
 */
export async function cancelRecipients(
  tx: Executor,
  refs: readonly RecipientRef[],
  now: Date = new Date(),
  outcome: OutcomeJson = DELETED,
): Promise<Note[]> {
  return await move(tx, refs, 'waiting', 'cancelled', now, { ...outcome, at: now.toISOString() })
}

/** Undo: what was cancelled waits again, unless its content was given up meanwhile. */
export async function reopenRecipients(
  tx: Executor,
  refs: readonly RecipientRef[],
  now: Date = new Date(),
): Promise<Note[]> {
  return await move(tx, refs, 'cancelled', 'waiting', now, null)
}

async function move(
  tx: Executor,
  refs: readonly RecipientRef[],
  from: 'waiting' | 'cancelled',
  to: 'cancelled' | 'waiting',
  now: Date,
  outcome: OutcomeJson | null,
): Promise<Note[]> {
  if (refs.length === 0) return []
  const rows = await locked(
    tx,
    refs.map(ref => ref.deliveryId),
  )
  const moved = await sql<{ delivery_id: string; address: string }>`
    update recipient set state = ${to}, outcome = ${outcome && JSON.stringify(outcome)}::jsonb,
      settled_at = ${to === 'cancelled' ? now : null}::timestamptz
    from jsonb_to_recordset(${JSON.stringify(refs)}::jsonb) as ref("deliveryId" uuid, address text), delivery, message
    where recipient.delivery_id = ref."deliveryId" and recipient.address = ref.address and recipient.state = ${from}
      and delivery.id = recipient.delivery_id and message.id = delivery.message_id
      and (${to === 'cancelled'} or message.removed_at is null)
    returning recipient.delivery_id, recipient.address`.execute(tx)
  const notes: Note[] = []
  const byDelivery = Map.groupBy(moved.rows, row => row.delivery_id)
  for (const row of rows) {
    const addresses = byDelivery.get(row.id)
    if (!addresses) continue
    if (to === 'cancelled') {
      await conclude(tx, row.id, now, { outcome, releaseLease: false, rest: null })
    } else if (!OPEN.includes(row.state as (typeof OPEN)[number])) {
      await queueAgain(tx, [row.id], now)
    }
    for (const { address } of addresses) {
      const at = now.toISOString()
      notes.push(
        to === 'cancelled'
          ? { kind: 'settled', messageId: row.message_id, address, state: 'cancelled', at }
          : { kind: 'reopened', messageId: row.message_id, address, at },
      )
    }
  }
  if (to === 'cancelled') {
    await touchMessages(tx, [...new Set(rows.map(row => row.message_id))])
    await notify(tx, 'delivery')
  }
  return notes
}

async function touched(tx: Executor, changed: readonly Changed[]): Promise<void> {
  await touchMessages(tx, [...new Set(changed.map(row => row.messageId))])
  // Hints of a transaction with the same payload are sent once; a payload per delivery lets the worker add
  // the job at once, and beyond a screenful the reconciler is quick enough.
  const queued = changed.filter(row => row.state === 'queued')
  for (const row of queued.slice(0, 100)) await notify(tx, 'delivery', row.id)
  if (queued.length === 0 && changed.length > 0) await notify(tx, 'delivery')
}
