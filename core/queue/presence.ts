/**
 * This worker's sign of life: a session-level advisory lock (leases.ts). While there is none, as
 * when PostgreSQL has just come back, leases are taken without a number and end by time alone.
 */
import pg from 'pg'
import { LOCK_CLASS, newWorkerNumber, RELOCK } from './leases.ts'

export type Presence = {
  /** Ours while we hold the lock, else null. */
  number(): number | null
  close(): Promise<void>
}

export function startPresence(databaseUrl: string): Presence {
  const own = newWorkerNumber()
  let client: pg.Client | null = null
  let closed = false
  let timer: NodeJS.Timeout | undefined

  async function hold(): Promise<void> {
    if (closed) return
    const next = new pg.Client({
      connectionString: databaseUrl,
      application_name: 'restante-presence',
      connectionTimeoutMillis: 2_000,
      keepAlive: true,
    })
    let lost = false
    const again = () => {
      if (lost) return
      lost = true
      if (client === next) client = null
      next.end().catch(() => {})
      if (!closed) timer = setTimeout(hold, RELOCK)
    }
    next.on('error', again)
    next.on('end', again)
    try {
      await next.connect()
      // Tried, not waited for: PostgreSQL may not know yet that our old connection is gone.
      const { rows } = await next.query('select pg_try_advisory_lock($1::int, $2::int) as got', [
        LOCK_CLASS,
        own,
      ])
      if (rows[0]?.got !== true || closed) return again()
      await next.query('insert into worker (number) values ($1) on conflict do nothing', [own])
      if (!closed) client = next
    } catch {
      again()
    }
  }
  void hold()
  return {
    number: () => (client ? own : null),
    async close() {
      closed = true
      clearTimeout(timer)
      const last = client
      client = null
      await last?.end().catch(() => {})
    },
  }
}
