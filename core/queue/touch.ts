/**
 * Tells the webmail that the deliveries of some messages changed: what people see of them (the "waiting for
 * your server" mark, each recipient's outcome of a sent message) is part of the JMAP state of their mailbox.
 *
 * Runs in the transaction that changed the deliveries. Mailboxes are locked in the order of their ids, as
 * everybody must who locks several. Which e-mails it was goes into the table `touch`, in one row for all of a
 * mailbox: to write into each of their own rows cost as much as to insert them had.
 *
 * Looked up one by one (lateral): until a new table has its first statistics the planner would read all of it.
 */
import { type RawBuilder, sql } from 'kysely'
import type { Db, Executor } from '../db/connection.ts'

const FORGET_BATCH = 1_000

/** Raises the modseq of every mailbox that shows one of these messages, and says which e-mails changed. */
export async function touchMessages(tx: Executor, messageIds: readonly string[]): Promise<void> {
  if (messageIds.length === 0) return
  await sql`
    with shown as (
      select email.id, email.mailbox_id from unnest(${messageIds}::uuid[]) as changed (id) cross join lateral (
        select id, mailbox_id from email where message_id = changed.id offset 0) as email
      union
      select id, mailbox_id from email where id = any(array(
        select email_id from submission where message_id = any(${messageIds}::uuid[])))
    ), sent as (
      select id, mailbox_id from submission where message_id = any(${messageIds}::uuid[])
    ), locked as (
      select id from mailbox
      where id = any(array(select mailbox_id from shown union select mailbox_id from sent))
      order by id for update
    ), raised as (
      update mailbox set modseq = modseq + 1 where id = any(array(select id from locked)) returning id, modseq
    ), emails as (
      insert into touch (mailbox_id, modseq, email_ids)
      select raised.id, raised.modseq, array_agg(shown.id)
      from raised join shown on shown.mailbox_id = raised.id group by raised.id, raised.modseq
    ), submissions as (
      update submission set updated_modseq = raised.modseq from raised, sent
      where submission.id = sent.id and raised.id = sent.mailbox_id
    )
    select pg_notify('mail', id::text) from raised`.execute(tx)
}

/**
 * The e-mails of a mailbox that were made or changed after a modseq, one row for each change of each: a sub-query
 * with `id`, `thread_id`, `modseq`, `created_modseq`. Touches up to `mailbox.touches_from` are not in it.
 */
export function changedEmails(mailboxId: string, after: number): RawBuilder<unknown> {
  return sql`
    select id, thread_id, updated_modseq as modseq, created_modseq from email
    where mailbox_id = ${mailboxId} and updated_modseq > ${after}
    union all
    select email.id, email.thread_id, touch.modseq, email.created_modseq
    from touch cross join unnest(touch.email_ids) as touched (id) join email on email.id = touched.id
    where touch.mailbox_id = ${mailboxId} and touch.modseq > ${after}`
}

/** Forgets touches from before a time. @returns how many; call again while it is a whole batch */
export async function forgetTouches(db: Db, before: Date): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    with old as (
      select mailbox_id, modseq from touch where at <= ${before} order by at limit ${FORGET_BATCH}
    ), gone as (
      delete from touch using old where touch.mailbox_id = old.mailbox_id and touch.modseq = old.modseq
      returning touch.mailbox_id, touch.modseq
    ), latest as (
      select mailbox_id, max(modseq) as modseq, count(*) as count from gone group by mailbox_id
    ), locked as (
      select mailbox.id from mailbox join latest on latest.mailbox_id = mailbox.id
      order by mailbox.id for update of mailbox
    ), marked as (
      update mailbox set touches_from = greatest(touches_from, latest.modseq)
      from latest, locked where mailbox.id = latest.mailbox_id and locked.id = mailbox.id
    )
    select coalesce(sum(count), 0)::int as count from latest`.execute(db)
  return rows[0]?.count ?? 0
}
