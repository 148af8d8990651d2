/**
 * What the scan holds, as a list for admins: newest first, filtered, a page at a time, and the ids that a
 * filter means. Read only; core/ingest/quarantine.ts releases and deletes.
 *
 * Pages follow a key, as in overview-deliveries.ts. Every query takes a Scope and applies it through `within`.
 */
import { type RawBuilder, sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import type { ScanHold } from '../db/schema/delivery.ts'
import type { ScanRecord } from '../db/schema/scan.ts'
import { KINDS, type Kind, kindOf, STEPS } from './quarantine-kinds.ts'
import { SCAN_HOLDS } from './scan-holds.ts'
import { isId, type Scope, within } from './scope.ts'

export type QuarantineFilter = {
  /** Default: the organization's quarantine and what waits to be scanned, without spam in Junk folders. */
  holds?: readonly ScanHold[]
  kind?: Kind
  /** Words, each of which must be in the sender, a recipient or the subject. */
  text?: string
}

export type QuarantineItem = {
  /** The delivery's. */
  id: string
  messageId: string
  organizationId: string | null
  organization: string | null
  hold: ScanHold
  kind: Kind
  sender: string
  subject: string
  /** Bytes. */
  size: number
  /** The first ones by name; `recipientCount` counts all that wait. */
  recipients: string[]
  recipientCount: number
  receivedAt: Date
  /** Null: nobody has looked at it. */
  scan: ScanRecord | null
}

export type QuarantinePage = { items: QuarantineItem[]; next: string | null }

const DEFAULT_HOLDS: readonly ScanHold[] = ['quarantine', 'scan']
/** Recipients named in a line; words of a filter that count. */
const NAMED = 5
const WORDS = 8

type ItemRow = {
  id: string
  message_id: string
  organization_id: string | null
  organization: string | null
  hold_reason: ScanHold
  sender: string
  subject: string
  size: number
  recipients: string[]
  recipient_count: number
  created_at: Date
  scan: ScanRecord | null
  sort_key: string
}

const from = sql`from delivery join message on message.id = delivery.message_id
  left join organization on organization.id = delivery.organization_id`

const columns = sql`delivery.id, delivery.message_id, delivery.organization_id, organization.name as organization,
  delivery.hold_reason, message.sender, message.subject, message.size, message.scan, delivery.created_at,
  delivery.created_at::text as sort_key,
  array(select address from recipient where recipient.delivery_id = delivery.id and recipient.state = 'waiting'
    order by address limit ${NAMED}) as recipients,
  (select count(*) from recipient where recipient.delivery_id = delivery.id
    and recipient.state = 'waiting') as recipient_count`

/** One page, newest first. @returns null when the cursor is not one of ours */
export async function listQuarantine(
  db: Executor,
  scope: Scope,
  filter: QuarantineFilter,
  page: { cursor?: string; limit?: number } = {},
): Promise<QuarantinePage | null> {
  const limit = Math.min(Math.max(page.limit ?? 50, 1), 200)
  const cursor = page.cursor === undefined ? undefined : readCursor(page.cursor)
  if (cursor === null) return null
  const after = cursor
    ? sql`(delivery.created_at, delivery.id) < (${cursor.at}::timestamptz, ${cursor.id}::uuid)`
    : sql`true`
  const { rows } = await sql<ItemRow>`
    select ${columns} ${from} where ${matching(scope, filter)} and ${after}
    order by delivery.created_at desc, delivery.id desc limit ${limit + 1}`.execute(db)
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return {
    items: shown.map(itemOf),
    next: rows.length > limit && last ? writeCursor(last.sort_key, last.id) : null,
  }
}

/** How many a filter means, counted up to `most`. */
export async function countQuarantine(
  db: Executor,
  scope: Scope,
  filter: QuarantineFilter,
  most = 10_000,
): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from (
      select 1 ${from} where ${matching(scope, filter)} limit ${most}) as matched`.execute(db)
  return rows[0]?.count ?? 0
}

/** The ids that a filter means, in their order; `after` goes on from the last one. */
export async function quarantineIds(
  db: Executor,
  scope: Scope,
  target: QuarantineFilter | readonly string[],
  page: { limit: number; after?: string | undefined },
): Promise<string[]> {
  const after = page.after ? sql`delivery.id > ${page.after}::uuid` : sql`true`
  const which = isList(target)
    ? sql`delivery.id = any(${target.filter(isId)}::uuid[]) and ${matching(scope, { holds: SCAN_HOLDS })}`
    : matching(scope, target)
  const { rows } = await sql<{ id: string }>`
    select delivery.id ${from} where ${which} and ${after} order by delivery.id limit ${page.limit}`.execute(
    db,
  )
  return rows.map(row => row.id)
}

const isList = (target: QuarantineFilter | readonly string[]): target is readonly string[] =>
  Array.isArray(target)

/** @returns null when there is none with this id in scope */
export async function readQuarantined(
  db: Executor,
  scope: Scope,
  id: string,
): Promise<QuarantineItem | null> {
  if (!isId(id)) return null
  const { rows } = await sql<ItemRow>`
    select ${columns} ${from}
    where delivery.id = ${id}::uuid and ${matching(scope, { holds: SCAN_HOLDS })}`.execute(db)
  return rows[0] ? itemOf(rows[0]) : null
}

function itemOf(row: ItemRow): QuarantineItem {
  return {
    id: row.id,
    messageId: row.message_id,
    organizationId: row.organization_id,
    organization: row.organization,
    hold: row.hold_reason,
    kind: kindOf(row.hold_reason, row.scan),
    sender: row.sender,
    subject: row.subject,
    size: row.size,
    recipients: row.recipients,
    recipientCount: row.recipient_count,
    receivedAt: row.created_at,
    scan: row.scan,
  }
}

function matching(scope: Scope, filter: QuarantineFilter): RawBuilder<boolean> {
  const holds = filter.holds ?? DEFAULT_HOLDS
  if (holds.length === 0) return sql<boolean>`false`
  // Written out, so that the planner sees that the partial index fits.
  const parts: RawBuilder<boolean>[] = [
    within(scope, 'delivery.organization_id'),
    sql<boolean>`delivery.state = 'held' and delivery.hold_reason in (${sql.join(holds.map(hold => sql.lit(hold)))})`,
  ]
  if (filter.kind === 'unscanned') parts.push(sql`delivery.hold_reason = 'scan'`)
  else if (filter.kind) parts.push(foundBy(filter.kind))
  for (const word of (filter.text ?? '').split(/\s+/).filter(Boolean).slice(0, WORDS)) parts.push(has(word))
  return sql<boolean>`${sql.join(parts, sql` and `)}`
}

/** The same rule as `kindOf`, for each kind by itself. */
function foundBy(kind: Exclude<Kind, 'unscanned'>): RawBuilder<boolean> {
  const hard = (steps: readonly string[]) => sql`exists (
    select from jsonb_array_elements(message.scan->'steps') as step
    where step->>'verdict' in ('quarantine', 'reject') and step->>'step' = any(${[...steps]}::text[]))`
  const graver = KINDS.slice(0, KINDS.indexOf(kind)).flatMap(one => (one === 'unscanned' ? [] : STEPS[one]))
  const all = Object.values(STEPS).flat()
  const rest =
    kind === 'spam'
      ? sql`delivery.hold_reason = 'spam'`
      : kind === 'blocked'
        ? sql`delivery.hold_reason = 'quarantine'`
        : sql`false`
  return sql<boolean>`(delivery.hold_reason <> 'scan' and not ${graver.length > 0 ? hard(graver) : sql`false`}
    and (${hard(STEPS[kind])} or (${rest} and not ${hard(all)})))`
}

function has(word: string): RawBuilder<boolean> {
  if (isId(word)) return sql`(delivery.id = ${word}::uuid or message.id = ${word}::uuid)`
  const like = `%${word.replace(/[\\%_]/g, '\\$&')}%`
  return sql`(message.sender ilike ${like} or message.subject ilike ${like}
    or delivery.id in (select delivery_id from recipient where address ilike ${like}))`
}

const writeCursor = (at: string, id: string) => Buffer.from(JSON.stringify([at, id])).toString('base64url')

function readCursor(text: string): { at: string; id: string } | null {
  try {
    const [at, id] = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as unknown[]
    if (typeof at !== 'string' || typeof id !== 'string' || !isId(id)) return null
    return /^\d{4,}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?[+-]\d\d(:\d\d)?$/.test(at) ? { at, id } : null
  } catch {
    return null
  }
}
