/**
 * One delivery's whole story: how it came, what was tried and what was answered, what became of whom; and
 * the incidents of backends with the changes that make them up.
 */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import type { OutcomeJson, RecipientState } from '../db/schema/delivery.ts'
import type { Health } from '../db/schema/directory.ts'
import type { ScanRecord } from '../db/schema/scan.ts'
import { type DeliveryLine, type LineRow, lineColumns, lineOf } from './overview-deliveries.ts'
import { isId, type Scope, within } from './scope.ts'

export type DeliveryStory = DeliveryLine & {
  /** Another way out that an admin moved it to; null: the usual one. */
  way: string | null
  message: {
    headerMessageId: string | null
    receivedAt: Date
    /** Who handed it over: address, name, greeting, protocol, TLS, or the person who sent it. */
    client: Record<string, unknown>
    removedAt: Date | null
    /** What the scan found; null: nobody looked. */
    scan: ScanRecord | null
  }
  everyone: {
    address: string
    original: string | null
    state: RecipientState
    outcome: OutcomeJson | null
    settledAt: Date | null
  }[]
  tries: {
    number: number
    startedAt: Date
    /** null: still at it, or the worker was killed in the middle. */
    finishedAt: Date | null
    host: string | null
    outcome: OutcomeJson | null
  }[]
  /** Other deliveries of the same message, to other servers. */
  siblings: { id: string; destination: string; state: string }[]
}

/** @returns null when there is none with this id in scope */
export async function deliveryStory(
  db: Executor,
  scope: Scope,
  id: string,
  now: Date,
): Promise<DeliveryStory | null> {
  if (!isId(id)) return null
  const found = await sql<
    LineRow & {
      way_name: string | null
      header_message_id: string | null
      received_at: Date
      client: Record<string, unknown>
      removed_at: Date | null
      scan: ScanRecord | null
    }
  >`
    select ${lineColumns(now)}, delivery.way_name, message.header_message_id, message.received_at, message.client, message.removed_at,
      message.scan
    from delivery join message on message.id = delivery.message_id
      left join backend on backend.id = delivery.backend_id
    where delivery.id = ${id}::uuid and ${within(scope, 'delivery.organization_id')}`.execute(db)
  const row = found.rows[0]
  if (!row) return null
  const [everyone, tries, siblings] = await Promise.all([
    db
      .selectFrom('recipient')
      .select(['address', 'original', 'state', 'outcome', 'settled_at as settledAt'])
      .where('delivery_id', '=', id)
      .orderBy('address')
      .limit(1000)
      .execute(),
    db
      .selectFrom('attempt')
      .select(['number', 'started_at as startedAt', 'finished_at as finishedAt', 'host', 'outcome'])
      .where('delivery_id', '=', id)
      .orderBy('number', 'desc')
      .limit(500)
      .execute(),
    db
      .selectFrom('delivery')
      .select(['id', 'destination', 'state'])
      .where('message_id', '=', row.message_id)
      .where('id', '!=', id)
      .where(within(scope, 'delivery.organization_id'))
      .orderBy('destination')
      .limit(100)
      .execute(),
  ])
  return {
    ...lineOf(row),
    way: row.way_name,
    message: {
      headerMessageId: row.header_message_id,
      receivedAt: row.received_at,
      client: row.client,
      removedAt: row.removed_at,
      scan: row.scan,
    },
    everyone,
    tries,
    siblings,
  }
}

export type Incident = {
  id: string
  backendId: string
  backend: string
  openedAt: Date
  closedAt: Date | null
  cause: string | null
  detail: string | null
  /** It came in a maintenance window: nobody need be alarmed. */
  planned: boolean
  /** What happened, in the order it happened. */
  changes: HealthChange[]
}
export type HealthChange = {
  at: Date
  from: Health
  to: Health
  cause: string | null
  detail: string | null
  /** Who did it, when it was a person. */
  actor: string | null
}

/** Changes told of one incident at most: the first ones, a flapping server makes many. */
const CHANGES = 50

/** The latest incidents, the open ones and then the newest first. */
export async function listIncidents(
  db: Executor,
  scope: Scope,
  filter: { backendId?: string; limit?: number } = {},
): Promise<Incident[]> {
  if (filter.backendId !== undefined && !isId(filter.backendId)) return []
  let query = db
    .selectFrom('incident')
    .innerJoin('backend', 'backend.id', 'incident.backend_id')
    .select([
      'incident.id',
      'incident.backend_id as backendId',
      'backend.name as backend',
      'incident.opened_at as openedAt',
      'incident.closed_at as closedAt',
      'incident.cause',
      'incident.detail',
    ])
    .select(sql<boolean>`incident.period_id is not null`.as('planned'))
    .where(within(scope, 'backend.organization_id'))
    .orderBy(sql`incident.closed_at is not null`)
    .orderBy('incident.opened_at', 'desc')
    .limit(filter.limit ?? 20)
  if (filter.backendId) query = query.where('backend.id', '=', filter.backendId)
  const incidents = await query.execute()
  return await Promise.all(
    incidents.map(async incident => ({
      ...incident,
      changes: await changesOf(db, incident),
    })),
  )
}

async function changesOf(
  db: Executor,
  incident: { backendId: string; openedAt: Date; closedAt: Date | null },
): Promise<HealthChange[]> {
  let query = db
    .selectFrom('health_change')
    .select(['at', 'from_health as from', 'to_health as to', 'cause', 'detail', 'actor'])
    .where('backend_id', '=', incident.backendId)
    .where('at', '>=', incident.openedAt)
    .orderBy('at')
    .orderBy('id')
    .limit(CHANGES)
  if (incident.closedAt) query = query.where('at', '<=', incident.closedAt)
  return await query.execute()
}

/** Whom and what an override of a backend touches, for the words of its dialog. */
export type Affected = {
  /** Open deliveries by what an override does with them. */
  waiting: number
  held: number
  messagesTo: { address: string; count: number }[]
  recipients: number
  /** People with a mailbox at this backend. */
  mailboxes: number
  domains: string[]
}

/** @returns null when there is no such backend in scope */
export async function affectedBy(db: Executor, scope: Scope, backendId: string): Promise<Affected | null> {
  if (!isId(backendId)) return null
  const backend = await db
    .selectFrom('backend')
    .select('id')
    .where('id', '=', backendId)
    .where(within(scope, 'backend.organization_id'))
    .executeTakeFirst()
  if (!backend) return null
  const [depth, people, domains, mailboxes] = await Promise.all([
    sql<{ waiting: number; held: number }>`
      select count(*) as waiting, count(*) filter (where state = 'held') as held from delivery
      where backend_id = ${backendId}::uuid and state in ('queued', 'held', 'deferred')`.execute(db),
    sql<{ address: string; count: number; recipients: number }>`
      select address, count(*) as count, count(*) over () as recipients
      from delivery join recipient on recipient.delivery_id = delivery.id
      where backend_id = ${backendId}::uuid and delivery.state in ('queued', 'held', 'deferred')
        and recipient.state = 'waiting'
      group by address order by 2 desc, 1 limit 5`.execute(db),
    db.selectFrom('domain').select('name').where('backend_id', '=', backendId).orderBy('name').execute(),
    sql<{ count: number }>`
      select count(*) as count from mailbox where split_part(address, '@', 2) in (
        select name from domain where backend_id = ${backendId}::uuid)`.execute(db),
  ])
  return {
    waiting: depth.rows[0]?.waiting ?? 0,
    held: depth.rows[0]?.held ?? 0,
    messagesTo: people.rows.map(({ address, count }) => ({ address, count })),
    recipients: people.rows[0]?.recipients ?? 0,
    mailboxes: mailboxes.rows[0]?.count ?? 0,
    domains: domains.map(row => row.name),
  }
}
