/**
 * Gives up what was in the quarantine for too long: it is cancelled, its sender is not told (most of them are
 * forged), its content follows by the rule of contents.ts. Spam goes with its e-mail (emails.ts); what has lost
 * its e-mail, with its mailbox, goes here. Mail that waits to be scanned is not given up here: nobody has
 * looked at it yet.
 */
import type { Db } from '@restante/core/db/connection.ts'
import { inTransaction } from '@restante/core/db/transaction.ts'
import { cancel } from '@restante/core/queue/deliveries.ts'
import type { Note } from '@restante/core/spool/types.ts'
import { sql } from 'kysely'

const BATCH = 200

/** @param keep ms @returns how many were given up; call again while there are any */
export async function expireQuarantine(
  db: Db,
  keep: number,
  now: Date,
): Promise<{ cancelled: number; notes: Note[] }> {
  return await inTransaction(db, async tx => {
    const { rows } = await sql<{ id: string }>`
      select id from delivery
      where state = 'held' and hold_reason in ('spam', 'quarantine') and created_at <= ${new Date(now.getTime() - keep)}
        and (hold_reason = 'quarantine'
          or not exists (select from email_recipient where email_recipient.delivery_id = delivery.id))
      order by id limit ${BATCH} for update skip locked`.execute(tx)
    const outcome = { category: 'expired', side: 'us', permanent: true, at: now.toISOString() }
    const { notes } = await cancel(
      tx,
      rows.map(row => row.id),
      outcome,
      now,
    )
    return { cancelled: rows.length, notes }
  })
}
