/**
 * Makes the mail tables anew from the spool: messages, what became of their recipients, and the e-mails in
 * their mailboxes. The directory must be there; it is not in the spool.
 *
 * Ingest of everything from the beginning, with the notes read first. What only the tables knew is lost:
 * folders that people made, keywords, attempts, threads' ids. A crash in the middle leaves less than all;
 * ingest does the rest at its next start, and reads all notes again, as it has not caught up yet.
 */
import { sql } from 'kysely'
import type { Db } from '../db/connection.ts'
import { type Log, silentLog } from '../observe/log.ts'
import type { SpoolReader } from '../spool/types.ts'
import { ingestAll } from './ingest.ts'
import type { Router } from './plan.ts'

export type Rebuilt = { messages: number; setAside: number }

/**
 * No worker should be running: it would ingest the same meanwhile, which is harmless but slow. Jobs are not
 * added; the worker's reconciler does it.
 */
export async function rebuildFromSpool(
  db: Db,
  reader: SpoolReader,
  directory: Router,
  log: Log = silentLog,
  now: () => Date = () => new Date(),
): Promise<Rebuilt> {
  await db.transaction().execute(async tx => {
    await sql`truncate checkpoint, set_aside, submission, tombstone, touch, email_change, message restart identity cascade`.execute(
      tx,
    )
    // Clients that followed the old states have to begin anew.
    await tx.updateTable('mailbox').set({ modseq: sql`modseq + 1` }).execute()
    await sql`update folder set counts_modseq = mailbox.modseq from mailbox where mailbox.id = folder.mailbox_id`.execute(
      tx,
    )
  })
  return await ingestAll({
    db,
    reader,
    directory: () => directory,
    queues: { enqueue: async () => true },
    log,
    now,
  })
}
