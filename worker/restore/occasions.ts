/**
 * What there is to restore: incidents, and periods of chosen people, that are over; drafts that were changed after
 * they had been brought to their server. And what nobody waits for: changes made while all was well.
 */
import type { Db, Executor } from '@restante/core/db/connection.ts'
import { sql } from 'kysely'
import { firstIdOf, LEAD } from './work.ts'

/** How long a draft that we brought is followed, in ms. */
const FOLLOWED = 30 * 86_400_000

/** Makes a restoration of each incident that is over, and of each period, with a row for each mailbox. */
export async function takeUpRestorations(db: Db, now: Date): Promise<number> {
  return await db.transaction().execute(async tx => {
    const { rows } = await sql<{ id: string }>`
      insert into restoration (id, kind, organization_id, backend_id, opened_at, closed_at)
      select incident.id, 'incident', backend.organization_id, backend.id, incident.opened_at, incident.closed_at
      from incident join backend on backend.id = incident.backend_id
      where incident.closed_at > ${new Date(now.getTime() - FOLLOWED)}
        and not exists (select from restoration where restoration.id = incident.id)
      on conflict do nothing returning id`.execute(tx)
    const periods = await takeUpPeriods(tx, now)
    for (const id of [...rows.map(row => row.id), ...periods]) await addMailboxes(tx, id)
    return rows.length + periods.length
  })
}

/**
 * A drill, or another period, that is over and was no incident of its backend: each time of one that repeats is a
 * row of its own then. One that is for people of several backends is taken up for the backend of most of them.
 */
async function takeUpPeriods(tx: Executor, now: Date): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    insert into restoration (id, kind, organization_id, backend_id, opened_at, closed_at)
    select period.id, 'period', period.organization_id, whose.backend_id, period.starts_at, period.closed_at
    from period cross join lateral (
      select domain.backend_id from ${mailboxesOf}
      where domain.backend_id is not null group by domain.backend_id order by count(*) desc, 1 limit 1
    ) whose
    where period.closed_at > ${new Date(now.getTime() - FOLLOWED)} and period.starts_at < period.closed_at
      and not exists (select from incident where incident.period_id = period.id
        or (incident.backend_id = period.backend_id
          and incident.opened_at between period.starts_at and period.closed_at))
      and not exists (select from restoration where restoration.id = period.id)
    on conflict do nothing returning id`.execute(tx)
  return rows.map(row => row.id)
}

/** The mailboxes that a period is for, with their domains; `period` is in scope. */
const mailboxesOf = sql`mailbox join domain on domain.name = split_part(mailbox.address, '@', 2)
  and (domain.backend_id = period.backend_id or domain.id = period.domain_id
    or exists (select from period_mailbox where period_mailbox.period_id = period.id
      and period_mailbox.mailbox_id = mailbox.id))`

/** A mailbox in which nobody did anything has nothing to carry. */
async function addMailboxes(tx: Executor, restorationId: string): Promise<void> {
  const { opened_at: openedAt } = await tx
    .selectFrom('restoration')
    .select('opened_at')
    .where('id', '=', restorationId)
    .executeTakeFirstOrThrow()
  const since = firstIdOf(new Date(openedAt.getTime() - LEAD))
  await sql`
    insert into restore (restoration_id, mailbox_id, state, way, finished_at)
    select restoration.id, mailbox.id, case when busy then 'due' else 'done' end, case when not busy then 'none' end,
      case when not busy then now() end
    from restoration
    join domain on domain.backend_id = restoration.backend_id
    join mailbox on split_part(mailbox.address, '@', 2) = domain.name
    cross join lateral (select exists (select from email_change where email_change.mailbox_id = mailbox.id)
      or exists (select from folder_change where folder_change.mailbox_id = mailbox.id)
      or exists (select from email where email.mailbox_id = mailbox.id and email.copy and email.id >= ${since})
      as busy) looked
    where restoration.id = ${restorationId} and (restoration.kind = 'incident' or exists (
      select from period where period.id = restoration.id and (period.backend_id = domain.backend_id
        or period.domain_id = domain.id or exists (select from period_mailbox
          where period_mailbox.period_id = period.id and period_mailbox.mailbox_id = mailbox.id))))
    on conflict do nothing`.execute(tx)
}

/** A draft that we had brought was changed, sent or discarded since: its mailbox is looked at again. */
export async function takeUpDrafts(db: Db, now: Date): Promise<void> {
  await sql`
    update restore set state = 'due', next_at = ${now}, attempts = 0
    from (
      select distinct on (restored.mailbox_id) restored.mailbox_id, restored.restoration_id
      from email_change join restored on restored.email_id = email_change.email_id and restored.action = 'appended'
      where restored.at > ${new Date(now.getTime() - FOLLOWED)}
      order by restored.mailbox_id, restored.at desc
    ) again
    where restore.mailbox_id = again.mailbox_id and restore.restoration_id = again.restoration_id
      and restore.state = 'done'`.execute(db)
}

/**
 * Forgets changes made while their backend was up and nothing had to be carried: they are nobody's business but
 * the webmail's. Those of the last minutes stay, for an incident that has begun and is not known yet.
 */
export async function pruneChanges(db: Db, now: Date): Promise<void> {
  const before = new Date(now.getTime() - LEAD)
  const followed = new Date(now.getTime() - FOLLOWED)
  const nobodyWaits = sql`
      not exists (select from incident where incident.backend_id = backend.id and incident.closed_at is null)
      and not exists (select from incident where incident.backend_id = backend.id
        and not exists (select from restoration where restoration.id = incident.id)
        and incident.closed_at > ${followed})
      and not exists (select from period where period.organization_id = mailbox.organization_id
        and period.starts_at <= ${now} and (period.closed_at is null or (period.closed_at > ${followed}
          and not exists (select from restoration where restoration.id = period.id)
          and not exists (select from incident where incident.period_id = period.id)
          and period.closed_at > ${before})))
      and not exists (select from restore where restore.mailbox_id = mailbox.id and restore.state = 'due')`
  const theirBackend = sql`
    mailbox join domain on domain.name = split_part(mailbox.address, '@', 2)
    join backend on backend.id = domain.backend_id`
  await sql`
    delete from email_change using ${theirBackend}
    where mailbox.id = email_change.mailbox_id and email_change.last_at < ${before} and ${nobodyWaits}
      and not exists (select from restored where restored.email_id = email_change.email_id
        and restored.action = 'appended' and restored.at > ${followed})`.execute(db)
  await sql`
    delete from folder_change using ${theirBackend}
    where mailbox.id = folder_change.mailbox_id and folder_change.at < ${before} and ${nobodyWaits}`.execute(
    db,
  )
}
