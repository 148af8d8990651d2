/** What is carried to a backend when it is back, and what came of it. */
import type { At, DefaultBig, DefaultJson, Generated, Json, MaybeAt } from './columns.ts'
import type { AddressJson, FolderRole } from './mail.ts'

/** How we sign in to a mailbox's own IMAP server where there is no master user. */
type ImapCredentialsTable = {
  mailbox_id: string
  kind: 'password' | 'refresh-token'
  user_name: string
  /** Sealed. */
  secret: string
  set_by: string
  set_at: Generated<Date>
  /** When they were tried at the server last; null: not yet. */
  checked_at: MaybeAt
  problem: ImapProblem | null
  /** The server's own words. */
  said: string | null
}

/** Why credentials don't do: the server refuses them; nobody answers; a bad certificate; there is no way for them. */
export type ImapProblem = 'refused' | 'unreachable' | 'certificate' | 'no-way' | 'failed'

/** A folder's path from the top; a role stands for wherever the server has that folder. */
export type FolderPath = { name: string; role: FolderRole | null }[]

/** A folder that somebody made (no `from_path`), renamed or moved. Written by triggers (migration 13). */
type FolderChangeTable = {
  id: DefaultBig
  mailbox_id: string
  folder_id: string
  from_path: Json<FolderPath> | null
  to_path: Json<FolderPath>
  at: Generated<Date>
}

/**
 * An e-mail that was changed here, as it was when it was last the same at its backend. Written by a trigger
 * (migration 5), taken away when the change has been carried there or is nobody's business.
 */
type EmailChangeTable = {
  email_id: string
  mailbox_id: string
  message_id: string
  copy: boolean
  folder_id: string
  keywords: string[]
  destroyed: Generated<boolean>
  received_at: At
  size: number
  subject: string
  from_list: Json<AddressJson[]>
  to_list: Json<AddressJson[]>
  header_message_ids: string[]
  /** Of one that was destroyed: what it stood for. */
  recipients: DefaultJson<{ deliveryId: string; address: string }[]>
  /** Raised by each further change. */
  revision: Generated<number>
  first_at: Generated<Date>
  last_at: Generated<Date>
}

/** An incident, or a period for chosen people, that is over; its id is theirs. */
type RestorationTable = {
  id: string
  kind: 'incident' | 'period'
  organization_id: string
  backend_id: string
  opened_at: At
  closed_at: At
  /** When its closing statements were sent. */
  stated_at: MaybeAt
  /** Nothing is left to do, or it was given up. */
  settled_at: MaybeAt
  created_at: Generated<Date>
}

/** One mailbox's part of a restoration. */
type RestoreTable = {
  restoration_id: string
  mailbox_id: string
  state: Generated<'due' | 'done' | 'given-up'>
  /** By IMAP; by delivering copies; or there was nothing to carry. */
  way: 'imap' | 'delivery' | 'none' | null
  attempts: Generated<number>
  next_at: Generated<Date>
  leased_until: MaybeAt
  error: string | null
  finished_at: MaybeAt
}

export type RestoredAction =
  | 'changed'
  | 'moved'
  | 'trashed'
  | 'expunged'
  | 'appended'
  | 'delivered'
  /** Destroyed here before it was delivered: there is nothing to do. */
  | 'deleted'
  | 'missing'
  | 'failed'

/** What was done at the backend about one e-mail. */
type RestoredTable = {
  restoration_id: string
  mailbox_id: string
  email_id: string
  message_id: string
  /** Made here: sent, a draft. */
  copy: Generated<boolean>
  action: RestoredAction
  folder: string | null
  error: string | null
  at: Generated<Date>
}

/** The closing statement of a mailbox (core/continuity/statement.ts). */
type StatementTable = {
  restoration_id: string
  mailbox_id: string
  numbers: Json<Record<string, number>>
  lines: Json<Record<string, unknown>[]>
  made_at: Generated<Date>
}

export type RestoreTables = {
  imap_credentials: ImapCredentialsTable
  email_change: EmailChangeTable
  folder_change: FolderChangeTable
  restoration: RestorationTable
  restore: RestoreTable
  restored: RestoredTable
  statement: StatementTable
}
