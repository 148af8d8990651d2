/**
 * What waits, as the database has it when somebody asks for `/metrics`. Counted at most every few seconds,
 * however many ask; while the database is away the last figures stand.
 */
import type { Db } from '@restante/core/db/connection.ts'
import { gauge } from '@restante/core/observe/metrics.ts'
import { notHeldByScan } from '@restante/core/queue/flow.ts'
import { SCAN_HOLDS } from '@restante/core/queue/scan-holds.ts'
import { sql } from 'kysely'

const OPEN = ['queued', 'held', 'deferred'] as const
const AGE = 5_000

const deliveries = gauge('deliveries', 'Open deliveries by state, counted when the page is asked for.', [
  'state',
])
const oldest = gauge('oldest_delivery_seconds', 'Age of the oldest open delivery, in seconds; 0 without any.')
const quarantined = gauge(
  'quarantine_deliveries',
  'Deliveries that the scan holds: spam in Junk folders, quarantined, and not scanned yet.',
  ['reason'],
)
const unscanned = gauge(
  'unscanned_oldest_seconds',
  'Age of the oldest message that waits to be scanned, in seconds; 0 without any. Alert on more than 900.',
)

export function startGauges(db: Db): { close(): void } {
  let readAt = 0
  let reading: Promise<void> | null = null

  async function read(): Promise<void> {
    const { rows } = await sql<{ state: string; count: number; age: number }>`
      select state, count(*)::int as count, extract(epoch from now() - min(created_at))::float8 as age
      from delivery where state in ('queued', 'held', 'deferred') and ${notHeldByScan} group by state`.execute(
      db,
    )
    const scanned = await sql<{ reason: string; count: number; age: number }>`
      select hold_reason as reason, count(*)::int as count, extract(epoch from now() - min(created_at))::float8 as age
      from delivery where state = 'held' and hold_reason in ('spam', 'quarantine', 'scan')
      group by hold_reason`.execute(db)
    const byReason = new Map(scanned.rows.map(row => [row.reason, row]))
    for (const reason of SCAN_HOLDS) quarantined.set({ reason }, byReason.get(reason)?.count ?? 0)
    unscanned.set(Math.max(0, byReason.get('scan')?.age ?? 0))
    const byState = new Map(rows.map(row => [row.state, row.count]))
    for (const state of OPEN) deliveries.set({ state }, byState.get(state) ?? 0)
    oldest.set(Math.max(0, ...rows.map(row => row.age)))
    readAt = Date.now()
  }
  const collect = async () => {
    if (Date.now() - readAt < AGE) return
    reading ??= read()
      .catch(() => {})
      .finally(() => {
        reading = null
      })
    await reading
  }
  // prom-client asks each metric before it shows it.
  const metrics = [deliveries, oldest, quarantined, unscanned] as {
    collect?: (() => Promise<void>) | undefined
  }[]
  for (const metric of metrics) metric.collect = collect
  return {
    close() {
      for (const metric of metrics) metric.collect = undefined
    },
  }
}
