/**
 * What waits, where and for how long: the queue as rows show it, per backend and per outside destination.
 *
 * Read only. Numbers of one answer come from one statement each, not from one transaction: on a moving queue
 * they may differ by what moved in between, which the next look mends. Fast with many rows by the partial
 * indexes on open deliveries; what is settled is read for the last hour only.
 */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import type { HoldReason } from '../db/schema/delivery.ts'
import type { Health } from '../db/schema/directory.ts'
import type { Row } from '../db/schema.ts'
import { activeOverride, effectiveHealth, notHeldByScan } from './flow.ts'
import { MINUTES, type Pace, pacesOf, type Rates, ratesOf } from './overview-rates.ts'
import { isScanHold } from './scan-holds.ts'
import { type Scope, within } from './scope.ts'

/**
 * Open deliveries by state, without those that the scan holds: they wait for nobody's server. `moving` are those
 * of `queued` that a worker is at right now.
 */
export type Depth = { queued: number; moving: number; deferred: number; held: number; total: number }

export type BackendOverview = {
  id: string
  organizationId: string
  organization: string
  name: string
  domains: string[]
  /** What counts: the override's while there is one, what the checks say otherwise. */
  health: Health
  /** What the checks say. */
  measured: Health
  since: Date
  /** Code of the cause (core/continuity) and the last reply or error in its own words. */
  cause: string | null
  detail: string | null
  /** What the checks noticed in the last quarter of an hour that is no outage (core/continuity/machine.ts). */
  remarks: BackendRemark[]
  override: { to: 'up' | 'down'; reason: string | null; until: Date | null; by: string | null } | null
  depth: Depth
  heldBy: Record<HoldReason, number>
  /** When the oldest open delivery was accepted. */
  oldest: Date | null
  rates: Rates
  /** While it recovers. */
  pace: Pace | null
}

/** Times in ms since the epoch. */
export type BackendRemark = { concern: string; count: number; since: number; at: number; detail: string }

/** How long a remark is shown after it was made last, in ms; core/continuity keeps it as long. */
const REMARKED = 15 * 60_000

export type DestinationOverview = {
  destination: string
  depth: Depth
  oldest: Date | null
  /** The most frequent reason of those that were tried, and in how many deliveries. */
  reason: { category: string; text: string | null; count: number } | null
}

export type Overview = {
  at: Date
  backends: BackendOverview[]
  outbound: { depth: Depth; oldest: Date | null; rates: Rates; destinations: DestinationOverview[] }
  totals: { depth: Depth; oldest: Date | null }
}

/** Destinations listed at most; the deepest first. */
const DESTINATIONS = 50

const emptyDepth = (): Depth => ({ queued: 0, moving: 0, deferred: 0, held: 0, total: 0 })
const heldByNobody = (): Record<HoldReason, number> => ({
  backend: 0,
  admin: 0,
  guard: 0,
  period: 0,
  spam: 0,
  quarantine: 0,
  scan: 0,
})
const emptyRates = (): Rates => ({ in: new Array(MINUTES).fill(0), out: new Array(MINUTES).fill(0) })
const earlier = (a: Date | null, b: Date | null) => (a && b ? (a < b ? a : b) : (a ?? b))

/** The whole picture of one scope. */
export async function readOverview(db: Executor, scope: Scope, now: Date): Promise<Overview> {
  const [backends, depths, rates, paces, destinations] = await Promise.all([
    backendRows(db, scope),
    depthRows(db, scope, now),
    ratesOf(db, scope, now),
    pacesOf(db, scope, now),
    destinationRows(db, scope, now),
  ])
  const byBackend = new Map<
    string,
    { depth: Depth; heldBy: Record<HoldReason, number>; oldest: Date | null }
  >()
  const totals = { depth: emptyDepth(), oldest: null as Date | null }
  for (const row of depths) {
    const key = row.backend_id ?? ''
    const entry = byBackend.get(key) ?? { depth: emptyDepth(), heldBy: heldByNobody(), oldest: null }
    byBackend.set(key, entry)
    if (isScanHold(row.hold_reason)) {
      entry.heldBy[row.hold_reason] += row.count
      continue
    }
    for (const depth of [entry.depth, totals.depth]) {
      depth[row.state] += row.count
      depth.moving += row.moving
      depth.total += row.count
    }
    if (row.state === 'held') entry.heldBy[row.hold_reason ?? 'backend'] += row.count
    entry.oldest = earlier(entry.oldest, row.oldest)
    totals.oldest = earlier(totals.oldest, row.oldest)
  }
  const outbound = byBackend.get('')
  return {
    at: now,
    backends: backends.map(row => {
      const queue = byBackend.get(row.id)
      const override = overrideOf(row, now)
      return {
        id: row.id,
        organizationId: row.organization_id,
        organization: row.organization,
        name: row.name,
        domains: row.domains,
        health: effectiveHealth(row, now),
        measured: row.health,
        since: row.health_since,
        cause: row.cause,
        detail: row.detail,
        remarks: ((row.machine.remarks ?? []) as BackendRemark[]).filter(
          remark => now.getTime() - remark.at <= REMARKED,
        ),
        override,
        depth: queue?.depth ?? emptyDepth(),
        heldBy: queue?.heldBy ?? heldByNobody(),
        oldest: queue?.oldest ?? null,
        rates: rates.get(row.id) ?? emptyRates(),
        pace: paces.get(row.id) ?? null,
      }
    }),
    outbound: {
      depth: outbound?.depth ?? emptyDepth(),
      oldest: outbound?.oldest ?? null,
      rates: rates.get(null) ?? emptyRates(),
      destinations,
    },
    totals,
  }
}

type OverrideColumns = Pick<
  Row<'backend'>,
  'override' | 'override_reason' | 'override_until' | 'override_by' | 'health'
>

function overrideOf(row: OverrideColumns, now: Date): BackendOverview['override'] {
  const to = activeOverride(row, now)
  if (!to) return null
  return { to, reason: row.override_reason, until: row.override_until, by: row.override_by }
}

function backendRows(db: Executor, scope: Scope) {
  return db
    .selectFrom('backend')
    .innerJoin('organization', 'organization.id', 'backend.organization_id')
    .selectAll('backend')
    .select('organization.name as organization')
    .select(
      sql<string[]>`array(select domain.name from domain where domain.backend_id = backend.id order by 1)`.as(
        'domains',
      ),
    )
    .where(within(scope, 'backend.organization_id'))
    .orderBy('organization.name')
    .orderBy('backend.name')
    .orderBy('backend.id')
    .execute()
}

async function depthRows(db: Executor, scope: Scope, now: Date) {
  const result = await sql<{
    backend_id: string | null
    state: 'queued' | 'deferred' | 'held'
    hold_reason: HoldReason | null
    count: number
    moving: number
    oldest: Date
  }>`
    select backend_id, state, hold_reason, count(*) as count,
      count(*) filter (where state = 'queued' and leased_until > ${now}) as moving, min(created_at) as oldest
    from delivery
    where state in ('queued', 'held', 'deferred') and ${within(scope, 'delivery.organization_id')}
    group by backend_id, state, hold_reason`.execute(db)
  return result.rows
}

async function destinationRows(db: Executor, scope: Scope, now: Date): Promise<DestinationOverview[]> {
  const result = await sql<{
    destination: string
    queued: number
    moving: number
    deferred: number
    held: number
    total: number
    oldest: Date
    category: string | null
    text: string | null
    reasons: number | null
  }>`
    with open as materialized (
      select destination, state, leased_until, created_at, outcome
      from delivery
      where backend_id is null and state in ('queued', 'held', 'deferred') and ${notHeldByScan}
        and ${within(scope, 'delivery.organization_id')}
    ), depth as (
      select destination, count(*) filter (where state = 'queued') as queued,
        count(*) filter (where state = 'queued' and leased_until > ${now}) as moving,
        count(*) filter (where state = 'deferred') as deferred, count(*) filter (where state = 'held') as held,
        count(*) as total, min(created_at) as oldest
      from open group by destination order by total desc, destination limit ${DESTINATIONS}
    ), reason as (
      select distinct on (destination) destination, outcome->>'category' as category,
        max(outcome->>'text') as text, count(*) as reasons
      from open where outcome is not null
      group by destination, outcome->>'category' order by destination, count(*) desc
    )
    select depth.*, reason.category, reason.text, reason.reasons
    from depth left join reason using (destination) order by total desc, destination`.execute(db)
  return result.rows.map(row => ({
    destination: row.destination,
    depth: {
      queued: row.queued,
      moving: row.moving,
      deferred: row.deferred,
      held: row.held,
      total: row.total,
    },
    oldest: row.oldest,
    reason: row.category ? { category: row.category, text: row.text, count: row.reasons ?? 0 } : null,
  }))
}
