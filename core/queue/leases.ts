/**
 * Which workers are alive. A worker holds an advisory lock with a number of its own on a connection that it
 * keeps; PostgreSQL lets go of it when the process dies, however it dies. Its number stands in `worker` before it
 * takes a lease, and a lease carries it, so what a dead worker had in hand is tried again within seconds and not
 * when its lease would end.
 *
 * A lock can also be gone without a death: PostgreSQL was started anew, or one connection broke. So a worker
 * counts as dead only when its lock was seen missing for GRACE, by looks that all succeeded; the living have
 * theirs again after a fraction of that. Taken for dead by mistake, a worker still records what was accepted
 * (see attempts.ts); the price is what it had in flight, sent twice.
 */
import { sql } from 'kysely'
import type { Db } from '../db/connection.ts'

/** First half of the advisory locks' names; the second is the worker's number. Any number unused elsewhere. */
export const LOCK_CLASS = 734_621_002
/** How long a lock must be missing before its worker counts as dead, in ms. */
export const GRACE = 3_000
/** Between tries to get a lost lock again, in ms: several must fit into GRACE. */
export const RELOCK = 500

/** A number for a worker: positive, 31 bits. */
export const newWorkerNumber = (): number => 1 + Math.floor(Math.random() * 0x7ffffffe)

/** Numbers of workers that may hold leases, and hold no lock. */
async function withoutLock(db: Db): Promise<number[]> {
  const result = await sql<{ number: number }>`
    select number from worker
    except
    select objid::bigint::int from pg_locks where locktype = 'advisory' and granted and classid = ${LOCK_CLASS}
      and database = (select oid from pg_database where datname = current_database())`.execute(db)
  return result.rows.map(row => row.number)
}

/** Of workers that are dead, when nothing of theirs is left. */
export async function forgetWorkers(db: Db, numbers: readonly number[]): Promise<void> {
  if (numbers.length === 0) return
  await db
    .deleteFrom('worker')
    .where('number', 'in', [...numbers])
    .execute()
}

export type Mourner = {
  /** Looks once. @returns workers that are dead for certain. @throws when the database is away */
  dead(now: Date): Promise<number[]>
}

/** Remembers since when locks have been missing. A look that failed proves nothing: it starts anew. */
export function createMourner(db: Db): Mourner {
  let missing = new Map<number, number>()
  return {
    async dead(now) {
      let gone: number[]
      try {
        gone = await withoutLock(db)
      } catch (error) {
        missing = new Map()
        throw error
      }
      missing = new Map(gone.map(by => [by, missing.get(by) ?? now.getTime()]))
      return gone.filter(by => now.getTime() - (missing.get(by) ?? 0) >= GRACE)
    },
  }
}
