/**
 * Tells the webmail that the deliveries of some messages changed: what people see of them (the "waiting for
 * your server" mark, each recipient's outcome of a sent message) is part of the JMAP state of their mailbox.
 *
 * Runs in the transaction that changed the deliveries. Mailboxes are locked in the order of their ids, as
 * everybody must who locks several.
 */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'

/** Raises the modseq of every mailbox that shows one of these messages, and marks the e-mails changed. */
export async function touchMessages(tx: Executor, messageIds: readonly string[]): Promise<void> {
  if (messageIds.length === 0) return
  await sql`
    with shown as (
      select id, mailbox_id from email where message_id = any(${messageIds}::uuid[])
      union
      select email.id, email.mailbox_id from submission join email on email.id = submission.email_id
      where submission.message_id = any(${messageIds}::uuid[])
    ), sent as (
      select id, mailbox_id from submission where message_id = any(${messageIds}::uuid[])
    ), locked as (
      select id from mailbox
      where id in (select mailbox_id from shown union select mailbox_id from sent)
      order by id for update
    ), raised as (
      update mailbox set modseq = modseq + 1 where id in (select id from locked) returning id, modseq
    ), emails as (
      update email set updated_modseq = raised.modseq from raised, shown
      where email.id = shown.id and raised.id = shown.mailbox_id
    ), submissions as (
      update submission set updated_modseq = raised.modseq from raised, sent
      where submission.id = sent.id and raised.id = sent.mailbox_id
    )
    select pg_notify('mail', id::text) from raised`.execute(tx)
}
