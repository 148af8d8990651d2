/**
 * What waits, as the database has it when somebody asks for `/metrics`. Counted at most every few seconds,
 * however many ask; while the database is away the last figures stand.
 */
import type { Db } from '@restante/core/db/connection.ts'
import { gauge } from '@restante/core/observe/metrics.ts'
import { sql } from 'kysely'

const OPEN = ['queued', 'held', 'deferred'] as const
const AGE = 5_000

const deliveries = gauge('deliveries', 'Open deliveries by state, counted when the page is asked for.', [
  'state',
])
const oldest = gauge('oldest_delivery_seconds', 'Age of the oldest open delivery, in seconds; 0 without any.')

export function startGauges(db: Db): { close(): void } {
  let readAt = 0
  let reading: Promise<void> | null = null

  async function read(): Promise<void> {
    const { rows } = await sql<{ state: string; count: number; age: number }>`
      select state, count(*)::int as count, extract(epoch from now() - min(created_at))::float8 as age
      from delivery where state in ('queued', 'held', 'deferred') group by state`.execute(db)
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
  const metrics = [deliveries, oldest] as { collect?: (() => Promise<void>) | undefined }[]
  for (const metric of metrics) metric.collect = collect
  return {
    close() {
      for (const metric of metrics) metric.collect = undefined
    },
  }
}
