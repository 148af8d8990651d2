/**
 * Telling: looks at what is the matter, plans who has to hear what, and sends it.
 *
 * Looking and planning are one transaction of one worker at a time; sending takes rows, whichever worker is there.
 * All of it goes on while mail is held: nothing here waits for a backend.
 */
import { statfs } from 'node:fs/promises'
import { inTransaction } from '@restante/core/db/transaction.ts'
import type { Matter } from '@restante/core/telling/matters.ts'
import { planRound, takeTurn } from '@restante/core/telling/round.ts'
import { QUICK, quickMatters, SLOW, slowMatters } from '@restante/core/telling/sources.ts'
import { observe } from '@restante/core/telling/threads.ts'
import { sql } from 'kysely'
import { type Loop, loop } from '../loop.ts'
import { deliverDue, type TellServices } from './deliver.ts'
import { createPoster, type Poster } from './request.ts'

const EVERY = 2_000
const SLOWLY = 30_000
const KEPT = 90 * 86_400_000
/** How much of the disk must be free before it is told of, and before that is over; in percent. */
const DISK_LOW = 15
const DISK_WELL = 20

export type TellOptions = {
  /** Whether channels may lead to private networks. */
  allowPrivate?: boolean
  /** The folder whose disk is watched. */
  folder?: string
}

export function startTell(services: TellServices, options: TellOptions = {}): Loop {
  const poster = createPoster({ allowPrivate: options.allowPrivate ?? false })
  let slowAt = 0
  let sweptAt = 0
  return loop('tell', EVERY, services.log, async () => {
    const now = new Date()
    const slow = now.getTime() - slowAt >= SLOWLY
    await tellRound(services, poster, { slow, folder: options.folder }, now)
    if (slow) slowAt = now.getTime()
    if (now.getTime() - sweptAt < 3_600_000) return
    sweptAt = now.getTime()
    await sweep(services, now)
  })
}

/** One look, one plan, and what is due. */
export async function tellRound(
  services: TellServices,
  poster: Poster,
  { slow, folder }: { slow: boolean; folder?: string | undefined },
  now: Date,
): Promise<void> {
  const { db, hostname } = services
  // Outside the transaction: a hanging disk must not keep the lock.
  const disk = slow && folder ? await diskMatters(services, folder, now) : null
  await inTransaction(db, async tx => {
    if (!(await takeTurn(tx))) return
    const matters = [
      ...(await quickMatters(tx, now)),
      ...(slow ? await slowMatters(tx, now) : []),
      ...(disk ?? []),
    ]
    const prefixes = [...QUICK, ...(slow ? SLOW : []), ...(disk ? [`disk:${hostname}:`] : [])]
    await observe(tx, prefixes, matters, now)
    await planRound(tx, now)
  })
  while ((await deliverDue(services, poster, now)) >= 200);
}

async function diskMatters(
  { db, hostname }: TellServices,
  folder: string,
  now: Date,
): Promise<Matter[] | null> {
  const disk = await statfs(folder).catch(() => null)
  if (!disk || disk.blocks === 0) return null
  const percent = Math.floor((disk.bavail / disk.blocks) * 100)
  const subject = `disk:${hostname}:`
  const open = await db
    .selectFrom('telling_thread')
    .select('facts')
    .where('subject', '=', subject)
    .where('closed_at', 'is', null)
    .executeTakeFirst()
  if (percent >= (open ? DISK_WELL : DISK_LOW)) return []
  const since = String(open?.facts.since ?? now.toISOString())
  return [{ subject, kind: 'disk-low', organizationId: null, facts: { name: hostname, since, percent } }]
}

async function sweep({ db }: TellServices, now: Date): Promise<void> {
  const before = new Date(now.getTime() - KEPT)
  await db.deleteFrom('telling_thread').where('closed_at', '<', before).execute()
  await sql`delete from telling_delivery where settled_at < ${before} and thread_id is null`.execute(db)
}
