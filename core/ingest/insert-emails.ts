/**
 * The e-mails of a batch: what each mailbox sees of a message, the conversation it joins, the sender's copy and
 * its submission. Part of insert.ts's transaction; the mailboxes are locked already.
 */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import { newId } from '../db/id.ts'
import { notify } from '../db/notify.ts'
import type { FolderRole } from '../db/schema/mail.ts'
import type { NewRow, Row } from '../db/schema.ts'
import { emptySummary, type Summary } from '../mail/summary.ts'
import { joinThread, type ThreadMember, threadKeys } from '../mail/thread.ts'
import type { Envelope } from '../spool/types.ts'
import type { Notes, SettledNote } from './notes.ts'
import type { PlannedEmail } from './plan.ts'
import { insertRows, type LockedMailbox, type Prepared } from './rows.ts'

/** E-mails, their conversations, the mailboxes' and folders' modseqs, and the hints to whoever looks on. */
export async function insertEmails(
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
  await insertRows(tx, 'email', emails)
  await insertRows(tx, 'email_recipient', refs)
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
    from_list: summary.from,
    to_list: summary.to,
    cc_list: summary.cc,
    bcc_list: summary.bcc,
    reply_to_list: summary.replyTo,
    sender_list: summary.sender,
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
  for (const { envelope, pending } of rows) {
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
        send_at: envelope.sendAt ?? envelope.receivedAt,
        undo_status: pending ? 'pending' : 'final',
        delayed: envelope.sendAt !== undefined,
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
  // One by one (lateral): all keys at once, or with the order and the limit, the planner often reads all e-mails.
  const found = await sql<Pick<Row<'email'>, 'mailbox_id' | 'thread_id' | 'thread_keys' | 'subject'>>`
    with found as materialized (
      select distinct on (email.id) email.* from unnest(${keys}::text[]) as wanted (key) cross join lateral (
        select id, mailbox_id, thread_id, thread_keys, subject from email
        where thread_keys @> array[wanted.key] offset 0) as email
    )
    select mailbox_id, thread_id, thread_keys, subject from found
    where mailbox_id = any(${[...mailboxes.keys()]}::uuid[]) order by id limit 5000`.execute(tx)
  for (const row of found.rows) {
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
