/** Mail as people see it: folders, e-mails, what they send, and what JMAP clients need in order to follow. */
import type { At, Big, DefaultBig, DefaultJson, Generated, Json, MaybeAt } from './columns.ts'

export type FolderRole = 'inbox' | 'archive' | 'drafts' | 'sent' | 'junk' | 'trash'

export type AddressJson = { name: string | null; email: string }

type FolderTable = {
  id: string
  mailbox_id: string
  name: string
  role: FolderRole | null
  parent_id: string | null
  sort_order: Generated<number>
  created_modseq: DefaultBig
  updated_modseq: DefaultBig
  /** When its counts last changed. */
  counts_modseq: DefaultBig
  /** Kept by triggers on `email`, as the three below: nobody else writes them. */
  total: Generated<number>
  /** Neither $seen nor $draft. */
  unread: Generated<number>
  threads: Generated<number>
  /** Those of which anything is unread, outside of Trash; for Trash, inside of it. */
  unread_threads: Generated<number>
}

/** A JMAP upload waiting to be used; gone after a day. */
type UploadTable = {
  id: string
  mailbox_id: string
  person_id: string
  type: string
  content: Buffer
  created_at: Generated<Date>
}

/** A message as one mailbox sees it. */
type EmailTable = {
  id: string
  mailbox_id: string
  message_id: string
  folder_id: string
  thread_id: string
  received_at: At
  sent_at: MaybeAt
  size: number
  subject: Generated<string>
  from_list: DefaultJson<AddressJson[]>
  to_list: DefaultJson<AddressJson[]>
  cc_list: DefaultJson<AddressJson[]>
  bcc_list: DefaultJson<AddressJson[]>
  reply_to_list: DefaultJson<AddressJson[]>
  sender_list: DefaultJson<AddressJson[]>
  preview: Generated<string>
  has_attachment: Generated<boolean>
  header_message_ids: Generated<string[]>
  in_reply_to: Generated<string[]>
  reference_ids: Generated<string[]>
  /** All message ids that tie it to a conversation (core/mail/thread). */
  thread_keys: Generated<string[]>
  /** The sender's own copy: a message to oneself is there twice, sent and received. */
  copy: Generated<boolean>
  /** JMAP keywords: $seen, $flagged, $answered, $draft, $forwarded and a client's own. */
  keywords: Generated<string[]>
  /** Lower-case text for simple search: subject, people, first words of the body. */
  search: Generated<string>
  created_modseq: Big
  updated_modseq: Big
  /** When it came into its folder: Trash expires by it. */
  moved_at: Generated<Date>
}

/** The words of an e-mail (core/jmap/search-words), written after ingest. */
type EmailSearchTable = { email_id: string; words: string }

/** Which recipients of which delivery this e-mail stands for: deleting it can cancel them. */
type EmailRecipientTable = { email_id: string; delivery_id: string; address: string }

type SubmissionTable = {
  id: string
  mailbox_id: string
  email_id: string | null
  message_id: string
  identity_id: string
  sender: string
  recipients: Json<string[]>
  send_at: At
  /** pending: it waits for `send_at` and can be taken back. */
  undo_status: Generated<'pending' | 'final' | 'canceled'>
  /** Its sender asked for a time. */
  delayed: Generated<boolean>
  created_modseq: Big
  updated_modseq: Big
}

/** What was destroyed, for JMAP `changes`. */
type TombstoneTable = {
  mailbox_id: string
  type: 'Email' | 'Mailbox' | 'EmailSubmission'
  object_id: string
  modseq: Big
  /** When the object was made: who never saw it need not hear that it went. */
  created_modseq: DefaultBig
  /** Of an Email: the thread it was in. */
  thread_id: string | null
  at: Generated<Date>
}

/** E-mails whose deliveries changed at a modseq: a change of them beside `email.updated_modseq`. */
type TouchTable = {
  mailbox_id: string
  modseq: Big
  email_ids: string[]
  at: Generated<Date>
}

export type MailTables = {
  folder: FolderTable
  upload: UploadTable
  email: EmailTable
  email_search: EmailSearchTable
  email_recipient: EmailRecipientTable
  submission: SubmissionTable
  tombstone: TombstoneTable
  touch: TouchTable
}
