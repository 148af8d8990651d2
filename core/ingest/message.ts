/**
 * One message, ingested at once by whoever has just appended it: what somebody sends is in their Sent folder,
 * and in the Inbox of a colleague, before their next look. The log's consumer finds it there already.
 *
 * A crash before the commit leaves it to that consumer.
 */
import { sql } from 'kysely'
import type { Db, Executor } from '../db/connection.ts'
import { notify } from '../db/notify.ts'
import { inTransaction } from '../db/transaction.ts'
import type { Queues } from '../queue/queues.ts'
import { reached } from '../spool/states.ts'
import type { SpoolReader } from '../spool/types.ts'
import { insertMessages } from './insert.ts'
import type { Router } from './plan.ts'
import { type Accepted, prepare } from './prepare.ts'

export type IngestContext = {
  db: Db
  spool: SpoolReader
  queues: Pick<Queues, 'enqueue'>
  directory: () => Router
}

/**
 * @param folderId where the sender's copy goes, when that is a folder without a role; the log's consumer, if
 * it comes first, puts it by role, and it is moved
 * @throws when the database is away; the message is safe in the spool nevertheless
 */
export async function ingestMessage(
  context: IngestContext,
  accepted: Accepted,
  folderId?: string,
): Promise<void> {
  const prepared = await prepare(context.spool, accepted, context.directory())
  const { queued } = await inTransaction(context.db, async tx => {
    const inserted = await insertMessages(tx, [prepared], new Date())
    const copy = accepted.envelope.copy
    if (folderId && copy) await moveCopy(tx, copy.mailboxId, copy.emailId, folderId)
    return inserted
  })
  reached(4)
  await context.queues.enqueue(queued)
  reached(5)
}

async function moveCopy(tx: Executor, mailboxId: string, emailId: string, folderId: string): Promise<void> {
  const row = await tx
    .selectFrom('email')
    .select('folder_id')
    .where('id', '=', emailId)
    .where('mailbox_id', '=', mailboxId)
    .where('folder_id', '<>', folderId)
    .executeTakeFirst()
  if (!row) return
  const { modseq } = await tx
    .updateTable('mailbox')
    .set({ modseq: sql`modseq + 1` })
    .where('id', '=', mailboxId)
    .returning('modseq')
    .executeTakeFirstOrThrow()
  await tx
    .updateTable('email')
    .set({ folder_id: folderId, updated_modseq: modseq })
    .where('id', '=', emailId)
    .execute()
  await tx
    .updateTable('folder')
    .set({ counts_modseq: modseq })
    .where('id', 'in', [row.folder_id, folderId])
    .execute()
  await notify(tx, 'mail', mailboxId)
}
