/**
 * Attempts at deliveries, as rows: begun before anything is dialed, settled when the outcome is known. Many at
 * a time: what they cost is round trips and commits.
 *
 * | delivery row | means | who moves it on |
 * | --- | --- | --- |
 * | queued, no lease | a job exists or should | worker (`begin`), reconciler (adds the job again) |
 * | queued, leased | a worker is at it | that worker (`settle`), reconciler when that worker died, or after `leased_until` |
 * | deferred | waits for `next_attempt_at` | reconciler |
 * | held | its backend is away, or somebody said so | drain, an admin |
 * | delivered, failed, cancelled | settled | nobody, except undo |
 *
 * An attempt is recorded twice: counted in the delivery's row, with its lease, before anything is dialed, and as a
 * row of its own once it is over. Mail that can be delivered at once is begun where its rows are made (ingest).
 *
 * A crash between `begin` and `settle` leaves a leased row with its attempt counted: a crash loop hammers
 * nobody, and the delivery is tried again when the lease is over. `number` fences: a worker that was thought
 * dead can still record what was accepted, but no longer decides what happens next.
 */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import type { DeliveryState, HoldReason, MessageKind, OutcomeJson } from '../db/schema/delivery.ts'
import type { Envelope, Location, Note } from '../spool/types.ts'
import { backendIsDown, heldByPeriod } from './flow.ts'

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
 * Takes leases on queued deliveries and counts the attempts, in one statement. Its commit does not wait for
 * the disk: that the worker dies loses nothing of it; that PostgreSQL does may lose what was begun in the last
 * moment, which is tried again, as what was in flight always is.
 * @param by the worker's number (leases.ts); null: only time ends the lease
 * @returns those begun, in the order of acceptance. The others are not queued (any more), somebody is at
 * them, or their backend is down
 */
export async function beginMany(
  db: Executor,
  deliveryIds: readonly string[],
  now: Date,
  by: number | null = null,
): Promise<Begun[]> {
  const result = await sql<BegunRow>`
    with unsynced as materialized (
      select set_config('synchronous_commit', 'off', true)
    ), free as (
      select id, attempts, last_attempt_at, leased_until from delivery
      where id = any(${[...deliveryIds]}::uuid[]) and state = 'queued'
        and (leased_until is null or leased_until <= ${now}) and not ${backendIsDown(now)}
        and not ${heldByPeriod}
      order by id for update
    ), never_ended as (
      insert into attempt (delivery_id, number, started_at)
      select id, attempts, coalesce(last_attempt_at, ${now}) from free where leased_until is not null
      on conflict (delivery_id, number) do nothing
    ), taken as (
      update delivery set attempts = delivery.attempts + 1, last_attempt_at = ${now}, next_attempt_at = null,
        leased_until = ${new Date(now.getTime() + LEASE)}, leased_by = ${by}::int
      from free, unsynced where delivery.id = free.id
      returning delivery.*
    )
    select taken.id, taken.attempts, taken.backend_id, taken.organization_id, taken.destination,
      taken.backlog, taken.created_at, message.id as message_id, message.kind, message.sender, message.size,
      message.received_at, message.envelope, message.segment, message.position,
      message.header_message_id, message.subject,
      coalesce((select json_agg(json_build_object('address', address, 'original', original, 'notify', notify)
        order by address) from recipient where delivery_id = taken.id and state = 'waiting'), '[]') as recipients
    from taken join message on message.id = taken.message_id
    order by taken.created_at, taken.id`.execute(db)
  return result.rows.map(begunOf)
}

/** Who delivers mail as soon as it has its rows: it is born leased, with its first attempt counted, and needs no job. */
export type Takers = {
  /** The number (leases.ts) in whose name a new delivery is leased now; null: it gets a job. */
  numberFor(delivery: Pick<Begun, 'backendId' | 'organizationId' | 'destination'>): number | null
  /** After the commit. */
  take(begun: readonly Begun[]): void
}

/** One delivery; null when there is nothing to do. */
export async function begin(
  db: Executor,
  deliveryId: string,
  now: Date,
  by: number | null = null,
): Promise<Begun | null> {
  return (await beginMany(db, [deliveryId], now, by))[0] ?? null
}

/** Takes back attempts that were begun and for which nothing was dialed: they did not happen. */
export async function giveBack(db: Executor, attempts: readonly Attempt[]): Promise<void> {
  if (attempts.length === 0) return
  const undone = attempts.map(({ deliveryId, number }) => ({ deliveryId, number }))
  await sql`
    update delivery set attempts = attempts - 1, leased_until = null, leased_by = null
    from json_to_recordset(${JSON.stringify(undone)}::json) as undone("deliveryId" uuid, number int)
    where delivery.id = undone."deliveryId" and delivery.attempts = undone.number
      and delivery.leased_until is not null`.execute(db)
}

function begunOf(row: BegunRow): Begun {
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

export type Attempt = Pick<Begun, 'deliveryId' | 'number'>

/** Says that attempts are still being worked on; those that were taken away stay so. */
export async function renewMany(db: Executor, attempts: readonly Attempt[], now: Date): Promise<number> {
  if (attempts.length === 0) return 0
  const pairs = attempts.map(({ deliveryId, number }) => ({ deliveryId, number }))
  const result = await sql`
    update delivery set leased_until = ${new Date(now.getTime() + LEASE)}
    from json_to_recordset(${JSON.stringify(pairs)}::json) as held("deliveryId" uuid, number int)
    where delivery.id = held."deliveryId" and delivery.attempts = held.number
      and delivery.leased_until is not null`.execute(db)
  return Number(result.numAffectedRows)
}

/** One attempt. @returns false when it was taken away */
export async function renew(db: Executor, attempt: Attempt, now: Date): Promise<boolean> {
  return (await renewMany(db, [attempt], now)) === 1
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

/** One attempt with what came of it. */
export type Finished = Attempt & {
  messageId: string
  results: readonly RecipientResult[]
  rest: Rest
  summary: { host: string | null; outcome: OutcomeJson | null; at: Date }
}

/**
 * Records attempts' results and moves the deliveries on. Run it in a transaction; afterwards let the webmail
 * know (touch.ts): not in the same one, or every delivery to a mailbox would wait for the one before.
 *
 * What a peer accepted is recorded as delivered even when the recipient was cancelled meanwhile: the record
 * says what is, not what was wished.
 * @returns in the order given
 */
export async function settleMany(tx: Executor, finished: readonly Finished[]): Promise<Settled[]> {
  const locked = await tx
    .selectFrom('delivery')
    .select(['id', 'state', 'attempts', 'last_attempt_at'])
    .where(
      'id',
      'in',
      finished.map(one => one.deliveryId),
    )
    .orderBy('id')
    .forUpdate()
    .execute()
  const before = new Map(locked.map(row => [row.id, row]))
  const there = finished.filter(one => before.has(one.deliveryId))
  const results = there.flatMap(({ deliveryId, results: list, summary: { at } }) =>
    list.map(result => ({ deliveryId, ...result, at })),
  )
  const attempts = there.map(({ deliveryId, number, summary }) => {
    const row = before.get(deliveryId)
    return { deliveryId, number, ...summary, began: row?.attempts === number ? row.last_attempt_at : null }
  })
  const changed = await sql<{
    deliveryId: string
    address: string
    state: 'delivered' | 'failed' | 'waiting'
  }>`
    with result as (
      select * from json_to_recordset(${JSON.stringify(results)}::json)
        as r("deliveryId" uuid, address text, state text, outcome jsonb, at timestamptz)
    ), over as (
      select * from json_to_recordset(${JSON.stringify(attempts)}::json)
        as a("deliveryId" uuid, number int, host text, outcome jsonb, at timestamptz, began timestamptz)
    ), finished as (
      insert into attempt (delivery_id, number, started_at, finished_at, host, outcome)
      select "deliveryId", number, coalesce(began, at), at, host, outcome from over
      on conflict (delivery_id, number) do update
        set finished_at = excluded.finished_at, host = excluded.host, outcome = excluded.outcome
    )
    update recipient set state = result.state, outcome = result.outcome,
      settled_at = case when result.state = 'waiting' then null else result.at end
    from result
    where recipient.delivery_id = result."deliveryId" and recipient.address = result.address
      and (recipient.state = 'waiting' or (recipient.state = 'cancelled' and result.state = 'delivered'))
    returning recipient.delivery_id as "deliveryId", recipient.address, recipient.state`.execute(tx)

  const states = await concludeMany(
    tx,
    there.map(one => {
      const row = before.get(one.deliveryId)
      const owned = row?.attempts === one.number
      return {
        deliveryId: one.deliveryId,
        at: one.summary.at,
        outcome: one.summary.outcome,
        releaseLease: owned,
        rest: owned && row.state === 'queued' ? one.rest : null,
      }
    }),
  )
  const byDelivery = Map.groupBy(changed.rows, row => row.deliveryId)
  return finished.map(({ deliveryId, messageId, summary }) => {
    const settled = (byDelivery.get(deliveryId) ?? []).filter(row => row.state !== 'waiting')
    return {
      state: states.get(deliveryId) ?? 'cancelled',
      failed: settled.filter(row => row.state === 'failed').map(row => row.address),
      notes: settled.map(row => ({
        kind: 'settled',
        messageId,
        address: row.address,
        state: row.state as 'delivered' | 'failed',
        at: summary.at.toISOString(),
      })),
    }
  })
}

/** One attempt. */
export async function settle(
  tx: Executor,
  attempt: Attempt & { messageId: string },
  results: readonly RecipientResult[],
  rest: Rest,
  summary: Finished['summary'],
): Promise<Settled> {
  const [settled] = await settleMany(tx, [{ ...attempt, results, rest, summary }])
  return settled ?? { state: 'cancelled', failed: [], notes: [] }
}

export type Conclusion = {
  deliveryId: string
  at: Date
  outcome: OutcomeJson | null
  releaseLease: boolean
  rest: Rest | null
}

/**
 * Deliveries' states from their recipients: settled when none waits any more (`failed` if any failed, else
 * `delivered` if any was, else `cancelled`), else what `rest` says, else as it was.
 * @returns by delivery
 */
export async function concludeMany(
  tx: Executor,
  conclusions: readonly Conclusion[],
): Promise<Map<string, DeliveryState>> {
  if (conclusions.length === 0) return new Map()
  const rows = conclusions.map(({ deliveryId, at, outcome, releaseLease, rest }) => ({
    id: deliveryId,
    at,
    outcome,
    release: releaseLease,
    rest: rest?.state ?? null,
    reason: rest?.state === 'held' ? rest.reason : null,
    next_at: rest?.state === 'deferred' ? rest.nextAttemptAt : null,
  }))
  const result = await sql<{ id: string; state: DeliveryState }>`
    with change as (
      select * from json_to_recordset(${JSON.stringify(rows)}::json)
        as c(id uuid, at timestamptz, outcome jsonb, release boolean, rest text, reason text, next_at timestamptz)
    ), counted as (
      select change.id, count(*) filter (where state = 'waiting') as waiting,
        count(*) filter (where state = 'failed') as failed,
        count(*) filter (where state = 'delivered') as delivered
      from change left join recipient on recipient.delivery_id = change.id group by change.id
    ), next as (
      select change.*, case when waiting > 0 then rest
        when failed > 0 then 'failed' when delivered > 0 then 'delivered' else 'cancelled' end as state,
        waiting = 0 as settled
      from change join counted on counted.id = change.id
    )
    update delivery set
      state = coalesce(next.state, delivery.state),
      hold_reason = case when next.settled then null when next.state = 'held' then next.reason
        when next.state is null then delivery.hold_reason else null end,
      next_attempt_at = case when next.settled then null when next.state = 'deferred' then next.next_at
        when next.state is null then delivery.next_attempt_at else null end,
      leased_until = case when next.settled or next.release then null else delivery.leased_until end,
      leased_by = case when next.settled or next.release then null else delivery.leased_by end,
      settled_at = case when next.settled then coalesce(delivery.settled_at, next.at) else null end,
      outcome = coalesce(next.outcome, delivery.outcome)
    from next where delivery.id = next.id
    returning delivery.id, delivery.state`.execute(tx)
  return new Map(result.rows.map(row => [row.id, row.state]))
}

/** One delivery. */
export async function conclude(
  tx: Executor,
  deliveryId: string,
  at: Date,
  change: Omit<Conclusion, 'deliveryId' | 'at'>,
): Promise<DeliveryState> {
  const states = await concludeMany(tx, [{ deliveryId, at, ...change }])
  return states.get(deliveryId) ?? 'cancelled'
}
