/**
 * Decides anew about recipients that the scan held: delivered after all, into the Junk folder, or into the
 * quarantine. Whoever gets it sees it from now on: the e-mails that were not made at acceptance are made here,
 * from the content in the spool.
 *
 * Contents are read before the transaction (`readHeld`), the rows locked and looked at again within it: two
 * admins, or an admin and the scan, do it once. A crash before the commit leaves everything as it was.
 */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import type { ScanHold } from '../db/schema/delivery.ts'
import type { ScanRecord } from '../db/schema/scan.ts'
import { emptySummary } from '../mail/summary.ts'
import { queueAgain } from '../queue/deliveries.ts'
import { isScanHold } from '../queue/scan-holds.ts'
import { touchMessages } from '../queue/touch.ts'
import type { Disposition, Envelope, Location, Note, SpoolReader } from '../spool/types.ts'
import { SpoolError } from '../spool/types.ts'
import { lockMailboxes } from './insert.ts'
import { insertEmails } from './insert-emails.ts'
import { noNotes } from './notes.ts'
import { planMessage, type Router } from './plan.ts'
import { prepare } from './prepare.ts'
import type { Prepared } from './rows.ts'
import { separate } from './separate.ts'

/** A delivery that the scan holds, as it was when it was read. */
export type HeldDelivery = {
  deliveryId: string
  messageId: string
  organizationId: string | null
  reason: ScanHold
  envelope: Envelope
  location: Location
  size: number
  /** Those that still wait. */
  addresses: string[]
}

/** Of the given deliveries those that the scan holds, in the order of their ids. */
export async function heldDeliveries(db: Executor, ids: readonly string[]): Promise<HeldDelivery[]> {
  if (ids.length === 0) return []
  const { rows } = await sql<{
    id: string
    message_id: string
    organization_id: string | null
    hold_reason: ScanHold
    envelope: Envelope
    segment: string
    position: number
    size: number
    addresses: string[]
  }>`
    select delivery.id, delivery.message_id, delivery.organization_id, delivery.hold_reason, message.envelope,
      message.segment, message.position, message.size,
      array(select address from recipient where recipient.delivery_id = delivery.id and recipient.state = 'waiting'
        order by address) as addresses
    from delivery join message on message.id = delivery.message_id
    where delivery.id = any(${[...new Set(ids)]}::uuid[]) and delivery.state = 'held'
      and delivery.hold_reason in ('spam', 'quarantine', 'scan') and message.removed_at is null
    order by delivery.id`.execute(db)
  return rows.map(row => ({
    deliveryId: row.id,
    messageId: row.message_id,
    organizationId: row.organization_id,
    reason: row.hold_reason,
    envelope: row.envelope,
    location: { segment: row.segment, position: row.position },
    size: row.size,
    addresses: row.addresses,
  }))
}

/** What becomes of one recipient; null: it is delivered. */
export type Decision = { held: HeldDelivery; to: ReadonlyMap<string, Disposition | null> }
export type Ready = Decision & { prepared: Prepared }

/** Reads what is needed to make e-mails. What is damaged is delivered or kept without its words. */
export async function readHeld(
  reader: SpoolReader,
  decisions: readonly Decision[],
  directory: Router,
): Promise<Ready[]> {
  const ready: Ready[] = []
  for (const decision of decisions) {
    const { held, to } = decision
    const recipients = held.envelope.recipients.flatMap(({ disposition: _, ...recipient }) => {
      const now = to.get(recipient.address)
      if (now === undefined || now === 'quarantine' || now === 'unscanned') return []
      return [{ ...recipient, ...(now && { disposition: now }) }]
    })
    const { copy: _copy, ...rest } = held.envelope
    const envelope: Envelope = { ...rest, recipients }
    const accepted = { envelope, location: held.location, size: held.size }
    const unread = {
      ...accepted,
      summary: emptySummary(),
      plan: planMessage(envelope, directory),
      pending: false,
    }
    // Spam is in its Junk folder already: there is nothing to make.
    if (held.reason === 'spam' || recipients.length === 0) {
      ready.push({ ...decision, prepared: { ...unread, plan: { ...unread.plan, emails: [] } } })
      continue
    }
    const prepared = await prepare(reader, accepted, directory).catch(error => {
      if (error instanceof SpoolError && (error.code === 'missing' || error.code === 'damaged')) return unread
      throw error
    })
    ready.push({ ...decision, prepared })
  }
  return ready
}

export type Disposed = {
  notes: Note[] /** Deliveries whose recipients were decided about. */
  changed: HeldDelivery[]
}

/** In one transaction for all of them. @param scans new results of scans, by message id */
export async function dispose(
  tx: Executor,
  ready: readonly Ready[],
  now: Date,
  scans: ReadonlyMap<string, ScanRecord> = new Map(),
): Promise<Disposed> {
  if (ready.length === 0) return { notes: [], changed: [] }
  const locked = await tx
    .selectFrom('delivery')
    .select(['id', 'state', 'hold_reason'])
    .where(
      'id',
      'in',
      ready.map(one => one.held.deliveryId),
    )
    .orderBy('id')
    .forUpdate()
    .execute()
  const still = new Map(locked.map(row => [row.id, row.state === 'held' ? row.hold_reason : null]))
  const valid = ready.filter(({ held }) => {
    const reason = still.get(held.deliveryId) ?? null
    return isScanHold(reason) && reason === held.reason
  })
  for (const { held } of valid) {
    const scan = scans.get(held.messageId)
    if (!scan) continue
    await tx
      .updateTable('message')
      .set({ scan: JSON.stringify(scan) })
      .where('id', '=', held.messageId)
      .execute()
  }
  const links = new Map<string, Map<string, string>>()
  const notes: Note[] = []
  const released: string[] = []
  for (const { held, to } of valid) {
    const groups = Map.groupBy(
      held.addresses.filter(address => to.has(address)),
      address => to.get(address) ?? null,
    )
    for (const [disposition, addresses] of groups) {
      const id = await separate(tx, held.deliveryId, addresses)
      const byAddress = links.get(held.messageId) ?? new Map<string, string>()
      links.set(held.messageId, byAddress)
      for (const address of addresses) byAddress.set(address, id)
      if (disposition === null) released.push(id)
      else await holdAs(tx, id, HELD[disposition])
      if (disposition === 'quarantine' || disposition === 'unscanned') continue
      const kind = disposition ? ('junked' as const) : ('released' as const)
      for (const address of addresses)
        notes.push({ kind, messageId: held.messageId, address, at: now.toISOString() })
    }
  }
  await makeEmails(tx, valid, links)
  await outOfJunk(
    tx,
    released.filter(id => valid.some(one => one.held.reason === 'spam' && linkedTo(links, one.held, id))),
  )
  await queueAgain(tx, released, now)
  await touchMessages(tx, [...new Set(valid.map(one => one.held.messageId))])
  return { notes, changed: valid.map(one => one.held) }
}

const HELD = { junk: 'spam', quarantine: 'quarantine', unscanned: 'scan' } as const

const linkedTo = (links: Map<string, Map<string, string>>, held: HeldDelivery, id: string) =>
  held.addresses.some(address => links.get(held.messageId)?.get(address) === id)

async function holdAs(tx: Executor, id: string, reason: ScanHold): Promise<void> {
  await tx
    .updateTable('delivery')
    .set({ state: 'held', hold_reason: reason, backlog: false, next_attempt_at: null })
    .where('id', '=', id)
    .execute()
}

/** A mailbox can have the message already, by another of its recipients: then that e-mail stands for both. */
async function makeEmails(
  tx: Executor,
  ready: readonly Ready[],
  links: ReadonlyMap<string, ReadonlyMap<string, string>>,
): Promise<void> {
  const mailboxes = await lockMailboxes(
    tx,
    ready.map(one => one.prepared),
  )
  if (mailboxes.size === 0) return
  const there = await tx
    .selectFrom('email')
    .select(['id', 'mailbox_id', 'message_id'])
    .where('message_id', 'in', [...new Set(ready.map(one => one.held.messageId))])
    .where('copy', '=', false)
    .execute()
  const known = new Map(there.map(row => [`${row.message_id} ${row.mailbox_id}`, row.id]))
  const made = new Set<string>()
  for (const { prepared } of ready) {
    const missing = prepared.plan.emails.filter(email => {
      const key = `${prepared.envelope.id} ${email.mailboxId}`
      const again = known.has(key) || made.has(key)
      made.add(key)
      return !again
    })
    await insertEmails(
      tx,
      [{ ...prepared, plan: { ...prepared.plan, emails: missing } }],
      mailboxes,
      links,
      noNotes,
    )
    // Its changes are told: what this mailbox gets next is a change after it.
    for (const { mailboxId } of missing) {
      const mailbox = mailboxes.get(mailboxId)
      if (mailbox) mailbox.modseq += 1
    }
    for (const email of prepared.plan.emails) {
      const id = known.get(`${prepared.envelope.id} ${email.mailboxId}`)
      for (const address of id ? email.addresses : []) {
        const delivery = links.get(prepared.envelope.id)?.get(address)
        if (!id || !delivery) continue
        await tx
          .insertInto('email_recipient')
          .values({ email_id: id, delivery_id: delivery, address })
          .onConflict(conflict => conflict.doNothing())
          .execute()
      }
    }
  }
}

/** An admin's release of spam: it goes where it would have gone. */
async function outOfJunk(tx: Executor, deliveryIds: readonly string[]): Promise<void> {
  if (deliveryIds.length === 0) return
  await sql`
    with spam as (
      select email.id, email.mailbox_id, junk.id as junk_id, inbox.id as inbox_id from email
      join folder junk on junk.id = email.folder_id and junk.role = 'junk'
      join folder inbox on inbox.mailbox_id = email.mailbox_id and inbox.role = 'inbox'
      where email.id in (select email_id from email_recipient where delivery_id = any(${deliveryIds}::uuid[]))
    ), raised as (
      update mailbox set modseq = modseq + 1 where id in (select mailbox_id from spam) returning id, modseq
    ), moved as (
      update email set folder_id = spam.inbox_id, moved_at = now(), updated_modseq = raised.modseq
      from spam, raised where email.id = spam.id and raised.id = spam.mailbox_id
    )
    update folder set counts_modseq = raised.modseq from spam, raised
    where raised.id = spam.mailbox_id and folder.id in (spam.junk_id, spam.inbox_id)`.execute(tx)
}
