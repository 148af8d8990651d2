/** Who there is: organizations, their domains and backends, mailboxes and people, and where these come from. */
import type { At, DefaultBig, DefaultJson, Generated, Json, MaybeAt } from './columns.ts'

export type Health = 'up' | 'degraded' | 'down' | 'recovering'

export type Role = 'user' | 'admin' | 'operator'

export type Locale = 'ca' | 'en' | 'es' | 'it'

type OrganizationTable = {
  id: string
  name: string
  /** Days that delivered mail stays readable here; 0 keeps none. */
  history_days: Generated<number>
  /** Sealed JSON list of smarthost URLs, in order; null: straight to the MX. */
  smarthosts: string | null
  /** What was deleted here meanwhile goes to Trash at the backend, or is not brought there at all. */
  deleted_mail: Generated<'trash' | 'none'>
  /** Whether its people get a daily mail about new junk, unless they say otherwise. */
  digest: Generated<Digest>
  /** Whether people may sign in with the password of their mailbox, as its server accepted it. */
  mailbox_password: Generated<boolean>
  created_at: Generated<Date>
}

export type Digest = 'off' | 'daily'

type BackendTable = {
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
  /** The maintenance window or drill that set the override. */
  override_period: string | null
  /** An HTTP or HTTPS address that answers while people can get at their mailboxes. */
  access_url: string | null
  /** Sealed URL of the server that knows people's passwords; null: the one for access checks. */
  sign_in: string | null
  created_at: Generated<Date>
}

type DomainTable = {
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
  /** What differs from the default of core/directory/scan-policy.ts. */
  scan: DefaultJson<Record<string, unknown>>
  /** Servers for people's own programs, as URLs (core/directory/client-settings.ts). */
  client_settings: DefaultJson<Record<string, unknown>>
  created_at: Generated<Date>
}

/** Addresses that a backend said it has (domain.recipients = ask). */
type LearnedRecipientTable = { address: string; learned_at: At }

type MailboxTable = {
  id: string
  organization_id: string
  address: string
  name: Generated<string>
  kind: 'personal' | 'shared'
  /** Counts this mailbox's changes: the JMAP state. */
  modseq: DefaultBig
  /** Touches up to this modseq are forgotten. */
  touches_from: DefaultBig
  /** E-mails made up to this modseq are in `email_search`. */
  indexed_modseq: DefaultBig
  /** Overrides the domain's and the organization's history_days. */
  history_days: number | null
  created_at: Generated<Date>
}

/** Where a mailbox's mail goes besides: an address outside. */
type ForwardTable = { mailbox_id: string; address: string }

/** An address leads to one mailbox (its own, an alias) or to several (a group). */
type AddressTable = { address: string; mailbox_id: string }

type PersonTable = {
  id: string
  /** null for an operator of the installation. */
  organization_id: string | null
  address: string
  name: Generated<string>
  role: Generated<Role>
  locale: Generated<Locale>
  password_hash: string | null
  /** null: as the organization has it. */
  digest: Digest | null
  /** Whether a password or a code alone is not enough. */
  second_factor: Generated<boolean>
  /** Raised to end all sessions. */
  session_epoch: Generated<number>
  /** How long what they have just sent can be taken back, in s. */
  undo_send: Generated<number>
  /** When they last used the webmail, to a few minutes; null: never. */
  last_seen_at: MaybeAt
  /** When they last looked at how to set their programs up; null: never. */
  setup_seen_at: MaybeAt
  created_at: Generated<Date>
}

type MemberTable = { person_id: string; mailbox_id: string }

/** Where an organization's people come from (core/directory/sync). */
type PeopleSourceTable = {
  id: string
  organization_id: string
  kind: 'ldap' | 'csv'
  /** Sealed JSON; null for files. */
  settings: string | null
  every_minutes: Generated<number>
  /** null: not by itself. */
  next_at: MaybeAt
  last_at: MaybeAt
  last_result: Json<Record<string, unknown> | null>
  created_at: Generated<Date>
}

/** Which mailbox came from which entry of a source, and the aliases that it gave. */
type PeopleEntryTable = {
  source_id: string
  key: string
  mailbox_id: string
  aliases: Generated<string[]>
}

export type DirectoryTables = {
  organization: OrganizationTable
  backend: BackendTable
  domain: DomainTable
  learned_recipient: LearnedRecipientTable
  mailbox: MailboxTable
  address: AddressTable
  forward: ForwardTable
  person: PersonTable
  member: MemberTable
  people_source: PeopleSourceTable
  people_entry: PeopleEntryTable
}
