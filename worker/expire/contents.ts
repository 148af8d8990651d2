/**
 * Gives up contents that nobody needs any more: no e-mail shows them, no delivery waits for them, nor a time to be sent. The row is
 * marked, and a note tells the spool, whose compaction takes the bytes off the disk.
 *
 * The caller writes the notes before it commits: killed in between, the row does not say so yet and it is given
 * up once more. The other way round nobody would write the note again.
 */

import type { Db, Executor } from '@restante/core/db/connection.ts'
import type { Note } from '@restante/core/spool/types.ts'
import { sql } from 'kysely'

/** Settled this long ago, in ms: for notices about it, and for an undo. */
export const GRACE = 3_600_000

const BATCH = 500

/** @returns notes for the spool; call again while it is a whole batch */
export async function dropContents(db: Executor, now: Date): Promise<Note[]> {
  const before = new Date(now.getTime() - GRACE)
  const { rows } = await sql<{ id: string }>`
    with unwanted as (
      select id from message
      where removed_at is null and received_at <= ${before}
        and not exists (select from email where email.message_id = message.id)
        and not exists (
          select from submission where submission.message_id = message.id and undo_status = 'pending')
        and not exists (
          select from delivery where delivery.message_id = message.id
            and (delivery.state in ('queued', 'held', 'deferred') or delivery.settled_at > ${before}))
      order by id limit ${BATCH} for update skip locked
    )
    update message set removed_at = ${now} from unwanted where message.id = unwanted.id
    returning message.id`.execute(db)
  return rows.map(({ id }) => ({ kind: 'removed', messageId: id, at: now.toISOString() }))
}

/** Uploads that were not used within a day. */
export async function dropUploads(db: Db, now: Date): Promise<number> {
  const result = await db
    .deleteFrom('upload')
    .where('created_at', '<=', new Date(now.getTime() - 86_400_000))
    .executeTakeFirst()
  return Number(result.numDeletedRows)
}
