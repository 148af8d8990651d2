/** What the scan found, whom to trust, and what the filter is taught. */
import type { At, Generated, MaybeAt } from './columns.ts'

/** From the mildest to the hardest, but that `defer` (come again later) yields to `reject`. */
export type Verdict = 'pass' | 'mark' | 'quarantine' | 'defer' | 'reject'

/** What one step of the scan came to. */
export type ScanStep = {
  /** authentication, lists, connection, blocklists, attachments, rspamd, clamd, spamd */
  step: string
  verdict: Verdict
  /** A stable code, for which there is a sentence in each language. */
  reason: string
  /** A name to put into that sentence: of a signature, a file, a list. */
  detail?: string
  score?: number
  symbols?: string[]
  /** Which of several engines answered. */
  engine?: string
  ms: number
}

export type ScanRecord = { verdict: Verdict; steps: ScanStep[] }

/** Senders and networks that an organization, or one mailbox of it, always or never wants mail from. */
type ListEntryTable = {
  id: string
  organization_id: string
  /** null: for the whole organization. */
  mailbox_id: string | null
  kind: 'allow' | 'block'
  /** An address, a domain (with its subdomains) or a network (CIDR), in lower case. */
  value: string
  comment: Generated<string>
  created_by: string
  created_at: Generated<Date>
}

/** What a person's move or an admin's release says of a message; the spam filter is taught it once. */
type LessonTable = {
  message_id: string
  class: 'spam' | 'ham'
  at: Generated<Date>
  /** When it is to be taught; null: it was, or nobody could. */
  due_at: MaybeAt
  taught_at: MaybeAt
  tries: Generated<number>
  /** How often somebody changed their mind: bounded. */
  changes: Generated<number>
}

/** A daily mail about junk that was sent: one a person and day. */
type DigestTable = {
  person_id: string
  day: string
  /** What came until then was told. */
  until: At
  message_id: string | null
}

export type ScanTables = {
  list_entry: ListEntryTable
  lesson: LessonTable
  digest: DigestTable
}
