/**
 * Postgres LISTEN/NOTIFY: how one process tells the others that something changed, on commit.
 *
 * A notification is a hint, never the news itself: whoever listens reads the state again. After a lost
 * connection the listener reconnects and calls `onGap`, because hints may have been missed meanwhile.
 */
import { sql } from 'kysely'
import pg from 'pg'
import type { Executor } from './connection.ts'

/**
 * mail: payload is a mailbox id whose e-mails or folders changed. directory: anything of the directory.
 * backend: a backend's health or override changed (payload its id). delivery: deliveries changed state.
 * telling: there is something to tell.
 */
export type Channel = 'mail' | 'directory' | 'backend' | 'delivery' | 'telling'

/** Sends a hint when the surrounding transaction commits. */
export async function notify(db: Executor, channel: Channel, payload = ''): Promise<void> {
  await sql`select pg_notify(${channel}, ${payload})`.execute(db)
}

export type Listener = { close(): Promise<void> }

/** Listens until closed; connection failures are retried every second. */
export function listen(
  url: string,
  channels: readonly Channel[],
  onNotice: (channel: Channel, payload: string) => void,
  onGap: () => void = () => {},
): Listener {
  let client: pg.Client | undefined
  let closed = false
  let timer: NodeJS.Timeout | undefined
  let first = true

  async function start(): Promise<void> {
    if (closed) return
    const next = new pg.Client({
      connectionString: url,
      application_name: 'restante-listen',
      keepAlive: true,
    })
    let lost = false
    const again = () => {
      if (lost) return
      lost = true
      next.end().catch(() => {})
      if (!closed) timer = setTimeout(start, 1_000)
    }
    next.on('error', again)
    next.on('end', again)
    try {
      await next.connect()
      next.on('notification', notice => onNotice(notice.channel as Channel, notice.payload ?? ''))
      for (const channel of channels) await next.query(`listen ${channel}`)
      client = next
      if (!first) onGap()
      first = false
    } catch {
      again()
    }
  }
  void start()
  return {
    async close() {
      closed = true
      clearTimeout(timer)
      await client?.end().catch(() => {})
    },
  }
}
