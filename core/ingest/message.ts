/**
 * One message, ingested at once by whoever has just appended it: what somebody sends is in their Sent folder,
 * and in the Inbox of a colleague, before their next look. The log's consumer finds it there already.
 *
 * A crash before the commit leaves it to that consumer.
 */
import type { Db } from '../db/connection.ts'
import { inTransaction } from '../db/transaction.ts'
import type { Queues } from '../queue/queues.ts'
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
    if (folderId && copy) {
      await tx
        .updateTable('email')
        .set({ folder_id: folderId })
        .where('id', '=', copy.emailId)
        .where('mailbox_id', '=', copy.mailboxId)
        .where('folder_id', '<>', folderId)
        .execute()
    }
    return inserted
  })
  await context.queues.enqueue(queued)
}
