/** Tells the terminal what the gateway thinks of the example mail server, when that changes. */
import type { Db } from '@restante/core/db/connection.ts'
import { listen } from '@restante/core/db/notify.ts'
import { sql } from 'kysely'

type Seen = { health: string; cause: string | null; waiting: number }

/** @param say gets a sentence for each change */
export function watchHealth(db: Db, databaseUrl: string, say: (line: string) => void): () => Promise<void> {
  let last: Seen | undefined
  let busy = false
  const look = async () => {
    if (busy) return
    busy = true
    try {
      const { rows } = await sql<Seen>`
        select coalesce(b.override, b.health) as health, b.cause,
          (select count(*)::int from delivery d
            where d.backend_id = b.id and d.state in ('queued', 'held', 'deferred')) as waiting
        from backend b limit 1`.execute(db)
      const now = rows[0]
      if (now && last && now.health !== last.health) say(sentence(now))
      else if (now && last?.waiting && now.waiting === 0 && now.health === 'up') say('nothing waits any more')
      last = now
    } catch {
      // The database is just being started again; the next hint brings us back.
    } finally {
      busy = false
    }
  }
  const listener = listen(
    databaseUrl,
    ['backend', 'delivery'],
    () => void look(),
    () => void look(),
  )
  const timer = setInterval(look, 2_000)
  void look()
  return async () => {
    clearInterval(timer)
    await listener.close()
  }
}

function sentence({ health, cause, waiting }: Seen): string {
  const mail = waiting === 1 ? '1 message waits' : `${waiting} messages wait`
  const why = cause ? ` (${cause})` : ''
  switch (health) {
    case 'up':
      return 'Restante: the mail server is up'
    case 'degraded':
      return `Restante: something is wrong with the mail server${why}, looking closer`
    case 'down':
      return `Restante: the mail server is down${why}. ${mail}; the webmail takes over`
    case 'recovering':
      return `Restante: the mail server is back. ${mail}, delivering carefully`
    default:
      return `Restante: the mail server is ${health}`
  }
}
