/** Takes e-mails away for good: rows, tombstones, what their deletion means for deliveries. */
import { sql } from 'kysely'
import { cancelDeleted } from '../ingest/trash.ts'
import type { Change } from './change.ts'

/** All must be e-mails of the change's account. @returns the modseq, or null when there was nothing */
export async function destroyEmails(
  change: Change,
  ids: readonly string[],
  now: Date,
): Promise<number | null> {
  if (ids.length === 0) return null
  const { tx, account, notes } = change
  notes.push(...(await cancelDeleted(tx, ids, now, true)))
  const modseq = await change.raise()
  const { rows: gone } = await sql<{ message_id: string }>`
    with gone as (
      delete from email where mailbox_id = ${account.id} and id = any(${ids}::uuid[])
      returning id, thread_id, created_modseq, message_id
    ), told as (
      insert into tombstone (mailbox_id, type, object_id, modseq, created_modseq, thread_id)
      select ${account.id}::uuid, 'Email', id, ${modseq}::bigint, created_modseq, thread_id from gone
    )
    select message_id from gone`.execute(tx)
  // A draft lives only here: its content can go at once. Everything else expires by the rules of history.
  const dropped = await sql<{ id: string }>`
    update message set removed_at = ${now} where id = any(${gone.map(row => row.message_id)}::uuid[])
      and kind = 'stored' and removed_at is null
      and not exists (select from email where email.message_id = message.id)
    returning id`.execute(tx)
  for (const { id } of dropped.rows) notes.push({ kind: 'removed', messageId: id, at: now.toISOString() })
  return modseq
}
