/** Messages on their way: what ingest read from the spool, deliveries, recipients, attempts, outcomes. */
import type { At, Big, DefaultJson, Generated, Json, MaybeAt } from './columns.ts'
import type { ScanRecord } from './scan.ts'

export type MessageKind = 'inbound' | 'submission' | 'notice' | 'stored'

/** queued, held, deferred are open; delivered, failed, cancelled are settled. */
export type DeliveryState = 'queued' | 'held' | 'deferred' | 'delivered' | 'failed' | 'cancelled'

export type RecipientState = 'waiting' | 'delivered' | 'failed' | 'cancelled'

/**
 * Who holds a delivery: its backend is away, an admin said so, the return guard set it aside, or a period holds the
 * mail of some of a backend's people; or the scan: it is
 * spam that its addressee may release, it is in the organization's quarantine, it waits to be scanned.
 */
export type HoldReason = 'backend' | 'admin' | 'guard' | 'period' | ScanHold

export type ScanHold = 'spam' | 'quarantine' | 'scan'

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
  /** How the connection was: in the clear, encrypted, or the host besides proven (DANE, MTA-STS). */
  tls?: 'none' | 'encrypted' | 'dane' | 'mta-sts'
}

/** How far ingest has read each segment of the spool. */
type CheckpointTable = {
  segment: string
  position: Big
  /** Where it stood when all segments were last read to their end: notes are read again from there. */
  caught_up: Generated<Big>
  updated_at: Generated<Date>
}

type MessageTable = {
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
  /** What the scan found (core/spool ScanRecord). */
  scan: Json<ScanRecord | null>
  /** When its content was given up; compaction then takes it off the disk. */
  removed_at: MaybeAt
}

type DeliveryTable = {
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
  /** How many notices of its delay its sender was due. */
  told: Generated<number>
  /** Another way out than its organization's: `mx`, or sealed (core/queue/reroute.ts); null: the usual one. */
  way: Generated<string | null>
  /** The same for people to read. */
  way_name: Generated<string | null>
}

type RecipientTable = {
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

type AttemptTable = {
  delivery_id: string
  number: number
  started_at: At
  finished_at: MaybeAt
  host: string | null
  outcome: Json<OutcomeJson | null>
}

/** Workers that took leases and may hold some (core/queue/leases.ts). */
type WorkerTable = {
  number: number
  since: Generated<Date>
}

/** Records of the spool that ingest could not use: damage, or content that the database refuses. */
type SetAsideTable = {
  segment: string
  position: Big
  message_id: string | null
  reason: string
  at: Generated<Date>
}

export type DeliveryTables = {
  checkpoint: CheckpointTable
  message: MessageTable
  delivery: DeliveryTable
  recipient: RecipientTable
  attempt: AttemptTable
  worker: WorkerTable
  set_aside: SetAsideTable
}
