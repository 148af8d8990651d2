/**
 * Settles attempts together: what ends within a few milliseconds is one transaction, and its notes one append.
 *
 * While PostgreSQL is away a batch is tried again until it is back, for what was accepted must not be sent
 * again; only the end of the process gives up. A batch with something in it that the database refuses is
 * taken apart. Crash: as before the settling of each (see attempt.ts).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { inTransaction, isAboutData } from '@restante/core/db/transaction.ts'
import { type Finished, type Settled, settleMany } from '@restante/core/queue/attempts.ts'
import { reached } from '@restante/core/spool/states.ts'
import type { Services } from '../services.ts'

/** How long results are gathered, in ms. Nobody waits for them but the lease. */
const GATHER = 20
/** The same while much is delivered: after a batch of so many. */
const BUSY = { attempts: 10, gather: 60 } as const
/** Attempts in one transaction. */
const BATCH = 200
/** Pause between tries while PostgreSQL is away, in ms. */
const AGAIN = 1_000

export type Settler = {
  /**
   * Resolves when it is committed.
   * @param givenUp whether the process is ending, so that a database that is away is waited for no longer
   * @throws what the database has against it; anything, once given up
   */
  settle(finished: Finished, givenUp: () => boolean): Promise<Settled>
}

type Waiting = {
  finished: Finished
  givenUp: () => boolean
  resolve: (settled: Settled) => void
  reject: (error: unknown) => void
}

export function createSettler({ db, recorder, log }: Pick<Services, 'db' | 'recorder' | 'log'>): Settler {
  let waiting: Waiting[] = []
  let running = false

  async function commit(batch: readonly Waiting[]): Promise<void> {
    const settled = await inTransaction(db, tx =>
      settleMany(
        tx,
        batch.map(one => one.finished),
      ),
    )
    if (settled.some(one => one.state === 'deferred')) reached('4d')
    if (settled.some(one => one.notes.length > 0)) reached(8)
    recorder.note(settled.flatMap(one => one.notes))
    batch.forEach((one, index) => {
      const result = settled[index]
      if (result) one.resolve(result)
    })
  }

  async function persist(batch: readonly Waiting[]): Promise<void> {
    let left = batch
    for (let tries = 1; left.length > 0; tries++) {
      try {
        return await commit(left)
      } catch (error) {
        if (isAboutData(error)) {
          if (left.length > 1) for (const one of left) await persist([one])
          else left[0]?.reject(error)
          return
        }
        if (tries === 1) log.warn({ event: 'delivery.step-failed', step: 'settle', error })
        for (const one of left.filter(each => each.givenUp())) one.reject(error)
        left = left.filter(each => !each.givenUp())
        if (left.length > 0) await sleep(AGAIN)
      }
    }
  }

  async function run(): Promise<void> {
    running = true
    let last = 0
    while (waiting.length > 0) {
      if (waiting.length < BATCH) await sleep(last < BUSY.attempts ? GATHER : BUSY.gather)
      const batch = waiting.slice(0, BATCH)
      waiting = waiting.slice(BATCH)
      last = batch.length
      await persist(batch)
    }
    running = false
  }

  return {
    settle: (finished, givenUp) =>
      new Promise((resolve, reject) => {
        waiting.push({ finished, givenUp, resolve, reject })
        if (!running) void run()
      }),
  }
}
