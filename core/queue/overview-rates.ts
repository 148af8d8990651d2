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

/** How a return goes, for a forecast of it (core/continuity/forecast.ts). */
export type Pace = { before: number; counts: number[]; step: number; came: number }

/** A return is looked at over as much at most, and at least, in ms, in so many parts. */
const LONGEST = 120_000
const SHORTEST = 1_000
const PARTS = 24

/** Of backends that are recovering, by their ids. */
export async function pacesOf(db: Executor, scope: Scope, now: Date): Promise<Map<string, Pace>> {
  const { rows } = await sql<{ id: string; step: number; accepted: number; came: number; counts: number[] }>`
    select back.id, round(part * 1000)::float8 as step, accepted,
      (select count(*)::int from delivery where delivery.backend_id = back.id
        and created_at > ${now}::timestamptz - make_interval(secs => part * ${PARTS}) and created_at <= ${now}) as came,
      array(
        select count(moved.settled_at)::int from generate_series(${PARTS} - 1, 0, -1) as place
        left join (
          select settled_at from delivery where delivery.backend_id = back.id and state = 'delivered'
            and settled_at > ${now}::timestamptz - make_interval(secs => part * ${PARTS}) and settled_at <= ${now}
        ) as moved on floor(extract(epoch from ${now}::timestamptz - moved.settled_at) / part)::int = place
        group by place order by place desc
      ) as counts
    from (
      select id, coalesce((machine->'returned'->>'accepted')::int, 0) as accepted,
        least(${LONGEST / 1000}::float8, greatest(${SHORTEST / 1000}::float8,
          extract(epoch from ${now}::timestamptz - health_since))) / ${PARTS} as part
      from backend where health = 'recovering' and ${within(scope, 'backend.organization_id')}
    ) as back`.execute(db)
  return new Map(
    rows.map(({ id, step, accepted, came, counts }) => {
      // What the machine counted is up to a second old.
      const before = Math.max(0, accepted - counts.reduce((sum, count) => sum + count, 0))
      return [id, { before, counts, step, came }]
    }),
  )
}

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
