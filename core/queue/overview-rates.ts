/**
 * How fast mail comes and goes: deliveries made and deliveries accepted there, per minute of the last hour.
 *
 * Minutes are counted back from now, so the last number is a whole minute and a chart of it does not dip
 * at the start of each clock minute.
 */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import { type Scope, within } from './scope.ts'

export const MINUTES = 60

/** Deliveries per minute, oldest minute first, MINUTES numbers each. */
export type Rates = { in: number[]; out: number[] }

/** By backend id; under null what goes out. Backends without traffic are absent. */
export async function ratesOf(db: Executor, scope: Scope, now: Date): Promise<Map<string | null, Rates>> {
  const from = new Date(now.getTime() - MINUTES * 60_000)
  const result = await sql<{ backend_id: string | null; way: 'in' | 'out'; minute: number; count: number }>`
    select backend_id, way, minute, count(*) as count from (
      select backend_id, 'in' as way, floor(extract(epoch from created_at - ${from}::timestamptz) / 60)::int as minute
      from delivery
      where created_at > ${from} and created_at <= ${now} and ${within(scope, 'delivery.organization_id')}
      union all
      select backend_id, 'out', floor(extract(epoch from settled_at - ${from}::timestamptz) / 60)::int
      from delivery
      where settled_at > ${from} and settled_at <= ${now} and state = 'delivered'
        and ${within(scope, 'delivery.organization_id')}
    ) as moved group by backend_id, way, minute`.execute(db)
  const rates = new Map<string | null, Rates>()
  for (const row of result.rows) {
    const entry = rates.get(row.backend_id) ?? {
      in: new Array<number>(MINUTES).fill(0),
      out: new Array<number>(MINUTES).fill(0),
    }
    rates.set(row.backend_id, entry)
    // Exactly `now` falls on the edge after the last minute.
    entry[row.way][Math.min(row.minute, MINUTES - 1)]! += row.count
  }
  return rates
}
