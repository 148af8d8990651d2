/**
 * What was to go out at a later time (RFC 8621 §7, RFC 4865) and whose time has come. It is in the spool since it was
 * accepted; here it gets what others get at once: deliveries, and e-mails in the mailboxes of colleagues.
 *
 * That it does not wait any more and what it makes are one transaction: a crash before the commit leaves it waiting, one
 * after it leaves rows whose jobs the reconciler adds. Nobody can take it back at the same time: whoever does holds
 * the sender's mailbox, as this does (core/jmap/unsend.ts).
 */
import { sql } from 'kysely'
import type { Db } from '../db/connection.ts'
import { inTransaction } from '../db/transaction.ts'
import type { Log } from '../observe/log.ts'
import type { Queues } from '../queue/queues.ts'
import { type Envelope, SpoolError, type SpoolReader } from '../spool/types.ts'
import { insertDue } from './insert.ts'
import { planAt, type Router } from './plan.ts'
import { prepare } from './prepare.ts'

export type LaterContext = {
  db: Db
  spool: SpoolReader
  directory: () => Router
  queues: Pick<Queues, 'enqueue'>
  log: Log
}

const BATCH = 50

type Due = { id: string; envelope: Envelope; segment: string; position: number; size: number }

/** @returns how many went out; one that can't stays for the next round and holds up no other */
export async function sendDue(context: LaterContext, now: Date): Promise<number> {
  const { db, queues, log } = context
  const { rows } = await sql<Due>`
    select message.id, message.envelope, message.segment, message.position, message.size
    from submission join message on message.id = submission.message_id
    where submission.undo_status = 'pending' and submission.send_at <= ${now} and message.removed_at is null
    order by submission.send_at, submission.id limit ${BATCH}`.execute(db)
  let sent = 0
  for (const row of rows) {
    try {
      const prepared = await read(context, row, now)
      const queued = await inTransaction(db, tx => insertDue(tx, prepared, now))
      if (!queued) continue
      sent++
      await queues.enqueue(queued)
    } catch (error) {
      log.error({ event: 'later.failed', message: row.id, error })
    }
  }
  return sent
}

/** A content that is lost fails its deliveries, which tell the sender. */
async function read({ spool, directory }: LaterContext, row: Due, now: Date) {
  const { envelope, size } = row
  const location = { segment: row.segment, position: row.position }
  try {
    return await prepare(spool, { envelope, location, size }, directory(), now)
  } catch (error) {
    if (!(error instanceof SpoolError) || (error.code !== 'missing' && error.code !== 'damaged')) throw error
    return { location, size, summary: null, ...planAt(envelope, directory(), now) }
  }
}
