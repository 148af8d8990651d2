/**
 * Work done again and again. A round that fails (the database is away) is logged once, tried again at the
 * next turn, and logged once more when it is well again. Rounds never overlap.
 */
import type { Log } from '@restante/core/observe/log.ts'

export type Loop = {
  /** Do a round now (or right after the one under way). */
  nudge(): void
  /** No further round; resolves when the one under way is over. */
  close(): Promise<void>
}

/**
 * @param work one round; it may return the ms until the next instead of `interval`
 * @param interval ms between the end of a round and the start of the next
 */
export function loop(name: string, interval: number, log: Log, work: () => Promise<unknown>): Loop {
  let closed = false
  let again = false
  let running: Promise<void> | null = null
  let timer: NodeJS.Timeout | undefined
  let failing = false

  async function round(): Promise<void> {
    let wait = interval
    try {
      const wanted = await work()
      if (typeof wanted === 'number') wait = wanted
      if (failing) log.info({ event: 'loop.well-again', loop: name })
      failing = false
    } catch (error) {
      if (!failing) log.warn({ event: 'loop.failing', loop: name, error })
      failing = true
      wait = Math.min(Math.max(interval, 1_000), 5_000)
    }
    running = null
    if (closed) return
    if (again && !failing) wait = 0
    again = false
    timer = setTimeout(start, wait)
  }

  function start(): void {
    clearTimeout(timer)
    if (closed) return
    if (running) {
      again = true
      return
    }
    running = round()
  }

  start()
  return {
    nudge: start,
    async close() {
      closed = true
      clearTimeout(timer)
      await running
    },
  }
}
