/**
 * The addresses of one engine, in order of preference, and which of them failed lately.
 *
 * One that refused is tried after the others for a while. One that kept several messages waiting till their
 * time was over is left alone, for longer each time, and then tried by one message only: a hung engine costs a
 * few messages their time and not all of them.
 */
import type { Log } from '../../observe/log.ts'
import { engineFailures } from '../counters.ts'
import type { StepName } from '../types.ts'

/** An engine at one address did not do its work. */
export class EngineError extends Error {
  override name = 'EngineError'
  readonly reason: 'engine-down' | 'engine-garbage'
  constructor(reason: EngineError['reason'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

type Address = {
  url: URL
  /** For logs and records: without a password. */
  shown: string
  /** Clock; tried after the others until then. */
  lastUntil: number
  /** Time-outs in a row. */
  hung: number
  /** Clock; not tried until then. */
  restUntil: number
  probing: boolean
}

/** ms */
const LAST_FOR = 10_000
/** Time-outs in a row, from different messages, before an address is left alone. One message may be hard. */
const HUNG_AT = 3
const REST_FIRST = 2_000
const REST_MOST = 30_000

export type AddressesOptions = {
  step: StepName
  urls: readonly string[]
  /** ms for all attempts together; each gets its share. */
  timeLimit: number
  log: Log
  /** A clock in ms. */
  now?: () => number
}

export class Addresses {
  readonly #addresses: Address[]
  readonly #options: AddressesOptions
  readonly #now: () => number

  constructor(options: AddressesOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#addresses = options.urls.map(text => {
      const url = new URL(text)
      return {
        url,
        shown: url.protocol === 'unix:' ? `unix:${url.pathname}` : url.host,
        lastUntil: 0,
        hung: 0,
        restUntil: 0,
        probing: false,
      }
    })
  }

  /**
   * Asks one after the other until one answers.
   * @throws EngineError when none did; the signal's reason when the caller gave up
   */
  async ask<T>(
    signal: AbortSignal,
    attempt: (url: URL, signal: AbortSignal) => Promise<T>,
  ): Promise<{ answer: T; engine: string }> {
    const { step, log, timeLimit } = this.#options
    const order = this.#order()
    let failure = new EngineError('engine-down', 'none of its addresses answers in time')
    for (const [n, address] of order.entries()) {
      if (signal.aborted) throw signal.reason
      const late = new AbortController()
      // A little less than the step has, so that a hung one is noticed here.
      const share = (timeLimit * 0.95) / this.#addresses.length
      const timer = setTimeout(() => late.abort(new Error('time over')), share)
      const giveUp = () => late.abort(signal.reason)
      signal.addEventListener('abort', giveUp)
      address.probing = address.hung >= HUNG_AT
      try {
        const answer = await attempt(address.url, late.signal)
        Object.assign(address, { lastUntil: 0, hung: 0, restUntil: 0 })
        return { answer, engine: address.shown }
      } catch (error) {
        if (signal.aborted) throw signal.reason
        failure =
          error instanceof EngineError
            ? error
            : new EngineError('engine-down', String(error), { cause: error })
        this.#failed(address, late.signal.aborted)
        engineFailures.inc({ step })
        log.warn({
          event: 'scan.engine-failed',
          step,
          engine: address.shown,
          reason: late.signal.aborted ? 'slow' : failure.reason,
          detail: failure.message.slice(0, 200),
          next: order[n + 1]?.shown,
        })
      } finally {
        address.probing = false
        clearTimeout(timer)
        signal.removeEventListener('abort', giveUp)
      }
    }
    throw failure
  }

  #failed(address: Address, slow: boolean): void {
    const now = this.#now()
    address.lastUntil = now + LAST_FOR
    // Those that were under way when it was left alone say nothing new.
    if (!slow || address.restUntil > now) return
    address.hung++
    if (address.hung >= HUNG_AT)
      address.restUntil = now + Math.min(REST_MOST, REST_FIRST * 2 ** (address.hung - HUNG_AT))
  }

  #order(): Address[] {
    const now = this.#now()
    const usable = this.#addresses.filter(
      address => address.hung < HUNG_AT || (address.restUntil <= now && !address.probing),
    )
    const fresh = usable.filter(address => address.lastUntil <= now)
    return [...fresh, ...usable.filter(address => address.lastUntil > now)]
  }
}
