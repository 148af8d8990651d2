/**
 * The list of deliveries with filters, order and cursor, and the ids that a filter means.
 *
 * Pages follow a key (the sort value and the id), never an offset: a page stays fast at any depth and rows
 * that settle meanwhile shift nothing. A cursor that was made for another order is refused as `null`.
 */
import { type RawBuilder, sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import type { DeliveryState, HoldReason, MessageKind, OutcomeJson } from '../db/schema/delivery.ts'
import { notHeldByScan } from './flow.ts'
import { isId, type Scope, within } from './scope.ts'

export const OPEN_STATES = ['queued', 'held', 'deferred'] as const satisfies readonly DeliveryState[]
export const STATES = [
  ...OPEN_STATES,
  'delivered',
  'failed',
  'cancelled',
] as const satisfies readonly DeliveryState[]

/** Orders of the list; a leading `-` turns one round. `age` begins with the oldest. */
export const SORTS = [
  'age',
  '-age',
  'next',
  '-next',
  'attempts',
  '-attempts',
  'size',
  '-size',
  'sender',
  '-sender',
] as const
export type Sort = (typeof SORTS)[number]

export type DeliveryFilter = {
  /** Default: the open ones. */
  states?: readonly DeliveryState[]
  /** Without it, what the scan holds is left out of open states: it waits for no server. */
  holdReason?: HoldReason
  /** A backend's id, or `outbound` for what goes out. */
  backend?: string
  /** Destination domain of what goes out. */
  destination?: string
  /** Words, each of which must be in the sender, a recipient, the subject, the destination or the Message-ID. */
  text?: string
}

export type DeliveryLine = {
  id: string
  messageId: string
  organizationId: string | null
  backendId: string | null
  backend: string | null
  destination: string
  state: DeliveryState
  holdReason: HoldReason | null
  backlog: boolean
  /** A worker is at it now. */
  moving: boolean
  kind: MessageKind
  sender: string
  subject: string
  /** Bytes. */
  size: number
  /** The first ones by name; `recipientCount` counts all. */
  recipients: string[]
  recipientCount: number
  attempts: number
  createdAt: Date
  nextAttemptAt: Date | null
  lastAttemptAt: Date | null
  settledAt: Date | null
  outcome: OutcomeJson | null
}

export type Page<T> = { items: T[]; next: string | null }

/** Recipients named in a line. */
const NAMED = 5
/** Words of a filter that count. */
const WORDS = 8

const sortKeys: Record<
  'age' | 'next' | 'attempts' | 'size' | 'sender',
  { key: RawBuilder<unknown>; cast: string }
> = {
  age: { key: sql.ref('delivery.created_at'), cast: 'timestamptz' },
  next: { key: sql`coalesce(delivery.next_attempt_at, 'infinity')`, cast: 'timestamptz' },
  attempts: { key: sql.ref('delivery.attempts'), cast: 'int' },
  size: { key: sql.ref('message.size'), cast: 'int' },
  sender: { key: sql.ref('message.sender'), cast: 'text' },
}

/** One page. @returns null when the cursor is not one of ours for this order */
export async function listDeliveries(
  db: Executor,
  scope: Scope,
  filter: DeliveryFilter,
  page: { sort?: Sort; cursor?: string; limit?: number },
  now: Date,
): Promise<Page<DeliveryLine> | null> {
  const sort = page.sort ?? 'age'
  const limit = Math.min(Math.max(page.limit ?? 50, 1), 500)
  const down = sort.startsWith('-')
  const { key, cast } = sortKeys[sort.replace('-', '') as keyof typeof sortKeys]
  const direction = sql.raw(down ? 'desc' : 'asc')
  let after = sql`true`
  if (page.cursor !== undefined) {
    const cursor = readCursor(page.cursor, sort)
    if (!cursor) return null
    after = sql`(${key}, delivery.id) ${sql.raw(down ? '<' : '>')} (${cursor.value}::${sql.raw(cast)}, ${cursor.id}::uuid)`
  }
  const result = await sql<LineRow & { sort_key: string }>`
    select ${lineColumns(now)}, (${key})::text as sort_key
    from delivery join message on message.id = delivery.message_id
      left join backend on backend.id = delivery.backend_id
    where ${matching(scope, filter)} and ${after}
    order by ${key} ${direction}, delivery.id ${direction}
    limit ${limit + 1}`.execute(db)
  const rows = result.rows.slice(0, limit)
  const last = rows.at(-1)
  return {
    items: rows.map(lineOf),
    next: result.rows.length > limit && last ? writeCursor(sort, last.sort_key, last.id) : null,
  }
}

/** How many a filter means, counted up to `most`. */
export async function countDeliveries(
  db: Executor,
  scope: Scope,
  filter: DeliveryFilter,
  most = 100_000,
): Promise<number> {
  const result = await sql<{ count: number }>`
    select count(*) as count from (
      select 1 from delivery join message on message.id = delivery.message_id
      where ${matching(scope, filter)} limit ${most}) as matched`.execute(db)
  return result.rows[0]?.count ?? 0
}

/** The ids that a filter means, oldest first, for an action on all of them; `after` goes on from the last one. */
export async function deliveryIds(
  db: Executor,
  scope: Scope,
  filter: DeliveryFilter,
  page: { limit: number; after?: string },
): Promise<string[]> {
  const after = page.after && isId(page.after) ? sql`delivery.id > ${page.after}::uuid` : sql`true`
  const result = await sql<{ id: string }>`
    select delivery.id from delivery join message on message.id = delivery.message_id
    where ${matching(scope, filter)} and ${after} order by delivery.id limit ${page.limit}`.execute(db)
  return result.rows.map(row => row.id)
}

/** Those of the given ids that are in scope; what is not an id, unknown or somebody else's is left out. */
export async function idsInScope(db: Executor, scope: Scope, ids: readonly string[]): Promise<string[]> {
  const wanted = ids.filter(isId)
  if (wanted.length === 0) return []
  const result = await sql<{ id: string }>`
    select delivery.id from delivery
    where delivery.id = any(${wanted}::uuid[]) and ${within(scope, 'delivery.organization_id')}
    order by delivery.id`.execute(db)
  return result.rows.map(row => row.id)
}

export type LineRow = {
  id: string
  message_id: string
  organization_id: string | null
  backend_id: string | null
  backend_name: string | null
  destination: string
  state: DeliveryState
  hold_reason: HoldReason | null
  backlog: boolean
  moving: boolean
  kind: MessageKind
  sender: string
  subject: string
  size: number
  recipients: string[]
  recipient_count: number
  attempts: number
  created_at: Date
  next_attempt_at: Date | null
  last_attempt_at: Date | null
  settled_at: Date | null
  outcome: OutcomeJson | null
}

/** Columns of a line; the query joins delivery with message and, from the left, backend. */
export const lineColumns = (now: Date) => sql`
  delivery.id, delivery.message_id, delivery.organization_id, delivery.backend_id, backend.name as backend_name,
  delivery.destination, delivery.state, delivery.hold_reason, delivery.backlog, delivery.attempts,
  coalesce(delivery.state = 'queued' and delivery.leased_until > ${now}, false) as moving,
  message.kind, message.sender, message.subject, message.size,
  array(select address from recipient where recipient.delivery_id = delivery.id
    order by address limit ${NAMED}) as recipients,
  (select count(*) from recipient where recipient.delivery_id = delivery.id) as recipient_count,
  delivery.created_at, delivery.next_attempt_at, delivery.last_attempt_at, delivery.settled_at, delivery.outcome`

export function lineOf(row: LineRow): DeliveryLine {
  return {
    id: row.id,
    messageId: row.message_id,
    organizationId: row.organization_id,
    backendId: row.backend_id,
    backend: row.backend_name,
    destination: row.destination,
    state: row.state,
    holdReason: row.hold_reason,
    backlog: row.backlog,
    moving: row.moving,
    kind: row.kind,
    sender: row.sender,
    subject: row.subject,
    size: row.size,
    recipients: row.recipients,
    recipientCount: row.recipient_count,
    attempts: row.attempts,
    createdAt: row.created_at,
    nextAttemptAt: row.next_attempt_at,
    lastAttemptAt: row.last_attempt_at,
    settledAt: row.settled_at,
    outcome: row.outcome,
  }
}

function matching(scope: Scope, filter: DeliveryFilter): RawBuilder<boolean> {
  const states = filter.states ?? OPEN_STATES
  // Written out, not as a parameter: only so does the planner see that a partial index of open ones fits.
  const parts: RawBuilder<boolean>[] = [
    within(scope, 'delivery.organization_id'),
    sql<boolean>`delivery.state in (${sql.join(states.map(state => sql.lit(state)))})`,
  ]
  if (states.length === 0) return sql<boolean>`false`
  if (filter.holdReason) parts.push(sql`delivery.hold_reason = ${filter.holdReason}`)
  else if (states.includes('held')) parts.push(notHeldByScan)
  if (filter.backend === 'outbound') parts.push(sql`delivery.backend_id is null`)
  else if (filter.backend !== undefined) {
    if (!isId(filter.backend)) return sql<boolean>`false`
    parts.push(sql`delivery.backend_id = ${filter.backend}::uuid`)
  }
  if (filter.destination !== undefined) parts.push(sql`delivery.destination = ${filter.destination}`)
  for (const word of (filter.text ?? '').split(/\s+/).filter(Boolean).slice(0, WORDS)) parts.push(has(word))
  return sql<boolean>`${sql.join(parts, sql` and `)}`
}

function has(word: string): RawBuilder<boolean> {
  if (isId(word)) return sql`(delivery.id = ${word}::uuid or message.id = ${word}::uuid)`
  const like = `%${word.replace(/[\\%_]/g, '\\$&')}%`
  return sql`(message.sender ilike ${like} or message.subject ilike ${like} or delivery.destination ilike ${like}
    or message.header_message_id = ${word.replace(/^<|>$/g, '')}
    or delivery.id in (select delivery_id from recipient where address ilike ${like}))`
}

const writeCursor = (sort: Sort, value: string, id: string) =>
  Buffer.from(JSON.stringify([sort, value, id])).toString('base64url')

function readCursor(text: string, sort: Sort): { value: string; id: string } | null {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    if (!Array.isArray(parsed)) return null
    const [madeFor, value, id] = parsed as unknown[]
    if (madeFor !== sort || typeof value !== 'string' || typeof id !== 'string' || !isId(id)) return null
    if (!valid(sort, value)) return null
    return { value, id }
  } catch {
    return null
  }
}

/** A cursor comes from outside: what Postgres could not cast must not become an error of ours. */
function valid(sort: Sort, value: string): boolean {
  switch (sort.replace('-', '') as keyof typeof sortKeys) {
    case 'age':
    case 'next':
      return value === 'infinity' || /^\d{4,}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?[+-]\d\d(:\d\d)?$/.test(value)
    case 'attempts':
    case 'size':
      return /^\d{1,9}$/.test(value)
    case 'sender':
      return !value.includes('\0')
  }
}
