/**
 * Closing statements as rows: computed from the records as they are now, kept as they were computed. While
 * anything is left to do they are computed again; afterwards they stay, whatever expires.
 */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import type { FolderRole } from '../db/schema/mail.ts'
import type { RestoredAction } from '../db/schema/restore.ts'
import { type Fact, type Line, lineOf, type Numbers, numbersOf } from './statement.ts'

/** Lines that are kept of one mailbox, the first ones; the numbers count all. */
export const MOST_LINES = 5_000

export type MailboxStatement = { restorationId: string; mailboxId: string; numbers: Numbers; lines: Line[] }

/** Computes one mailbox's statement. @returns null when it has no part in that restoration */
export async function computeStatement(
  db: Executor,
  restorationId: string,
  mailboxId: string,
): Promise<MailboxStatement | null> {
  const about = await db
    .selectFrom('restore')
    .innerJoin('restoration', 'restoration.id', 'restore.restoration_id')
    .select(['restoration.opened_at', 'restoration.closed_at', 'restore.state', 'restore.way'])
    .where('restoration_id', '=', restorationId)
    .where('mailbox_id', '=', mailboxId)
    .executeTakeFirst()
  if (!about) return null
  const facts = await readFacts(
    db,
    restorationId,
    mailboxId,
    about.opened_at,
    about.closed_at,
    about.state === 'due',
  )
  const lines = facts.flatMap(fact => lineOf(fact, about.state === 'given-up') ?? [])
  return { restorationId, mailboxId, numbers: numbersOf(lines), lines }
}

export async function keepStatement(db: Executor, statement: MailboxStatement, now: Date): Promise<void> {
  const row = {
    numbers: JSON.stringify(statement.numbers),
    lines: JSON.stringify(statement.lines.slice(0, MOST_LINES)),
    made_at: now,
  }
  await db
    .insertInto('statement')
    .values({ restoration_id: statement.restorationId, mailbox_id: statement.mailboxId, ...row })
    .onConflict(conflict => conflict.columns(['restoration_id', 'mailbox_id']).doUpdateSet(row))
    .execute()
}

type Counted = { waiting: number; delivered: number; failed: number }

async function readFacts(
  db: Executor,
  restorationId: string,
  mailboxId: string,
  openedAt: Date,
  closedAt: Date,
  unfinished: boolean,
): Promise<Fact[]> {
  const { rows } = await sql<
    {
      email_id: string
      message_id: string
      subject: string
      person: string
      at: Date
      copy: boolean
      submitted: boolean
      in_window: boolean
      role: FolderRole | null
      folder: string | null
      action: RestoredAction | null
      error: string | null
      open: boolean
    } & Counted
  >`
    with caught as (
      -- Came in meanwhile, or was on its way when it began. What the scan holds is not the server's fault.
      select email.id from email join message on message.id = email.message_id
      where email.mailbox_id = ${mailboxId} and not email.copy and message.received_at <= ${closedAt}
        and exists (
          select from email_recipient join recipient using (delivery_id, address)
          join delivery on delivery.id = email_recipient.delivery_id
          where email_recipient.email_id = email.id
            and (message.received_at >= ${openedAt} or coalesce(recipient.settled_at, now()) >= ${openedAt})
            and (not (delivery.state = 'held' and coalesce(delivery.hold_reason, '') in ('spam', 'quarantine', 'scan'))
              -- Taken for junk by its reader: brought to Junk there.
              or exists (select from restored where restored.email_id = email.id)
              or exists (select from email_change where email_change.email_id = email.id)))
    ), candidate as (
      select id from caught
      union select email_id from submission where mailbox_id = ${mailboxId} and email_id is not null
        and send_at >= ${openedAt} and send_at <= ${closedAt}
      union select email_id from restored where restoration_id = ${restorationId} and mailbox_id = ${mailboxId}
      union select email_id from email_change where mailbox_id = ${mailboxId} and ${unfinished}
    )
    select candidate.id as email_id, message.id as message_id, message.subject,
      coalesce(email.copy, restored.copy, email_change.copy, false) as copy, message.received_at as at,
      case when coalesce(email.copy, restored.copy, email_change.copy, false)
        then coalesce((select string_agg(coalesce(nullif(one->>'name', ''), one->>'email'), ', ')
          from jsonb_array_elements(email.to_list) one), '')
        else coalesce(nullif(email.from_list->0->>'name', ''), email.from_list->0->>'email', message.sender)
      end as person,
      submission.message_id is not null as submitted,
      candidate.id in (select id from caught) or (email.id is null and message.received_at <= ${closedAt}
        and exists (select from delivery where delivery.message_id = message.id
          and (message.received_at >= ${openedAt} or coalesce(delivery.settled_at, now()) >= ${openedAt}))
        and coalesce(restored.action, 'deleted') in ('deleted', 'trashed', 'expunged')) as in_window,
      folder.role, folder.name as folder, restored.action, restored.error,
      ${unfinished} and email_change.email_id is not null as open,
      counted.waiting, counted.delivered, counted.failed
    from candidate
    left join email on email.id = candidate.id
    left join folder on folder.id = email.folder_id
    left join restored on restored.email_id = candidate.id and restored.restoration_id = ${restorationId}
    left join email_change on email_change.email_id = candidate.id
    join message on message.id = coalesce(email.message_id, restored.message_id, email_change.message_id)
    left join lateral (
      select message_id from submission where submission.email_id = candidate.id
        and send_at >= ${openedAt} and send_at <= ${closedAt} order by send_at limit 1
    ) submission on true
    cross join lateral (
      select count(*) filter (where recipient.state = 'waiting')::int as waiting,
        count(*) filter (where recipient.state = 'delivered')::int as delivered,
        count(*) filter (where recipient.state in ('failed', 'cancelled'))::int as failed
      from recipient join delivery on delivery.id = recipient.delivery_id
      where case when submission.message_id is not null then delivery.message_id = submission.message_id
        else exists (select from email_recipient ref where ref.email_id = candidate.id
          and ref.delivery_id = recipient.delivery_id and ref.address = recipient.address) end
        and (submission.message_id is null or recipient.state <> 'cancelled')
        and delivery.message_id = coalesce(submission.message_id, message.id)
    ) counted
    order by message.received_at, candidate.id`.execute(db)
  return rows.map(row => ({
    emailId: row.email_id,
    messageId: row.message_id,
    subject: row.subject,
    person: row.person,
    at: row.at,
    copy: row.copy,
    submitted: row.submitted,
    inWindow: row.in_window,
    folder: row.folder === null ? null : { role: row.role, name: row.folder },
    waiting: row.waiting,
    delivered: row.delivered,
    failed: row.failed,
    action: row.action,
    error: row.error,
    open: row.open,
  }))
}
