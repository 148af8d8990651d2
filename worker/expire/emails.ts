/**
 * Takes e-mails out of mailboxes whose time here is over:
 * - history: mail that its backend has accepted, once it is older than its mailbox's (else the domain's, else the
 *   organization's) history, and only while the backend is up: nobody loses sight of it in the middle of an outage. Copies of
 *   sent mail and drafts exist only here, and stay.
 * - Trash, 30 days after it came there; Junk, as long as QUARANTINE_DAYS says.
 * Clients hear of it as of any other deletion (tombstones, modseq).
 */

import { DAY } from '@restante/core/continuity/retry.ts'
import type { Db } from '@restante/core/db/connection.ts'
import { inTransaction } from '@restante/core/db/transaction.ts'
import { cancelDeleted, lockDeliveries } from '@restante/core/ingest/trash.ts'
import type { Note } from '@restante/core/spool/types.ts'
import { sql } from 'kysely'

export const TRASH_AGE = 30 * DAY

const BATCH = 500

type Found = { id: string; mailbox_id: string }

/** @returns how many went; call again while it is a whole batch */
export async function expireHistory(db: Db, now: Date): Promise<{ removed: number; notes: Note[] }> {
  const { rows } = await sql<Found>`
    select e.id, e.mailbox_id from email e
    join mailbox m on m.id = e.mailbox_id
    join organization o on o.id = m.organization_id
    left join domain d on d.name = split_part(m.address, '@', 2)
    where not e.copy
      and e.received_at <= ${now}::timestamptz - make_interval(days => coalesce(m.history_days, d.history_days, o.history_days))
      and exists (select from email_recipient er where er.email_id = e.id)
      and not exists (
        select from email_recipient er
        join recipient r on r.delivery_id = er.delivery_id and r.address = er.address
        join delivery on delivery.id = er.delivery_id
        left join backend b on b.id = delivery.backend_id
        where er.email_id = e.id and (
          r.state not in ('delivered', 'failed')
          or r.settled_at > ${now}::timestamptz - make_interval(days => coalesce(m.history_days, d.history_days, o.history_days))
          or coalesce(case when b.override_until is null or b.override_until > ${now} then b.override end,
            b.health, 'up') <> 'up'))
    limit ${BATCH}`.execute(db)
  return await remove(db, rows, now)
}

/** @returns how many went; call again while it is a whole batch */
export async function expireTrash(db: Db, now: Date): Promise<{ removed: number; notes: Note[] }> {
  return await expireFolder(db, 'trash', TRASH_AGE, now)
}

/** @param age ms that e-mails stay in a folder of this role */
export async function expireFolder(
  db: Db,
  role: 'trash' | 'junk',
  age: number,
  now: Date,
): Promise<{ removed: number; notes: Note[] }> {
  const rows = await db
    .selectFrom('email')
    .innerJoin('folder', 'folder.id', 'email.folder_id')
    .select(['email.id', 'email.mailbox_id'])
    .where('folder.role', '=', role)
    .where('email.moved_at', '<=', new Date(now.getTime() - age))
    .limit(BATCH)
    .execute()
  return await remove(db, rows, now)
}

async function remove(
  db: Db,
  found: readonly Found[],
  now: Date,
): Promise<{ removed: number; notes: Note[] }> {
  const notes: Note[] = []
  for (const [mailboxId, emails] of Map.groupBy(found, row => row.mailbox_id)) {
    const ids = emails.map(row => row.id)
    notes.push(
      ...(await inTransaction(db, async tx => {
        await lockDeliveries(tx, ids)
        const cancelled = await cancelDeleted(tx, ids, now, true)
        // Nobody deleted them: they stay at their own server.
        await sql`select set_config('restante.expiring', 'on', true)`.execute(tx)
        await sql`
          with raised as (
            update mailbox set modseq = modseq + 1 where id = ${mailboxId} returning modseq
          ), gone as (
            delete from email where mailbox_id = ${mailboxId} and id = any(${ids}::uuid[])
            returning id, folder_id, thread_id, created_modseq
          ), told as (
            insert into tombstone (mailbox_id, type, object_id, modseq, created_modseq, thread_id)
            select ${mailboxId}::uuid, 'Email', gone.id, raised.modseq, gone.created_modseq, gone.thread_id
            from gone, raised
          ), counted as (
            update folder set counts_modseq = raised.modseq from raised
            where folder.id in (select folder_id from gone)
          )
          select pg_notify('mail', ${mailboxId}) from raised`.execute(tx)
        return cancelled
      })),
    )
  }
  return { removed: found.length, notes }
}
