/**
 * A batch of messages as rows: message, deliveries with their recipients, and an e-mail in each mailbox.
 *
 * Runs in one transaction and is idempotent: a message that is there already is left as it is (only where it
 * stands in the spool is set right). Locks in the order that everybody keeps: backends, then mailboxes.
 */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import { newId } from '../db/id.ts'
import { notify } from '../db/notify.ts'
import type { FolderRole, NewRow, RecipientState, Row } from '../db/schema.ts'
import { emptySummary, type Summary } from '../mail/summary.ts'
import { joinThread, type ThreadMember, threadKeys } from '../mail/thread.ts'
import { effectiveHealth, mayFlow } from '../queue/flow.ts'
import type { Enqueued } from '../queue/names.ts'
import type { Envelope, EnvelopeRecipient, Location } from '../spool/types.ts'
import { type Notes, noNotes, type SettledNote } from './notes.ts'
import type { Plan, PlannedDelivery, PlannedEmail } from './plan.ts'

/** A message read and planned, ready to be inserted. */
export type Prepared = {
  envelope: Envelope
  location: Location
  size: number
  /** null: it was not read. */
  summary: Summary | null
  plan: Plan
}

export type Inserted = {
  /** Messages that were new. */
  messages: number
  /** Deliveries that can be tried now, in the order of their messages. */
  queued: Enqueued[]
}

/** Rows in one INSERT: PostgreSQL takes 65,535 parameters. */
const CHUNK = 1_000

export async function insertMessages(
  tx: Executor,
  prepared: readonly Prepared[],
  now: Date,
  notes: Notes = noNotes,
): Promise<Inserted> {
  const wanted = prepared.filter(({ envelope }) => !notes.removed.has(envelope.id))
  const backends = await lockBackends(tx, wanted)
  const organizations = await existing(tx, 'organization', organizationIds(wanted))
  const mailboxes = await lockMailboxes(tx, wanted)
  const fresh = await insertMessageRows(tx, wanted, organizations)
  const rows = wanted.filter(({ envelope }) => fresh.has(envelope.id))

  const deliveries: NewRow<'delivery'>[] = []
  const recipients: NewRow<'recipient'>[] = []
  const queued: Enqueued[] = []
  const links = new Map<string, Map<string, string>>()
  for (const one of rows) {
    const noted = notes.recipients.get(one.envelope.id)
    for (const planned of one.plan.deliveries) {
      const made = deliveryRows(one, planned, backends, organizations, noted, now)
      deliveries.push(made.delivery)
      recipients.push(...made.recipients)
      const byAddress = links.get(one.envelope.id) ?? new Map<string, string>()
      for (const { address } of planned.recipients) byAddress.set(address, made.delivery.id)
      links.set(one.envelope.id, byAddress)
      if (made.delivery.state === 'queued') {
        const { id, backend_id, backlog } = made.delivery
        queued.push({ id, backendId: backend_id ?? null, backlog: backlog ?? false })
      }
    }
  }
  for (const chunk of chunks(deliveries)) await tx.insertInto('delivery').values(chunk).execute()
  for (const chunk of chunks(recipients)) await tx.insertInto('recipient').values(chunk).execute()
  await insertEmails(tx, rows, mailboxes, links, notes)
  return { messages: rows.length, queued }
}

type Backend = Pick<Row<'backend'>, 'id' | 'health' | 'override' | 'override_until'>

/** Shared, so that no backend changes its health between our look at it and our commit. */
async function lockBackends(tx: Executor, prepared: readonly Prepared[]): Promise<Map<string, Backend>> {
  const ids = new Set(prepared.flatMap(({ plan }) => plan.deliveries.flatMap(d => d.backendId ?? [])))
  if (ids.size === 0) return new Map()
  const rows = await tx
    .selectFrom('backend')
    .select(['id', 'health', 'override', 'override_until'])
    .where('id', 'in', [...ids])
    .orderBy('id')
    .forShare()
    .execute()
  return new Map(rows.map(row => [row.id, row]))
}

export type LockedMailbox = {
  id: string
  /** The modseq of what is changed now; it is on the row only after `raiseMailboxes`. */
  modseq: number
  folders: Map<FolderRole, string>
}

async function lockMailboxes(
  tx: Executor,
  prepared: readonly Prepared[],
): Promise<Map<string, LockedMailbox>> {
  const ids = [...new Set(prepared.flatMap(({ plan }) => plan.emails.map(email => email.mailboxId)))]
  if (ids.length === 0) return new Map()
  const rows = await tx
    .selectFrom('mailbox')
    .select(['id', 'modseq'])
    .where('id', 'in', ids)
    .orderBy('id')
    .forUpdate()
    .execute()
  const folders = await tx
    .selectFrom('folder')
    .select(['id', 'mailbox_id', 'role'])
    .where('mailbox_id', 'in', ids)
    .where('role', 'is not', null)
    .execute()
  const byMailbox = Map.groupBy(folders, folder => folder.mailbox_id)
  return new Map(
    rows.map(row => [
      row.id,
      {
        id: row.id,
        modseq: row.modseq + 1,
        folders: new Map((byMailbox.get(row.id) ?? []).map(folder => [folder.role!, folder.id])),
      },
    ]),
  )
}

function organizationIds(prepared: readonly Prepared[]): string[] {
  return prepared.flatMap(({ plan }) => [
    ...(plan.organizationId ? [plan.organizationId] : []),
    ...plan.deliveries.flatMap(delivery => delivery.organizationId ?? []),
  ])
}

/** The directory in memory can name what was removed a moment ago. */
async function existing(tx: Executor, table: 'organization', ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const rows = await tx
    .selectFrom(table)
    .select('id')
    .where('id', 'in', [...new Set(ids)])
    .execute()
  return new Set(rows.map(row => row.id))
}

/** @returns the ids of those that were not there yet */
async function insertMessageRows(
  tx: Executor,
  prepared: readonly Prepared[],
  organizations: ReadonlySet<string>,
): Promise<Set<string>> {
  const fresh = new Set<string>()
  const unique = [...new Map(prepared.map(one => [one.envelope.id, one])).values()]
  for (const chunk of chunks(unique)) {
    const rows = await tx
      .insertInto('message')
      .values(
        chunk.map(({ envelope, location, size, summary, plan }) => ({
          id: envelope.id,
          organization_id: known(plan.organizationId, organizations),
          kind: envelope.kind,
          sender: envelope.sender,
          size,
          received_at: envelope.receivedAt,
          client: JSON.stringify(envelope.client ?? {}),
          envelope: JSON.stringify(envelope),
          segment: location.segment,
          position: location.position,
          header_message_id: summary?.messageIds[0] ?? null,
          subject: summary?.subject ?? '',
        })),
      )
      .onConflict(conflict =>
        conflict.column('id').doUpdateSet(eb => ({
          segment: eb.ref('excluded.segment'),
          position: eb.ref('excluded.position'),
        })),
      )
      .returning(['id', sql<boolean>`xmax = 0`.as('inserted')])
      .execute()
    for (const row of rows) if (row.inserted) fresh.add(row.id)
  }
  return fresh
}

const known = (id: string | null, ids: ReadonlySet<string>) => (id !== null && ids.has(id) ? id : null)

function deliveryRows(
  { envelope }: Prepared,
  planned: PlannedDelivery,
  backends: ReadonlyMap<string, Backend>,
  organizations: ReadonlySet<string>,
  notes: ReadonlyMap<string, SettledNote> | undefined,
  now: Date,
): { delivery: NewRow<'delivery'> & { id: string }; recipients: NewRow<'recipient'>[] } {
  const id = newId()
  const backend = planned.backendId === null ? undefined : backends.get(planned.backendId)
  const orphaned = planned.orphaned || (planned.backendId !== null && !backend)
  const recipients = planned.recipients.map(recipient => recipientRow(id, recipient, notes))
  const settled = settledAs(recipients)
  const held = orphaned || (backend !== undefined && !mayFlow(effectiveHealth(backend, now)))
  const state = settled?.state ?? (held ? 'held' : 'queued')
  return {
    delivery: {
      id,
      message_id: envelope.id,
      organization_id: known(planned.organizationId, organizations),
      backend_id: backend?.id ?? null,
      destination: planned.destination,
      state,
      hold_reason: state === 'held' ? (orphaned ? 'admin' : 'backend') : null,
      backlog: state === 'held' && !orphaned,
      created_at: envelope.receivedAt,
      settled_at: settled?.at ?? null,
      outcome: null,
    },
    recipients,
  }
}

function recipientRow(
  deliveryId: string,
  recipient: EnvelopeRecipient,
  notes: ReadonlyMap<string, SettledNote> | undefined,
): NewRow<'recipient'> {
  const note = notes?.get(recipient.address)
  const settled = note && note.state !== 'reopened' ? { state: note.state, at: note.at } : null
  return {
    delivery_id: deliveryId,
    address: recipient.address,
    original: recipient.original ?? null,
    notify: recipient.notify ?? null,
    state: settled?.state ?? 'waiting',
    outcome: null,
    settled_at: settled?.at ?? null,
  }
}

/** The rule of core/queue for a delivery none of whose recipients waits; null while one does. */
function settledAs(
  recipients: readonly NewRow<'recipient'>[],
): { state: 'delivered' | 'failed' | 'cancelled'; at: string } | null {
  const states = new Set<RecipientState | undefined>(recipients.map(recipient => recipient.state))
  if (states.has('waiting')) return null
  const at = recipients
    .map(recipient => String(recipient.settled_at))
    .sort()
    .at(-1)!
  return { state: states.has('failed') ? 'failed' : states.has('delivered') ? 'delivered' : 'cancelled', at }
}

/** E-mails, their conversations, the mailboxes' and folders' modseqs, and the hints to whoever looks on. */
async function insertEmails(
  tx: Executor,
  rows: readonly Prepared[],
  mailboxes: ReadonlyMap<string, LockedMailbox>,
  links: ReadonlyMap<string, ReadonlyMap<string, string>>,
  notes: Notes,
): Promise<void> {
  const threads = await threadsFor(tx, rows, mailboxes)
  const emails: NewRow<'email'>[] = []
  const refs: NewRow<'email_recipient'>[] = []
  const moved: { email: PlannedEmail; messageId: string; mailbox: LockedMailbox }[] = []
  const known = await knownEmails(tx, rows)
  const touched = new Map<string, Set<string>>()
  for (const { envelope, size, plan, ...rest } of rows) {
    const summary = rest.summary ?? emptySummary()
    const keys = threadKeys(summary)
    for (const planned of plan.emails) {
      const mailbox = mailboxes.get(planned.mailboxId)
      const role = roleFor(planned, notes.recipients.get(envelope.id))
      const folderId = mailbox?.folders.get(role) ?? mailbox?.folders.get('inbox')
      if (!mailbox || !folderId) continue
      if (planned.emailId && known.get(planned.emailId) === mailbox.id) {
        moved.push({ email: planned, messageId: envelope.id, mailbox })
        continue
      }
      const id = planned.emailId && !known.has(planned.emailId) ? planned.emailId : newId()
      const threadId =
        joinThread({ keys, subject: summary.subject }, threads.get(mailbox.id) ?? []) ?? newId()
      remember(threads, mailbox.id, { threadId, keys, subject: summary.subject })
      emails.push(emailRow({ id, mailbox, folderId, threadId, keys, planned, envelope, size, summary }))
      for (const address of planned.addresses) {
        const deliveryId = links.get(envelope.id)?.get(address)
        if (deliveryId) refs.push({ email_id: id, delivery_id: deliveryId, address })
      }
      const folders = touched.get(mailbox.id) ?? new Set()
      touched.set(mailbox.id, folders.add(folderId))
    }
  }
  for (const chunk of chunks(emails)) await tx.insertInto('email').values(chunk).execute()
  for (const chunk of chunks(refs)) await tx.insertInto('email_recipient').values(chunk).execute()
  for (const one of moved) await becomeCopy(tx, one, touched)
  await insertSubmissions(tx, rows, mailboxes)
  await raiseMailboxes(tx, mailboxes, touched)
}

/** What was deleted before it was delivered comes back, if it has to, where its owner had put it. */
function roleFor(planned: PlannedEmail, notes: ReadonlyMap<string, SettledNote> | undefined): FolderRole {
  if (planned.addresses.length === 0 || !notes) return planned.role
  return planned.addresses.every(address => notes.get(address)?.state === 'cancelled')
    ? 'trash'
    : planned.role
}

function emailRow(of: {
  id: string
  mailbox: LockedMailbox
  folderId: string
  threadId: string
  keys: string[]
  planned: PlannedEmail
  envelope: Envelope
  size: number
  summary: Summary
}): NewRow<'email'> {
  const { summary } = of
  return {
    id: of.id,
    mailbox_id: of.mailbox.id,
    message_id: of.envelope.id,
    folder_id: of.folderId,
    thread_id: of.threadId,
    received_at: of.envelope.receivedAt,
    sent_at: summary.sentAt,
    size: of.size,
    subject: summary.subject,
    from_list: JSON.stringify(summary.from),
    to_list: JSON.stringify(summary.to),
    cc_list: JSON.stringify(summary.cc),
    bcc_list: JSON.stringify(summary.bcc),
    reply_to_list: JSON.stringify(summary.replyTo),
    sender_list: JSON.stringify(summary.sender),
    preview: summary.preview,
    has_attachment: summary.hasAttachment,
    header_message_ids: summary.messageIds,
    in_reply_to: summary.inReplyTo,
    reference_ids: summary.references,
    thread_keys: of.keys,
    copy: of.planned.copy,
    keywords: of.planned.keywords,
    search: summary.search,
    created_modseq: of.mailbox.modseq,
    updated_modseq: of.mailbox.modseq,
  }
}

/** Which of the e-mails that envelopes name are there, and in which mailbox. */
async function knownEmails(tx: Executor, rows: readonly Prepared[]): Promise<Map<string, string>> {
  const ids = rows.flatMap(({ plan }) => plan.emails.flatMap(email => email.emailId ?? []))
  if (ids.length === 0) return new Map()
  const found = await tx.selectFrom('email').select(['id', 'mailbox_id']).where('id', 'in', ids).execute()
  return new Map(found.map(row => [row.id, row.mailbox_id]))
}

/** A draft that was sent becomes the sender's copy: it goes on under its id, with its own content (Bcc). */
async function becomeCopy(
  tx: Executor,
  { email, mailbox }: { email: PlannedEmail; mailbox: LockedMailbox },
  touched: Map<string, Set<string>>,
): Promise<void> {
  const folderId = mailbox.folders.get(email.role)
  const before = await tx
    .selectFrom('email')
    .select(['folder_id', 'keywords'])
    .where('id', '=', email.emailId!)
    .executeTakeFirstOrThrow()
  const keywords = new Set([...before.keywords, ...email.keywords])
  if (!email.keywords.includes('$draft')) keywords.delete('$draft')
  await tx
    .updateTable('email')
    .set({
      folder_id: folderId ?? before.folder_id,
      keywords: [...keywords],
      updated_modseq: mailbox.modseq,
      moved_at: sql`now()`,
    })
    .where('id', '=', email.emailId!)
    .execute()
  const folders = touched.get(mailbox.id) ?? new Set()
  touched.set(mailbox.id, folders.add(before.folder_id))
  if (folderId) folders.add(folderId)
}

/** JMAP's EmailSubmission of a sent message carries the message's id, so that it can be made again. */
async function insertSubmissions(
  tx: Executor,
  rows: readonly Prepared[],
  mailboxes: ReadonlyMap<string, LockedMailbox>,
): Promise<void> {
  for (const { envelope } of rows) {
    const mailbox = envelope.copy && mailboxes.get(envelope.copy.mailboxId)
    if (envelope.kind !== 'submission' || !envelope.copy || !mailbox) continue
    await tx
      .insertInto('submission')
      .values({
        id: envelope.id,
        mailbox_id: mailbox.id,
        email_id: envelope.copy.emailId,
        message_id: envelope.id,
        identity_id: '',
        sender: envelope.sender,
        recipients: JSON.stringify(envelope.recipients.map(recipient => recipient.address)),
        send_at: envelope.receivedAt,
        created_modseq: mailbox.modseq,
        updated_modseq: mailbox.modseq,
      })
      .onConflict(conflict => conflict.column('id').doNothing())
      .execute()
  }
}

/** Those that share a key with a new message, oldest first, by mailbox. */
async function threadsFor(
  tx: Executor,
  rows: readonly Prepared[],
  mailboxes: ReadonlyMap<string, LockedMailbox>,
): Promise<Map<string, ThreadMember[]>> {
  const keys = [...new Set(rows.flatMap(({ summary }) => (summary ? threadKeys(summary) : [])))]
  const threads = new Map<string, ThreadMember[]>()
  if (keys.length === 0 || mailboxes.size === 0) return threads
  const found = await tx
    .selectFrom('email')
    .select(['mailbox_id', 'thread_id', 'thread_keys', 'subject'])
    .where(sql<boolean>`thread_keys && ${keys}::text[]`)
    .where('mailbox_id', 'in', [...mailboxes.keys()])
    .orderBy('id')
    .limit(5_000)
    .execute()
  for (const row of found) {
    remember(threads, row.mailbox_id, {
      threadId: row.thread_id,
      keys: row.thread_keys,
      subject: row.subject,
    })
  }
  return threads
}

function remember(threads: Map<string, ThreadMember[]>, mailboxId: string, member: ThreadMember): void {
  const list = threads.get(mailboxId)
  if (list) list.push(member)
  else threads.set(mailboxId, [member])
}

/** Raises the modseq of the mailboxes that changed and marks the counts of their folders changed. */
async function raiseMailboxes(
  tx: Executor,
  mailboxes: ReadonlyMap<string, LockedMailbox>,
  touched: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<void> {
  if (touched.size === 0) return
  await tx
    .updateTable('mailbox')
    .set({ modseq: sql`modseq + 1` })
    .where('id', 'in', [...touched.keys()])
    .execute()
  for (const [mailboxId, folders] of touched) {
    await tx
      .updateTable('folder')
      .set({ counts_modseq: mailboxes.get(mailboxId)!.modseq })
      .where('id', 'in', [...folders])
      .execute()
    await notify(tx, 'mail', mailboxId)
  }
}

function* chunks<T>(rows: readonly T[]): Generator<T[]> {
  for (let at = 0; at < rows.length; at += CHUNK) yield rows.slice(at, at + CHUNK)
}
