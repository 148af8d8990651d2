/**
 * What goes out and has not been accepted yet: by destination and age, by reason, by sender.
 *
 * The first table is the one that administrators of Postfix know from qshape(1): a row a destination, a column an
 * age that doubles; who looks down a column sees an outage, who looks along a row sees a place that is slow. Read
 * only; one pass over the open deliveries to the outside by their partial index.
 */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import { notHeldByScan } from './flow.ts'
import { AGES } from './outgoing-ages.ts'
import { type Scope, within } from './scope.ts'

export type ShapeRow = {
  destination: string
  total: number
  /** A number for each of AGES, and one more for what is older. */
  ages: number[]
  oldest: Date
}
export type ReasonRow = { category: string | null; total: number; destinations: number; oldest: Date }
export type SenderRow = { sender: string; total: number; destinations: number; oldest: Date }

export type Outgoing = {
  at: Date
  total: number
  /** Of all destinations. */
  ages: number[]
  /** The deepest first, `MOST` at most. */
  destinations: ShapeRow[]
  /** `category` null: not tried yet. */
  reasons: ReasonRow[]
  senders: SenderRow[]
}

const MOST = 100
const MOST_SENDERS = 50

export async function readOutgoing(db: Executor, scope: Scope, now: Date): Promise<Outgoing> {
  const open = sql`delivery.backend_id is null and delivery.state in ('queued', 'held', 'deferred')
    and ${notHeldByScan} and ${within(scope, 'delivery.organization_id')}`
  // width_bucket counts from 1: 0 for what is younger than the first bound.
  const shape = await sql<{ destination: string; bucket: number; total: number; oldest: Date }>`
    select destination,
      width_bucket(extract(epoch from ${now}::timestamptz - created_at)::float8 / 60, ${[...AGES]}::float8[]) as bucket,
      count(*)::int as total, min(created_at) as oldest
    from delivery where ${open} group by 1, 2`.execute(db)
  const reasons = await sql<ReasonRow>`
    select outcome->>'category' as category, count(*)::int as total,
      count(distinct destination)::int as destinations, min(created_at) as oldest
    from delivery where ${open} group by 1 order by total desc, category limit ${MOST}`.execute(db)
  const senders = await sql<SenderRow>`
    select lower(message.sender) as sender, count(*)::int as total,
      count(distinct destination)::int as destinations, min(delivery.created_at) as oldest
    from delivery join message on message.id = delivery.message_id
    where ${open} group by 1 order by total desc, sender limit ${MOST_SENDERS}`.execute(db)
  const rows = new Map<string, ShapeRow>()
  const ages = emptyAges()
  for (const { destination, bucket, total, oldest } of shape.rows) {
    const row = rows.get(destination) ?? { destination, total: 0, ages: emptyAges(), oldest }
    rows.set(destination, row)
    row.total += total
    row.ages[bucket] = (row.ages[bucket] ?? 0) + total
    if (oldest < row.oldest) row.oldest = oldest
    ages[bucket] = (ages[bucket] ?? 0) + total
  }
  return {
    at: now,
    total: ages.reduce((sum, count) => sum + count, 0),
    ages,
    destinations: [...rows.values()]
      .sort((a, b) => b.total - a.total || (a.destination < b.destination ? -1 : 1))
      .slice(0, MOST),
    reasons: reasons.rows,
    senders: senders.rows,
  }
}

const emptyAges = (): number[] => new Array(AGES.length + 1).fill(0)
