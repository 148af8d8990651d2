/**
 * The Junk folder decides about delivery: what stands there for a recipient is not delivered, and moving it out
 * is its release, with the envelope it came with. As with Trash (trash.ts), every e-mail that stands for the
 * recipient must agree: one member of a group that wants the message is enough.
 *
 * | its e-mails | the recipient |
 * | --- | --- |
 * | all in Trash | cancelled (trash.ts) |
 * | all in Junk or Trash | held as spam |
 * | one elsewhere | released, if it was held as spam |
 *
 * Only spam is released so: what an admin or the guard holds stays held. What is being sent at this moment is
 * not called back. Deliveries are locked before (lockDeliveries); notes go to the spool after the commit.
 */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import { queueAgain } from '../queue/deliveries.ts'
import { touchMessages } from '../queue/touch.ts'
import type { Note } from '../spool/types.ts'
import { separate } from './separate.ts'

type Found = { deliveryId: string; messageId: string; address: string; spam: boolean; junk: boolean }

/** Call it when the e-mails are where they belong, and after trash.ts has had its say. */
export async function settleJunk(tx: Executor, emailIds: readonly string[], now: Date): Promise<Note[]> {
  if (emailIds.length === 0) return []
  const { rows } = await sql<Found>`
    select distinct mine.delivery_id as "deliveryId", delivery.message_id as "messageId", mine.address,
      delivery.hold_reason is not distinct from 'spam' as spam,
      not exists (
        select from email_recipient other
        join email on email.id = other.email_id
        join folder on folder.id = email.folder_id
        where other.delivery_id = mine.delivery_id and other.address = mine.address
          and (folder.role is null or folder.role not in ('junk', 'trash'))) as junk
    from email_recipient mine
    join recipient on recipient.delivery_id = mine.delivery_id and recipient.address = mine.address
    join delivery on delivery.id = mine.delivery_id
    where mine.email_id = any(${emailIds}::uuid[]) and recipient.state = 'waiting'
      and (delivery.leased_until is null or delivery.leased_until <= ${now})
      and (delivery.state in ('queued', 'deferred')
        or delivery.state = 'held' and delivery.hold_reason in ('backend', 'spam'))
    order by 1, 3`.execute(tx)
  const notes: Note[] = []
  const wrong = rows.filter(row => row.spam !== row.junk)
  for (const [deliveryId, group] of Map.groupBy(wrong, row => row.deliveryId)) {
    const [first] = group
    if (!first) continue
    const addresses = group.map(row => row.address)
    const id = await separate(tx, deliveryId, addresses)
    if (first.spam) await queueAgain(tx, [id], now)
    else {
      await tx
        .updateTable('delivery')
        .set({ state: 'held', hold_reason: 'spam', backlog: false, next_attempt_at: null })
        .where('id', '=', id)
        .execute()
      await touchMessages(tx, [first.messageId])
    }
    for (const address of addresses) {
      const kind = first.spam ? ('released' as const) : ('junked' as const)
      notes.push({ kind, messageId: first.messageId, address, at: now.toISOString() })
    }
  }
  return notes
}
