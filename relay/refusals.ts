/**
 * Refusals: counted by reason, and once a minute one line in the log with how many there were. A line each
 * would be the flood's second victim.
 */
import type { Log } from '@restante/core/observe/log.ts'
import { refusals } from './counters.ts'

const EVERY = 60_000

export class Refusals {
  #lately = new Map<string, number>()
  readonly #log: Log
  readonly #timer: NodeJS.Timeout

  constructor(log: Log, every = EVERY) {
    this.#log = log
    this.#timer = setInterval(() => this.tell(), every)
    this.#timer.unref()
  }

  count(reason: string): void {
    refusals.inc({ reason })
    this.#lately.set(reason, (this.#lately.get(reason) ?? 0) + 1)
  }

  /** Logs what there was since the last time, if there was anything. */
  tell(): void {
    if (this.#lately.size === 0) return
    this.#log.info({ event: 'relay.refusals', reasons: Object.fromEntries(this.#lately) })
    this.#lately = new Map()
  }

  close(): void {
    clearInterval(this.#timer)
    this.tell()
  }
}
