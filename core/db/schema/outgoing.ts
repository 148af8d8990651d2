/** What is known of places outside, and of who was told of them. */
import type { At, Generated, Json, MaybeAt } from './columns.ts'
import type { OutcomeJson } from './delivery.ts'

/** Problems that a sender was told of: one notice for one problem, not one a message. */
type ToldProblemTable = { sender: string; destination: string; category: string; told_at: At }

/** A time in which a place outside took nothing of an organization's mail (core/continuity/destination-rules.ts). */
type DestinationIncidentTable = {
  id: string
  organization_id: string
  /** A domain; `*`: everything, for the organization sends through a smarthost. */
  destination: string
  /** Since when the oldest of it has been waiting. */
  since: At
  opened_at: At
  closed_at: MaybeAt
  /** Something was accepted, or nothing waits any more: cancelled, given up. */
  ending: 'accepted' | 'nothing-left' | null
  /** The most frequent reason, with who gave it and the last words. */
  category: string
  host: string | null
  detail: string | null
  /** The most that waited at a time, and of how many senders. */
  messages: number
  people: number
  /** Mail to other places went on being accepted meanwhile. */
  others: Generated<boolean>
}

/** An address outside that an organization does not write to for a while (core/queue/suppression.ts). */
type SuppressionTable = {
  organization_id: string
  address: string
  failures: number
  /** Of the last failure. */
  outcome: Json<OutcomeJson | null>
  since: At
  until: At
  /** Failures before it do not count any more. */
  lifted_at: MaybeAt
  lifted_by: string | null
}

/** What destinations ask of who sends to them (RFC 8461). */
type StsPolicyTable = {
  domain: string
  id: string
  mode: 'enforce' | 'testing' | 'none'
  mx: string[]
  expires_at: At
}

/** What a domain's mail is signed with (RFC 6376). */
type DkimKeyTable = {
  id: string
  domain_id: string
  selector: string
  algorithm: 'rsa' | 'ed25519'
  /** Sealed PEM. */
  private_key: string
  /** Signed with; one that is not is only published. */
  active: Generated<boolean>
  created_at: Generated<Date>
}

export type OutgoingTables = {
  told_problem: ToldProblemTable
  destination_incident: DestinationIncidentTable
  suppression: SuppressionTable
  sts_policy: StsPolicyTable
  dkim_key: DkimKeyTable
}
