/**
 * The tables as types, one to one with the migrations. What columns mean stands here; constraints and
 * indexes stand in the migrations.
 */
import type { ColumnType, Insertable, Selectable, Updateable } from 'kysely'

/** jsonb: read as a value, written as a JSON string or as an object. */
type Json<T> = ColumnType<T, T | string, T | string>
type At = ColumnType<Date, Date | string, Date | string>
type MaybeAt = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
/** bigint: read as a number (we stay far below 2^53), written as a number. */
type Big = ColumnType<number, number, number>
/** A column with a default. Kysely's own `Generated` does not look into a ColumnType. */
type Generated<T> = [T] extends [ColumnType<infer S, infer I, infer U>]
  ? ColumnType<S, I | undefined, U>
  : ColumnType<T, T | undefined, T>
/** The same with a default in the database (Kysely's Generated does not nest). */
type DefaultBig = ColumnType<number, number | undefined, number>
type DefaultJson<T> = ColumnType<T, T | string | undefined, T | string>

export type Health = 'up' | 'degraded' | 'down' | 'recovering'
export type Role = 'user' | 'admin' | 'operator'
export type Locale = 'ca' | 'en' | 'es' | 'it'
export type FolderRole = 'inbox' | 'archive' | 'drafts' | 'sent' | 'junk' | 'trash'
export type MessageKind = 'inbound' | 'submission' | 'notice' | 'stored'
/** queued, held, deferred are open; delivered, failed, cancelled are settled. */
export type DeliveryState = 'queued' | 'held' | 'deferred' | 'delivered' | 'failed' | 'cancelled'
export type RecipientState = 'waiting' | 'delivered' | 'failed' | 'cancelled'
/** Who holds a delivery: its backend is away, an admin said so, or the return guard set it aside. */
export type HoldReason = 'backend' | 'admin' | 'guard'

/** What one recipient, attempt or delivery came to; see core/outcome. */
export type OutcomeJson = {
  category: string
  side: string
  permanent: boolean
  host?: string
  code?: number
  enhanced?: string
  text?: string
  phase?: string
  at?: string
}
export type AddressJson = { name: string | null; email: string }

export type OrganizationTable = {
  id: string
  name: string
  /** Days that delivered mail stays readable here; 0 keeps none. */
  history_days: Generated<number>
  /** Sealed JSON list of smarthost URLs, in order; null: straight to the MX. */
  smarthosts: string | null
  created_at: Generated<Date>
}
export type BackendTable = {
  id: string
  organization_id: string
  name: string
  /** Sealed JSON list of URLs in order of preference. */
  hosts: string
  /** Sealed IMAP URL for access checks. */
  imap: string | null
  health: Generated<Health>
  health_since: Generated<Date>
  cause: string | null
  detail: string | null
  /** The state machine's own memory (core/continuity). */
  machine: DefaultJson<Record<string, unknown>>
  override: 'up' | 'down' | null
  override_reason: string | null
  override_until: MaybeAt
  override_by: string | null
  created_at: Generated<Date>
}
export type DomainTable = {
  id: string
  organization_id: string
  name: string
  backend_id: string
  /** Overrides the organization's history_days. */
  history_days: number | null
  /** How its recipients are known: ours alone, or by asking its backend. */
  recipients: Generated<'directory' | 'ask'>
  /** A recipient that nobody can be asked about: told to come later, or accepted and held. */
  unverified: Generated<'later' | 'hold'>
  created_at: Generated<Date>
}
/** Addresses that a backend said it has (domain.recipients = ask). */
export type LearnedRecipientTable = { address: string; learned_at: At }
export type MailboxTable = {
  id: string
  organization_id: string
  address: string
  name: Generated<string>
  kind: 'personal' | 'shared'
  /** Counts this mailbox's changes: the JMAP state. */
  modseq: DefaultBig
  created_at: Generated<Date>
}
/** An address leads to one mailbox (its own, an alias) or to several (a group). */
export type AddressTable = { address: string; mailbox_id: string }
export type PersonTable = {
  id: string
  /** null for an operator of the installation. */
  organization_id: string | null
  address: string
  name: Generated<string>
  role: Generated<Role>
  locale: Generated<Locale>
  password_hash: string | null
  /** Raised to end all sessions. */
  session_epoch: Generated<number>
  created_at: Generated<Date>
}
export type MemberTable = { person_id: string; mailbox_id: string }
export type AppPasswordTable = {
  id: string
  person_id: string
  name: string
  hash: string
  created_at: Generated<Date>
  last_used_at: MaybeAt
}
export type AuditTable = {
  id: string
  at: Generated<Date>
  organization_id: string | null
  actor: string
  action: string
  target: string | null
  detail: DefaultJson<Record<string, unknown>>
}
export type HealthChangeTable = {
  id: string
  backend_id: string
  at: At
  from_health: Health
  to_health: Health
  cause: string | null
  detail: string | null
  actor: string | null
}
export type IncidentTable = {
  id: string
  backend_id: string
  opened_at: At
  closed_at: MaybeAt
  cause: string | null
  detail: string | null
}
export type FolderTable = {
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
}
/** A JMAP upload waiting to be used; gone after a day. */
export type UploadTable = {
  id: string
  mailbox_id: string
  person_id: string
  type: string
  content: Buffer
  created_at: Generated<Date>
}
/** How far ingest has read each segment of the spool. */
export type CheckpointTable = {
  segment: string
  position: Big
  /** Where it stood when all segments were last read to their end: notes are read again from there. */
  caught_up: Generated<Big>
  updated_at: Generated<Date>
}
export type MessageTable = {
  id: string
  organization_id: string | null
  kind: MessageKind
  sender: string
  size: number
  received_at: At
  client: DefaultJson<Record<string, unknown>>
  envelope: DefaultJson<Record<string, unknown>>
  segment: string
  position: Big
  header_message_id: string | null
  subject: Generated<string>
  /** When its content was given up; compaction then takes it off the disk. */
  removed_at: MaybeAt
}
export type DeliveryTable = {
  id: string
  message_id: string
  organization_id: string | null
  /** null: it goes out to `destination`, a domain. */
  backend_id: string | null
  destination: string
  state: DeliveryState
  hold_reason: HoldReason | null
  /** It waited for its backend: it goes after live mail. */
  backlog: Generated<boolean>
  attempts: Generated<number>
  created_at: At
  next_attempt_at: MaybeAt
  last_attempt_at: MaybeAt
  /** A worker is at it until then. */
  leased_until: MaybeAt
  /** The worker that holds the lease: see core/queue/leases.ts. */
  leased_by: Generated<number | null>
  settled_at: MaybeAt
  outcome: Json<OutcomeJson | null>
}
export type RecipientTable = {
  delivery_id: string
  address: string
  /** ORCPT (RFC 3461 §4.2). */
  original: string | null
  /** NOTIFY (RFC 3461 §4.1). */
  notify: string | null
  state: Generated<RecipientState>
  outcome: Json<OutcomeJson | null>
  settled_at: MaybeAt
}
export type AttemptTable = {
  delivery_id: string
  number: number
  started_at: At
  finished_at: MaybeAt
  host: string | null
  outcome: Json<OutcomeJson | null>
}
/** A message as one mailbox sees it. */
export type EmailTable = {
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
/** Which recipients of which delivery this e-mail stands for: deleting it can cancel them. */
export type EmailRecipientTable = { email_id: string; delivery_id: string; address: string }
export type SubmissionTable = {
  id: string
  mailbox_id: string
  email_id: string | null
  message_id: string
  identity_id: string
  sender: string
  recipients: Json<string[]>
  send_at: At
  created_modseq: Big
  updated_modseq: Big
}
/** What was destroyed, for JMAP `changes`. */
export type TombstoneTable = {
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
/** Records of the spool that ingest could not use: damage, or content that the database refuses. */
export type SetAsideTable = {
  segment: string
  position: Big
  message_id: string | null
  reason: string
  at: Generated<Date>
}

export type Tables = {
  organization: OrganizationTable
  backend: BackendTable
  domain: DomainTable
  learned_recipient: LearnedRecipientTable
  mailbox: MailboxTable
  address: AddressTable
  person: PersonTable
  member: MemberTable
  app_password: AppPasswordTable
  audit: AuditTable
  health_change: HealthChangeTable
  incident: IncidentTable
  folder: FolderTable
  upload: UploadTable
  checkpoint: CheckpointTable
  message: MessageTable
  delivery: DeliveryTable
  recipient: RecipientTable
  attempt: AttemptTable
  email: EmailTable
  email_recipient: EmailRecipientTable
  submission: SubmissionTable
  tombstone: TombstoneTable
  set_aside: SetAsideTable
}

export type Row<T extends keyof Tables> = Selectable<Tables[T]>
export type NewRow<T extends keyof Tables> = Insertable<Tables[T]>
export type RowUpdate<T extends keyof Tables> = Updateable<Tables[T]>
