/**
 * When what waits will have been delivered, from how fast it went so far. Pure.
 *
 * The window grows at the start of a return, so the whole average would promise too late a time: recent
 * minutes count, as long as they hold enough to count.
 */

/** What waited at a time. */
export type Sample = { at: Date; waiting: number }

/** Samples older than this are forgotten once there are newer ones, in ms. */
const RECENT = 120_000
/** Fewer deliveries than this say nothing about a rate. */
const ENOUGH = 3

/**
 * @param samples oldest first; the last is now
 * @returns when nothing will wait any more; null when that can't be said (it does not shrink, too few data)
 */
export function forecast(samples: readonly Sample[]): Date | null {
  const last = samples.at(-1)
  if (!last) return null
  if (last.waiting === 0) return last.at
  const recent = samples.filter(sample => last.at.getTime() - sample.at.getTime() <= RECENT)
  const first = recent[0]
  if (!first) return null
  const gone = first.waiting - last.waiting
  const elapsed = last.at.getTime() - first.at.getTime()
  if (gone < ENOUGH || elapsed <= 0) return null
  return new Date(last.at.getTime() + (last.waiting / gone) * elapsed)
}

/**
 * The same from a count: `settled` deliveries within the last `over` ms, `waiting` are left.
 * For those who read rows rather than keep samples.
 */
export function forecastByCount(waiting: number, settled: number, over: number, now: Date): Date | null {
  return forecast([
    { at: new Date(now.getTime() - Math.min(over, RECENT)), waiting: waiting + settled },
    { at: now, waiting },
  ])
}
