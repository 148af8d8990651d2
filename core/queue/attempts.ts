/**
 * One attempt at a delivery, as rows: begun before anything is dialed, settled when the outcome is known.
 *
 * | delivery row | means | who moves it on |
 * | --- | --- | --- |
 * | queued, no lease | a job exists or should | worker (`begin`), reconciler (adds the job again) |
 * | queued, leased | a worker is at it | that worker (`settle`), reconciler after `leased_until` |
 * | deferred | waits for `next_attempt_at` | reconciler |
 * | held | its backend is away, or somebody said so | drain, an admin |
 * | delivered, failed, cancelled | settled | nobody, except undo |
 *
 * A crash between `begin` and `settle` leaves a leased row with its attempt counted: a crash loop hammers
 * nobody, and the delivery is tried again when the lease is over. `number` fences: a worker that was thought
 * dead can still record what was accepted, but no longer decides what happens next.
 */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import type { DeliveryState, HoldReason, MessageKind, OutcomeJson } from '../db/schema.ts'
import type { Envelope, Location, Note } from '../spool/types.ts'
import { backendIsDown } from './flow.ts'

/** How long a begun attempt is left alone without a sign of life, in ms. Renewed every LEASE_RENEWAL. */
export const LEASE = 60_000
/** Three renewals may be missed before somebody else takes over. */
export const LEASE_RENEWAL = 15_000

export type BegunRecipient = { address: string; original: string | null; notify: string | null }

export type Begun = {
  deliveryId: string
  /** Which attempt this is, from 1. */
  number: number
  backendId: string | null
  organizationId: string | null
  destination: string
  backlog: boolean
  createdAt: Date
  message: {
    id: string
    kind: MessageKind
    sender: string
    size: number
    receivedAt: Date
    envelope: Partial<Envelope>
    location: Location
    headerMessageId: string | null
    subject: string
  }
  /** Those that still wait. */
  recipients: BegunRecipient[]
}

/**
 * Takes a lease on a queued delivery and records the attempt.
 * @returns null when there is nothing to do: not queued (any more), somebody is at it, or its backend is down
 */
export async function begin(db: Executor, deliveryId: string, now: Date): Promise<Begun | null> {
  const result = await sql<BegunRow>`
    with taken as (
      update delivery set attempts = attempts + 1, last_attempt_at = ${now}, next_attempt_at = null,
        leased_until = ${new Date(now.getTime() + LEASE)}
      where id = ${deliveryId} and state = 'queued' and (leased_until is null or leased_until <= ${now})
        and not ${backendIsDown(now)}
      returning *
    ), recorded as (
      insert into attempt (delivery_id, number, started_at) select id, attempts, ${now} from taken
      on conflict (delivery_id, number) do nothing
    )
    select taken.id, taken.attempts, taken.backend_id, taken.organization_id, taken.destination,
      taken.backlog, taken.created_at, message.id as message_id, message.kind, message.sender, message.size,
      message.received_at, message.envelope, message.segment, message.position,
      message.header_message_id, message.subject,
      coalesce((select json_agg(json_build_object('address', address, 'original', original, 'notify', notify)
        order by address) from recipient where delivery_id = taken.id and state = 'waiting'), '[]') as recipients
    from taken join message on message.id = taken.message_id`.execute(db)
  const row = result.rows[0]
  if (!row) return null
  return {
    deliveryId: row.id,
    number: row.attempts,
    backendId: row.backend_id,
    organizationId: row.organization_id,
    destination: row.destination,
    backlog: row.backlog,
    createdAt: row.created_at,
    message: {
      id: row.message_id,
      kind: row.kind,
      sender: row.sender,
      size: row.size,
      receivedAt: row.received_at,
      envelope: row.envelope,
      location: { segment: row.segment, position: row.position },
      headerMessageId: row.header_message_id,
      subject: row.subject,
    },
    recipients: row.recipients,
  }
}

type BegunRow = {
  id: string
  attempts: number
  backend_id: string | null
  organization_id: string | null
  destination: string
  backlog: boolean
  created_at: Date
  message_id: string
  kind: MessageKind
  sender: string
  size: number
  received_at: Date
  envelope: Partial<Envelope>
  segment: string
  position: number
  header_message_id: string | null
  subject: string
  recipients: BegunRecipient[]
}

type Attempt = Pick<Begun, 'deliveryId' | 'number'>

/** Says that the attempt is still being worked on. @returns false when it was taken away */
export async function renew(db: Executor, attempt: Attempt, now: Date): Promise<boolean> {
  const result = await db
    .updateTable('delivery')
    .set({ leased_until: new Date(now.getTime() + LEASE) })
    .where('id', '=', attempt.deliveryId)
    .where('attempts', '=', attempt.number)
    .where('leased_until', 'is not', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** What the attempt came to for one recipient. `waiting`: not this time. */
export type RecipientResult = {
  address: string
  state: 'delivered' | 'failed' | 'waiting'
  outcome: OutcomeJson
}

/** What happens to the delivery when recipients are left that wait. */
export type Rest =
  | { state: 'deferred'; nextAttemptAt: Date }
  | { state: 'held'; reason: HoldReason }
  | { state: 'queued' }

export type Settled = {
  /** The delivery's state now. */
  state: DeliveryState
  /** Recipients that failed with this attempt: their sender may have to be told. */
  failed: string[]
  /** For the spool, to be written after the commit. */
  notes: Note[]
}

/**
 * Records an attempt's results and moves the delivery on. Run it in a transaction; afterwards let the webmail
 * know (touch.ts): not in the same one, or every delivery to a mailbox would wait for the one before.
 *
 * What a peer accepted is recorded as delivered even when the recipient was cancelled meanwhile: the record
 * says what is, not what was wished.
 */
export async function settle(
  tx: Executor,
  attempt: Attempt & { messageId: string },
  results: readonly RecipientResult[],
  rest: Rest,
  summary: { host: string | null; outcome: OutcomeJson | null; at: Date },
): Promise<Settled> {
  const { at } = summary
  const before = await tx
    .selectFrom('delivery')
    .select(['state', 'attempts'])
    .where('id', '=', attempt.deliveryId)
    .forUpdate()
    .executeTakeFirst()
  if (!before) return { state: 'cancelled', failed: [], notes: [] }

  const changed = await sql<{ address: string; state: 'delivered' | 'failed' | 'waiting' }>`
    with result as (
      select * from jsonb_to_recordset(${JSON.stringify(results)}::jsonb) as r(address text, state text, outcome jsonb)
    ), finished as (
      update attempt set finished_at = ${at}, host = ${summary.host}, outcome = ${json(summary.outcome)}
      where delivery_id = ${attempt.deliveryId} and number = ${attempt.number}
    )
    update recipient set state = result.state, outcome = result.outcome,
      settled_at = case when result.state = 'waiting' then null else ${at}::timestamptz end
    from result
    where recipient.delivery_id = ${attempt.deliveryId} and recipient.address = result.address
      and (recipient.state = 'waiting' or (recipient.state = 'cancelled' and result.state = 'delivered'))
    returning recipient.address, recipient.state`.execute(tx)

  const owned = before.attempts === attempt.number
  const state = await conclude(tx, attempt.deliveryId, at, {
    outcome: summary.outcome,
    releaseLease: owned,
    rest: owned && before.state === 'queued' ? rest : null,
  })
  const settled = changed.rows.filter(row => row.state !== 'waiting')
  return {
    state,
    failed: settled.filter(row => row.state === 'failed').map(row => row.address),
    notes: settled.map(row => ({
      kind: 'settled',
      messageId: attempt.messageId,
      address: row.address,
      state: row.state as 'delivered' | 'failed',
      at: at.toISOString(),
    })),
  }
}

const json = (value: unknown) => (value === null ? null : JSON.stringify(value))

/**
 * The delivery's state from its recipients: settled when none waits any more (`failed` if any failed, else
 * `delivered` if any was, else `cancelled`), else what `rest` says, else as it was.
 */
export async function conclude(
  tx: Executor,
  deliveryId: string,
  at: Date,
  change: { outcome: OutcomeJson | null; releaseLease: boolean; rest: Rest | null },
): Promise<DeliveryState> {
  const { rest } = change
  const result = await sql<{ state: DeliveryState }>`
    with counted as (
      select count(*) filter (where state = 'waiting') as waiting,
        count(*) filter (where state = 'failed') as failed,
        count(*) filter (where state = 'delivered') as delivered
      from recipient where delivery_id = ${deliveryId}
    ), next as (
      select case when waiting > 0 then ${rest?.state ?? null}::text
        when failed > 0 then 'failed' when delivered > 0 then 'delivered' else 'cancelled' end as state,
        waiting = 0 as settled from counted
    )
    update delivery set
      state = coalesce(next.state, delivery.state),
      hold_reason = case when next.settled then null when next.state = 'held' then ${rest?.state === 'held' ? rest.reason : null}::text
        when next.state is null then delivery.hold_reason else null end,
      next_attempt_at = case when next.settled then null
        when next.state = 'deferred' then ${rest?.state === 'deferred' ? rest.nextAttemptAt : null}::timestamptz
        when next.state is null then delivery.next_attempt_at else null end,
      leased_until = case when next.settled or ${change.releaseLease} then null else delivery.leased_until end,
      settled_at = case when next.settled then coalesce(delivery.settled_at, ${at}::timestamptz) else null end,
      outcome = coalesce(${json(change.outcome)}::jsonb, delivery.outcome)
    from next where delivery.id = ${deliveryId}
    returning delivery.state`.execute(tx)
  return result.rows[0]?.state ?? 'cancelled'
}
