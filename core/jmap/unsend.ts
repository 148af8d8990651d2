/**
 * Taking back what has not gone out yet (RFC 8621 §7.5, `undoStatus`): the submission is canceled, its content given up;
 * the draft it was made of stays as it is.
 *
 * The change holds the mailbox, as sending does (core/ingest/later.ts): one of them comes first, and the other finds
 * that out. The note is in the spool before the commit: after a crash between them the message still goes out, and
 * no rebuild sends what its sender was told is taken back.
 */
import { sql } from 'kysely'
import type { Note } from '../spool/types.ts'
import type { Change } from './change.ts'
import type { Run } from './context.ts'

type Which = { ids: readonly string[] } | { emailIds: readonly string[] }

/** Of the account's submissions those that still wait. @returns their ids, with the e-mails they send */
export async function unsend(
  run: Run,
  change: Change,
  which: Which,
): Promise<{ id: string; email_id: string | null }[]> {
  const { tx, account } = change
  const [column, values] = 'ids' in which ? [sql.ref('id'), which.ids] : [sql.ref('email_id'), which.emailIds]
  if (values.length === 0) return []
  const waiting = await sql<{ id: string; email_id: string | null; message_id: string }>`
    select id, email_id, message_id from submission
    where mailbox_id = ${account.id} and undo_status = 'pending' and ${column} = any(${values}::uuid[])
    order by id for update`.execute(tx)
  if (waiting.rows.length === 0) return []
  const now = run.now()
  const notes: Note[] = waiting.rows.map(row => ({
    kind: 'removed',
    messageId: row.message_id,
    at: now.toISOString(),
  }))
  await run.context.spool.note(notes)
  const modseq = await change.raise()
  await tx
    .updateTable('submission')
    .set({ undo_status: 'canceled', updated_modseq: modseq })
    .where(
      'id',
      'in',
      waiting.rows.map(row => row.id),
    )
    .execute()
  await tx
    .updateTable('message')
    .set({ removed_at: now })
    .where(
      'id',
      'in',
      waiting.rows.map(row => row.message_id),
    )
    .execute()
  await sql`update email set updated_modseq = ${modseq} where mailbox_id = ${account.id}
    and id = any(${waiting.rows.flatMap(row => row.email_id ?? [])}::uuid[])`.execute(tx)
  return waiting.rows
}
