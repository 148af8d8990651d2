/**
 * An admin's release and deletion of what the scan holds: of those named, or of all that a filter means.
 *
 * By batches, each one transaction with its audit entry: a crash in the middle leaves whole batches done, and
 * the same again does the rest. A released message gets its e-mails and goes to its server with the envelope it
 * came with (held for it, when that is down); a deleted one is cancelled, and nobody is told. Both sides of a
 * release teach the spam filter.
 */
import { sql } from 'kysely'
import type { Db, Executor } from '../db/connection.ts'
import { inTransaction } from '../db/transaction.ts'
import { cancel } from '../queue/deliveries.ts'
import { type QuarantineFilter, quarantineIds } from '../queue/quarantine.ts'
import type { Scope } from '../queue/scope.ts'
import type { Note, SpoolReader } from '../spool/types.ts'
import { type Decision, dispose, heldDeliveries, readHeld } from './dispose.ts'
import { learn } from './lessons.ts'
import type { Router } from './plan.ts'

export const QUARANTINE_ACTIONS = ['release', 'delete'] as const
export type QuarantineAction = (typeof QUARANTINE_ACTIONS)[number]

export type QuarantineContext = {
  db: Db
  spool: SpoolReader
  directory: () => Router
  now: () => Date
  /** Appends notes to the spool, after the commit they belong to. */
  note: (notes: readonly Note[]) => Promise<void>
  /** In the transaction of a batch. */
  audit: (tx: Executor, batch: { organizationId: string | null; ids: string[] }) => Promise<void>
}

export type QuarantineResult = {
  /** Deliveries that were meant, held and in scope. */
  matched: number
  changed: number
  /** Messages whose content could not be read. */
  failed: number
}

/** Contents in memory at a time are summaries only; rows in one transaction. */
const BATCH = 50

export async function actOnQuarantine(
  context: QuarantineContext,
  scope: Scope,
  action: QuarantineAction,
  target: readonly string[] | QuarantineFilter,
): Promise<QuarantineResult> {
  const result: QuarantineResult = { matched: 0, changed: 0, failed: 0 }
  let after: string | undefined
  for (;;) {
    const ids = await quarantineIds(context.db, scope, target, { limit: BATCH, after })
    if (ids.length === 0) return result
    after = ids.at(-1)
    result.matched += ids.length
    const changed = action === 'release' ? await releaseBatch(context, ids) : await deleteBatch(context, ids)
    result.changed += changed
    result.failed += ids.length - changed
  }
}

async function releaseBatch(context: QuarantineContext, ids: readonly string[]): Promise<number> {
  const { db, spool, directory, now } = context
  const held = await heldDeliveries(db, ids)
  const decisions: Decision[] = held.map(one => ({
    held: one,
    to: new Map(one.addresses.map(address => [address, null])),
  }))
  const ready = await readHeld(spool, decisions, directory())
  const { notes, changed } = await inTransaction(db, async tx => {
    const done = await dispose(tx, ready, now())
    await learn(
      tx,
      done.changed.map(one => one.messageId),
      'ham',
      now(),
    )
    await auditBatch(context, tx, done.changed)
    return done
  })
  if (notes.length > 0) await context.note(notes)
  return changed.length
}

async function deleteBatch(context: QuarantineContext, ids: readonly string[]): Promise<number> {
  const { db, now } = context
  const { notes, changed } = await inTransaction(db, async tx => {
    const { rows } = await sql<{ id: string; deliveryId: string; organizationId: string | null }>`
      select id, id as "deliveryId", organization_id as "organizationId" from delivery
      where id = any(${ids}::uuid[]) and state = 'held' and hold_reason in ('spam', 'quarantine', 'scan')
      order by id for update`.execute(tx)
    const outcome = { category: 'cancelled', side: 'us', permanent: true, at: now().toISOString() }
    const list = rows.map(row => row.id)
    await junkToTrash(tx, list)
    const cancelled = await cancel(tx, list, outcome, now())
    await auditBatch(context, tx, rows)
    return { notes: cancelled.notes, changed: rows }
  })
  if (notes.length > 0) await context.note(notes)
  return changed.length
}

/** Deleted spam leaves its Junk folder, or its addressee would release what is not there any more. */
async function junkToTrash(tx: Executor, deliveryIds: readonly string[]): Promise<void> {
  if (deliveryIds.length === 0) return
  await sql`
    with spam as (
      select email.id, email.mailbox_id, junk.id as junk_id, trash.id as trash_id from email
      join folder junk on junk.id = email.folder_id and junk.role = 'junk'
      join folder trash on trash.mailbox_id = email.mailbox_id and trash.role = 'trash'
      where email.id in (select email_id from email_recipient where delivery_id = any(${deliveryIds}::uuid[]))
    ), raised as (
      update mailbox set modseq = modseq + 1 where id in (
        select id from mailbox where id in (select mailbox_id from spam) order by id for update
      ) returning id, modseq
    ), moved as (
      update email set folder_id = spam.trash_id, moved_at = now(), updated_modseq = raised.modseq
      from spam, raised where email.id = spam.id and raised.id = spam.mailbox_id
    ), counted as (
      update folder set counts_modseq = raised.modseq from spam, raised
      where raised.id = spam.mailbox_id and folder.id in (spam.junk_id, spam.trash_id)
    )
    select pg_notify('mail', id::text) from raised`.execute(tx)
}

async function auditBatch(
  context: QuarantineContext,
  tx: Executor,
  changed: readonly { deliveryId: string; organizationId: string | null }[],
): Promise<void> {
  for (const [organizationId, group] of Map.groupBy(changed, one => one.organizationId)) {
    await context.audit(tx, { organizationId, ids: group.map(one => one.deliveryId) })
  }
}
