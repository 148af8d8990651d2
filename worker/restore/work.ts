/**
 * What of one mailbox has to be carried to its own server, read from the rows, and what that means there.
 *
 * Two kinds of e-mails come into it: those that were changed here (`email_change` says how they were when both
 * were last the same), and those that exist here only and were made since continuity opened. What arrived and
 * was delivered as it came is the same already. `meaning` is pure.
 */
import type { Executor } from '@restante/core/db/connection.ts'
import type { FolderRole } from '@restante/core/db/schema/mail.ts'
import type { Location } from '@restante/core/spool/types.ts'
import { sql } from 'kysely'
import type { Place } from './folders.ts'
import { flagChange, flagOf, type Wanted } from './plan.ts'

/** How early before an incident was known it may have begun, in ms: what was written then counts too. */
export const LEAD = 5 * 60_000

/** kept: held for another reason than the backend, and not on its way there. none: it was never to go there. */
export type Delivered = 'delivered' | 'waiting' | 'cancelled' | 'failed' | 'kept' | 'none'

export type Item = {
  emailId: string
  messageId: string
  /** Without angle brackets. */
  headerId: string | null
  /** Made here: sent, a draft, imported. */
  copy: boolean
  /** As it was; null: unchanged since it was made. */
  base: { folderId: string; keywords: string[] } | null
  /** Of the change that was read. */
  revision: number | null
  /** null: destroyed. */
  now: { folderId: string; role: FolderRole | null; keywords: string[] } | null
  receivedAt: Date
  size: number
  location: Location | null
  delivery: Delivered
  /** When the backend took it. */
  deliveredAt: Date | null
  /** An earlier restoration, or an interrupted one, put it there. */
  appended: boolean
}

/** Everything of a mailbox that may have to be carried. */
export async function readWork(db: Executor, mailboxId: string, openedAt: Date): Promise<Item[]> {
  const since = firstIdOf(new Date(openedAt.getTime() - LEAD))
  const { rows } = await sql<{
    email_id: string
    message_id: string
    header_message_ids: string[]
    copy: boolean
    base_folder: string | null
    base_keywords: string[] | null
    revision: number | null
    folder_id: string | null
    role: FolderRole | null
    keywords: string[] | null
    received_at: Date
    size: number
    segment: string | null
    position: number | null
    delivery: Delivered
    delivered_at: Date | null
    appended: boolean
  }>`
    with item as (
      select email_id, message_id, copy, header_message_ids, received_at, size, recipients
      from email_change where mailbox_id = ${mailboxId}
      union all
      select id, message_id, copy, header_message_ids, received_at, size, '[]' from email
      where mailbox_id = ${mailboxId} and copy and id >= ${since}
        and not exists (select from email_change where email_change.email_id = email.id)
        and not exists (select from restored where restored.email_id = email.id and restored.action <> 'failed')
    )
    select item.email_id, item.message_id, item.header_message_ids, item.copy, item.received_at, item.size,
      email_change.folder_id as base_folder, email_change.keywords as base_keywords, email_change.revision,
      email.folder_id, folder.role, email.keywords,
      case when message.removed_at is null then message.segment end as segment, message.position,
      sent.delivery, sent.delivered_at,
      exists (select from restored where restored.email_id = item.email_id and restored.action = 'appended') as appended
    from item
    left join email_change on email_change.email_id = item.email_id
    left join email on email.id = item.email_id
    left join folder on folder.id = email.folder_id
    left join message on message.id = item.message_id
    cross join lateral (
      select max(recipient.settled_at) filter (where recipient.state = 'delivered') as delivered_at,
        case
          when count(*) filter (where recipient.state = 'delivered') > 0 then 'delivered'
          when count(*) filter (where recipient.state = 'waiting' and not (delivery.state = 'held'
            and coalesce(delivery.hold_reason, '') in ('spam', 'quarantine', 'scan'))) > 0 then 'waiting'
          when count(*) filter (where recipient.state = 'waiting') > 0 then 'kept'
          when count(*) filter (where recipient.state = 'cancelled') > 0 then 'cancelled'
          when count(*) > 0 then 'failed' else 'none' end as delivery
      from (
        select delivery_id, address from email_recipient where email_recipient.email_id = item.email_id
        union
        select (ref->>'deliveryId')::uuid, ref->>'address' from jsonb_array_elements(item.recipients) ref
      ) ref
      join recipient on recipient.delivery_id = ref.delivery_id and recipient.address = ref.address
      join delivery on delivery.id = ref.delivery_id
    ) sent
    order by item.email_id`.execute(db)
  return rows.map(row => ({
    emailId: row.email_id,
    messageId: row.message_id,
    headerId: row.header_message_ids[0] ?? null,
    copy: row.copy,
    base: row.base_folder === null ? null : { folderId: row.base_folder, keywords: row.base_keywords ?? [] },
    revision: row.revision,
    now:
      row.folder_id === null
        ? null
        : { folderId: row.folder_id, role: row.role, keywords: row.keywords ?? [] },
    receivedAt: row.received_at,
    size: row.size,
    location:
      row.segment === null || row.position === null ? null : { segment: row.segment, position: row.position },
    delivery: row.delivery,
    deliveredAt: row.delivered_at,
    appended: row.appended,
  }))
}

/** Ids of rows carry the time they were made at (RFC 9562 §5.7). */
export function firstIdOf(at: Date): string {
  const hex = Math.max(0, at.getTime()).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7000-8000-000000000000`
}

export type Circumstances = {
  openedAt: Date
  /** What the organization wants of mail that was deleted here. */
  deleted: 'trash' | 'none'
  place(folderId: string): Place | null
  trash: Place
}

export type Meaning =
  | { type: 'nothing' }
  /** Its delivery is not settled yet: look again. */
  | { type: 'later' }
  | { type: 'carry'; wanted: Wanted[] }

const nothing: Meaning = { type: 'nothing' }
const carry = (...wanted: Wanted[]): Meaning => ({ type: 'carry', wanted })

/** What an e-mail's state here means for its own server. */
export function meaning(item: Item, at: Circumstances): Meaning {
  return item.copy ? meaningOfCopy(item, at) : meaningOfReceived(item, at)
}

function meaningOfCopy(item: Item, at: Circumstances): Meaning {
  const { emailId, messageId, headerId, now, appended } = item
  const base = { emailId, messageId, headerId }
  if (!now) return appended ? carry({ ...base, type: 'withdrawn' }) : nothing
  if (now.role === 'trash' && at.deleted === 'none') {
    return appended ? carry({ ...base, type: 'withdrawn' }) : nothing
  }
  const place = now.role === 'trash' ? at.trash : at.place(now.folderId)
  if (!place) return nothing
  const flags = now.keywords.map(flagOf)
  return carry({ ...base, type: 'ours', target: place.path, flags, appended, once: now.role === 'drafts' })
}

function meaningOfReceived(item: Item, at: Circumstances): Meaning {
  const { emailId, messageId, headerId, now, delivery, appended } = item
  const base = { emailId, messageId, headerId }
  const moved = now !== null && now.folderId !== (item.base?.folderId ?? now.folderId)
  const trashed = now === null || (moved && now.role === 'trash')
  // Brought to Trash or Junk before, and delivered since: once is enough.
  const extra: Wanted[] =
    appended && (delivery === 'delivered' || delivery === 'waiting') ? [{ ...base, type: 'withdrawn' }] : []
  switch (delivery) {
    case 'waiting':
      return { type: 'later' }
    case 'delivered': {
      const mayGo = at.deleted === 'none' && item.deliveredAt !== null && item.deliveredAt >= at.openedAt
      if (now === null || (trashed && at.deleted === 'none')) {
        const trash = mayGo ? null : at.trash.path
        return carry({ ...base, type: 'deleted', trash, spare: at.trash.path }, ...extra)
      }
      const change = flagChange(item.base?.keywords ?? now.keywords, now.keywords)
      const target = moved ? ((trashed ? at.trash : at.place(now.folderId))?.path ?? null) : null
      if (target === null && change.add.length === 0 && change.remove.length === 0) return nothing
      return carry({ ...base, type: 'delivered', target, ...change }, ...extra)
    }
    case 'cancelled':
    case 'kept': {
      if (!now || !moved) return nothing
      const flags = now.keywords.map(flagOf)
      if (now.role === 'trash' && at.deleted === 'trash') {
        return carry({ ...base, type: 'ours', target: at.trash.path, flags, appended, once: true })
      }
      const junk = now.role === 'junk' ? at.place(now.folderId) : null
      if (junk) return carry({ ...base, type: 'ours', target: junk.path, flags, appended, once: true })
      return nothing
    }
    case 'failed':
    case 'none':
      return nothing
    default:
      return delivery satisfies never
  }
}
