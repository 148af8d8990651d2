/**
 * What a drill found: who came, what they did here, and what would not have worked. Counted from the rows; what
 * has no time of its own (read, answered, starred) is the difference to what was counted when the drill began.
 */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import type { Row } from '../db/schema.ts'
import { couldSignIn } from '../directory/ways-in.ts'

export type Use = {
  /** People with a mailbox in it. */
  people: number
  /** Of them, those who used the webmail meanwhile. */
  came: number
  /** Addresses of those who could not have signed in: they have no way in. At most fifty. */
  withoutPassword: string[]
  /** Addresses of those who did not come, though they could. At most fifty. */
  absent: string[]
  received: number
  /** Of what was received, how much the backend has not accepted yet, and what it refused. */
  notDelivered: number
  refused: number
  read: number
  answered: number
  starred: number
  deleted: number
  moved: number
  sent: number
  /** Of what was sent, how much failed. */
  sentFailed: number
}

const MOST_NAMED = 50

/** Counts for one drill, from when it was opened. */
export async function countUse(
  db: Executor,
  period: Pick<Row<'period'>, 'id' | 'backend_id' | 'domain_id' | 'opened_at' | 'baseline'>,
  now: Date,
): Promise<Use> {
  const since = period.opened_at ?? now
  const inIt = sql<boolean>`(
    exists (select from period_mailbox pm where pm.period_id = ${period.id}::uuid and pm.mailbox_id = mailbox.id)
    or exists (select from domain where domain.name = split_part(mailbox.address, '@', 2)
      and (domain.id = ${period.domain_id}::uuid or domain.backend_id = ${period.backend_id}::uuid)))`
  const people = await sql<{ address: string; came: boolean; password: boolean }>`
    select distinct person.address, coalesce(person.last_seen_at >= ${since}, false) as came,
      ${couldSignIn} as password
    from mailbox join member on member.mailbox_id = mailbox.id join person on person.id = member.person_id
    where ${inIt} order by 1`.execute(db)
  const { rows: marks } = await sql<{ read: number; answered: number; starred: number }>`
    select count(*) filter (where '$seen' = any(keywords))::int as read,
      count(*) filter (where '$answered' = any(keywords))::int as answered,
      count(*) filter (where '$flagged' = any(keywords))::int as starred
    from email join mailbox on mailbox.id = email.mailbox_id where not copy and ${inIt}`.execute(db)
  const { rows: done } = await sql<{
    received: number
    notDelivered: number
    refused: number
    deleted: number
    moved: number
    sent: number
    sentFailed: number
  }>`
    with here as materialized (select mailbox.id from mailbox where ${inIt}),
    got as (
      select email.id, bool_or(r.state = 'waiting') as waits, bool_or(r.state = 'failed') as failed
      from email join here on here.id = email.mailbox_id
      join email_recipient er on er.email_id = email.id
      join recipient r on r.delivery_id = er.delivery_id and r.address = er.address
      where email.received_at >= ${since} and not email.copy group by email.id
    ), wrote as (
      select submission.id, exists (select from delivery d where d.message_id = submission.message_id
        and d.state = 'failed') as failed
      from submission join here on here.id = submission.mailbox_id where submission.send_at >= ${since}
    ), moves as (
      select folder.role from email join here on here.id = email.mailbox_id
      join folder on folder.id = email.folder_id
      where email.moved_at >= ${since} and email.received_at < email.moved_at - interval '1 second' and not email.copy
    )
    select (select count(*) from got)::int as received,
      (select count(*) from got where waits)::int as "notDelivered",
      (select count(*) from got where failed)::int as refused,
      ((select count(*) from moves where role = 'trash')
        + (select count(*) from tombstone join here on here.id = tombstone.mailbox_id
          where type = 'Email' and at >= ${since}))::int as deleted,
      (select count(*) from moves where role is distinct from 'trash')::int as moved,
      (select count(*) from wrote)::int as sent,
      (select count(*) from wrote where failed)::int as "sentFailed"`.execute(db)
  const base = (period.baseline ?? {}) as Partial<Use>
  const more = (name: 'read' | 'answered' | 'starred') =>
    Math.max(0, (marks[0]?.[name] ?? 0) - (base[name] ?? 0))
  const named = (list: typeof people.rows) => list.slice(0, MOST_NAMED).map(one => one.address)
  return {
    people: people.rows.length,
    came: people.rows.filter(one => one.came).length,
    withoutPassword: named(people.rows.filter(one => !one.password)),
    absent: named(people.rows.filter(one => one.password && !one.came)),
    ...done[0]!,
    read: more('read'),
    answered: more('answered'),
    starred: more('starred'),
  }
}
