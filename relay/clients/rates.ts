/**
 * How often something happened in the last minute, for each key: the counters behind the rate limits.
 *
 * The answer comes at once, from memory; what other nodes counted is added as far as it is known (shared.ts).
 * Two fixed windows a key, the older one weighed by what of it is still in sight: at most a few percent off,
 * and all of an old window is dropped in one piece. Memory is bounded: beyond `MOST_KEYS` new keys are not
 * counted, because forgetting who floods us to remember who might would be the wrong way round.
 */
import type { RelayLimits } from '../limits.ts'

export type Rate = keyof RelayLimits['rates']

/** ms. */
export const WINDOW = 60_000
const MOST_KEYS = 200_000

type Counts = Map<string, number>

export class Rates {
  /** What this node counted since the last `take`, for the others. */
  #fresh: Counts = new Map()
  #current: Counts = new Map()
  #before: Counts = new Map()
  /** What other nodes counted. */
  #others: Counts = new Map()
  #othersBefore: Counts = new Map()
  #index = 0
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
    this.#index = Math.floor(now() / WINDOW)
  }

  /** Counts one; false when that is more than `limit` a minute. 0 is no limit. */
  take(rate: Rate, key: string, limit: number): boolean {
    if (limit === 0) return true
    this.#turn()
    const name = `${rate}:${key}`
    const count = (this.#current.get(name) ?? 0) + 1
    if (count > 1 || this.#current.size < MOST_KEYS) {
      this.#current.set(name, count)
      this.#fresh.set(name, (this.#fresh.get(name) ?? 0) + 1)
    }
    return this.#weigh(name) <= limit
  }

  /** Whether it is over the limit already, without counting. */
  exceeded(rate: Rate, key: string, limit: number): boolean {
    if (limit === 0) return false
    this.#turn()
    return this.#weigh(`${rate}:${key}`) > limit
  }

  /** What is to be told to other nodes, and the window it belongs to. */
  fresh(): { window: number; counts: Counts } {
    this.#turn()
    const counts = this.#fresh
    this.#fresh = new Map()
    return { window: this.#index, counts }
  }

  /** All nodes together have counted `total` for this name in this window. */
  learn(window: number, name: string, total: number): void {
    this.#turn()
    const [own, others] =
      window === this.#index
        ? [this.#current, this.#others]
        : window === this.#index - 1
          ? [this.#before, this.#othersBefore]
          : []
    // Ours that are still on their way are counted here already: too few of the others for a moment.
    if (own && others) others.set(name, Math.max(0, total - (own.get(name) ?? 0)))
  }

  #weigh(name: string): number {
    const seen = (this.#now() % WINDOW) / WINDOW
    const current = (this.#current.get(name) ?? 0) + (this.#others.get(name) ?? 0)
    const before = (this.#before.get(name) ?? 0) + (this.#othersBefore.get(name) ?? 0)
    return before * (1 - seen) + current
  }

  #turn(): void {
    const index = Math.floor(this.#now() / WINDOW)
    if (index === this.#index) return
    const next = index === this.#index + 1
    this.#before = next ? this.#current : new Map()
    this.#othersBefore = next ? this.#others : new Map()
    this.#current = new Map()
    this.#others = new Map()
    this.#fresh = new Map()
    this.#index = index
  }
}
