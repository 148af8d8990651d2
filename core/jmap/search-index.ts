/**
 * Puts e-mails that ingest has made into `email_search`, mailbox by mailbox, in the order in which they were made.
 *
 * Rows and the mark up to where they go (`mailbox.indexed_modseq`) are one transaction; a crash does a batch again.
 * What is not there yet is found all the same, more slowly (search.ts).
 */
import { sql } from 'kysely'
import type { Db } from '../db/connection.ts'
import { inTransaction } from '../db/transaction.ts'
import { type Searched, vectorsOf } from './search-words.ts'

/** E-mails in one transaction, about: those made together stay together. */
const BATCH = 200

/** @returns how many e-mails were taken; 0 when everything of the mailbox is there */
export async function indexMailbox(db: Db, mailboxId: string): Promise<number> {
  return await inTransaction(db, async tx => {
    // Not the mailbox's lock: ingest would wait for it. Two workers would only do the same twice.
    const mine = await sql<{ got: boolean }>`
      select pg_try_advisory_xact_lock(hashtextextended(${`index ${mailboxId}`}, 0)) as got`.execute(tx)
    if (!mine.rows[0]?.got) return 0
    const mailbox = await tx
      .selectFrom('mailbox')
      .select(['modseq', 'indexed_modseq'])
      .where('id', '=', mailboxId)
      .executeTakeFirst()
    if (!mailbox || mailbox.modseq <= mailbox.indexed_modseq) return 0
    const after = mailbox.indexed_modseq
    const { rows } = await sql<Searched & { created_modseq: number }>`
      select id, created_modseq, subject, from_list, sender_list, to_list, cc_list, bcc_list, search from email
      where mailbox_id = ${mailboxId} and updated_modseq > ${after} and created_modseq > ${after}
        and created_modseq <= (
          select coalesce(max(created_modseq), ${after}) from (
            select created_modseq from email
            where mailbox_id = ${mailboxId} and updated_modseq > ${after} and created_modseq > ${after}
              and created_modseq <= ${mailbox.modseq}
            order by created_modseq limit ${BATCH}) as first)`.execute(tx)
    if (rows.length > 0) {
      const vectors = await vectorsOf(tx, mailboxId, rows)
      await sql`
        insert into email_search (email_id, words)
        select id, words::tsvector from unnest(${rows.map(row => row.id)}::uuid[], ${vectors}::text[]) as made (id, words)
        where exists (select from email where email.id = made.id)
        on conflict (email_id) do nothing`.execute(tx)
    }
    const upTo = rows.length > 0 ? Math.max(...rows.map(row => row.created_modseq)) : mailbox.modseq
    await tx
      .updateTable('mailbox')
      .set({ indexed_modseq: upTo })
      .where('id', '=', mailboxId)
      .where('indexed_modseq', '<', upTo)
      .execute()
    return rows.length
  })
}

/** Mailboxes of which something may not be in the index. */
export async function unindexed(db: Db): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select id from mailbox where modseq > indexed_modseq`.execute(db)
  return rows.map(row => row.id)
}
