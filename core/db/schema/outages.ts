/** Times in which a backend was away, or was to be taken as away. */
import type { At, Generated, Json, MaybeAt } from './columns.ts'
import type { Health } from './directory.ts'

type HealthChangeTable = {
  id: string
  backend_id: string
  at: At
  from_health: Health
  to_health: Health
  cause: string | null
  detail: string | null
  actor: string | null
}

type IncidentTable = {
  id: string
  backend_id: string
  opened_at: At
  closed_at: MaybeAt
  cause: string | null
  detail: string | null
  /** It was planned: nobody need be alarmed. */
  period_id: string | null
}

export type PeriodKind = 'maintenance' | 'drill' | 'override'

/** Of mail for those whom a period is for: it waits here, or it goes on being delivered. */
export type PeriodMail = 'hold' | 'deliver'

/**
 * A time in which continuity is open for some people for another reason than what the checks find. It is for a
 * backend, a domain, or the mailboxes in period_mailbox. One that repeats has the present or next time in
 * starts_at and ends_at; each of its times that was is a row of its own.
 */
type PeriodTable = {
  id: string
  organization_id: string
  kind: PeriodKind
  backend_id: string | null
  domain_id: string | null
  /** Whom it is for, as people read it. */
  name: string
  mail: PeriodMail
  reason: Generated<string>
  /** core/continuity/recurrence.ts */
  rule: Json<Record<string, unknown> | null>
  starts_at: At
  /** null: until it is taken back. */
  ends_at: MaybeAt
  /** The worker has put into effect what it says. */
  opened_at: MaybeAt
  /** It is over for good. */
  closed_at: MaybeAt
  /** Of a drill: what was counted when it began. */
  baseline: Json<Record<string, unknown> | null>
  report: Json<Record<string, unknown> | null>
  created_by: string
  created_at: Generated<Date>
}

type PeriodMailboxTable = { period_id: string; mailbox_id: string }

type HeldAddressTable = { period_id: string; address: string }

export type OutagesTables = {
  health_change: HealthChangeTable
  incident: IncidentTable
  period: PeriodTable
  period_mailbox: PeriodMailboxTable
  held_address: HeldAddressTable
}
