/**
 * One place that mail goes out to, with a window, connections and a courier of its own: a thousand messages to a
 * place that is slow keep nobody else waiting.
 *
 * Its window follows Postfix's rules (core/continuity/window), as a backend's does. When several connections in a
 * row come to nothing the place counts as dead for a minute: what is due meanwhile gets the same answer without
 * a further connection, and its sender hears why, instead of waiting in a line for one time-out after another.
 */
import { feedbackOf } from '@restante/core/continuity/evidence.ts'
import { feedback, openWindow, START_UP, type Window } from '@restante/core/continuity/window.ts'
import type { Outcome, Phase } from '@restante/core/outcome/types.ts'
import type { Begun } from '@restante/core/queue/attempts.ts'
import { attemptDelivery, type Notifier, type Way } from '../deliver/attempt.ts'
import { Courier } from '../deliver/courier.ts'
import type { Settler } from '../deliver/settler.ts'
import type { Services } from '../services.ts'
import type { Pool } from '../smtp/pool.ts'
import { type Sent, sendThrough } from '../smtp/route.ts'
import { type Mail, ourFault } from '../smtp/transaction.ts'

/** Connections in a row that came to nothing. */
const DEAD_AFTER = 3
const DEAD_FOR = 60_000
const BEFORE_GREETED: ReadonlySet<Phase> = new Set(['dns', 'connect', 'tls', 'greeting', 'ehlo'])

export type DestinationOptions = {
  services: Services
  notifier: Notifier
  settler: Settler
  pool: Pool
  /** Begins deliveries, together with those of other destinations. */
  begin: (ids: readonly string[]) => Promise<Begun[]>
  /** Adds what has to be added to a message before it leaves: a signature. @returns or why it must not leave */
  prepare: (mail: Mail, begun: Begun) => Promise<Mail | Outcome>
  /** The most this place may have under way, whatever its window; it changes with how many places there are. */
  share: () => number
  now?: () => number
}

export class Destination {
  usedAt: number
  readonly #options: DestinationOptions
  readonly #courier: Courier
  readonly #now: () => number
  #window: Window = openWindow(START_UP)
  #taken = 0
  #failures = 0
  #dead: { until: number; outcome: Outcome } | null = null
  #ending = false

  constructor(options: DestinationOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.usedAt = this.#now()
    this.#courier = new Courier(
      options.services,
      {
        backendId: null,
        mayDial: () => true,
        begin: options.begin,
        carry: (begun, sent) =>
          attemptDelivery(options.services, options.notifier, options.settler, begun, this.#way, sent),
      },
      this.#window.size,
    )
  }

  get idle(): boolean {
    return this.#taken === 0 && this.#courier.idle
  }

  /** New mail can go without a job (ingest). */
  get numberForNew(): number | null {
    return this.#courier.numberWithinReach
  }

  takeBegun(begun: readonly Begun[]): void {
    this.usedAt = this.#now()
    this.#courier.takeBegun(begun)
  }

  /** @returns when each is recorded, or was not to be begun */
  async take(ids: readonly string[], backlog: boolean): Promise<void> {
    this.#taken++
    this.usedAt = this.#now()
    try {
      await this.#courier.take(ids, backlog)
    } finally {
      this.#taken--
      this.usedAt = this.#now()
    }
  }

  /** The share changed. */
  resize(): void {
    this.#courier.setWindow(Math.min(this.#window.size, this.#options.share()))
  }

  /** Begins nothing more; what is under way at `deadline` (ms since the epoch) is cut off. */
  async close(deadline: number): Promise<void> {
    const cut = setTimeout(
      () => {
        this.#ending = true
        this.#options.pool.close()
      },
      Math.max(0, deadline - this.#now()),
    )
    await this.#courier.stop()
    while (this.#taken > 0) await new Promise(resolve => setTimeout(resolve, 20))
    await this.#courier.close()
    clearTimeout(cut)
    this.#options.pool.close()
  }

  readonly #way: Way = {
    health: () => null,
    send: (begun, mail, onOurFault) => this.#send(begun, mail, onOurFault),
    heard: async (told, _decision, ours) => {
      if (!ours) this.#learn([...told.values()])
    },
    ending: () => this.#ending,
  }

  async #send(begun: Begun, mail: Mail, onOurFault: (error: unknown) => void): Promise<Sent> {
    if (this.#dead && this.#dead.until > this.#now()) return this.#unsent(mail, this.#dead.outcome)
    const prepared = await this.#options.prepare(mail, begun).catch(error => {
      onOurFault(error)
      return ourFault(error, new Date(this.#now()))
    })
    if ('category' in prepared) return this.#unsent(mail, prepared)
    return await sendThrough(this.#options.pool, prepared, onOurFault)
  }

  #unsent(mail: Mail, outcome: Outcome): Sent {
    const told = { ...outcome, at: new Date(this.#now()).toISOString() }
    return { told: new Map(mail.recipients.map(({ address }) => [address, told])), host: null }
  }

  #learn(outcomes: readonly Outcome[]): void {
    const [first] = outcomes
    if (!first || (this.#dead && this.#dead.until > this.#now())) return
    const unreached = outcomes.every(
      ({ phase, permanent }) => !permanent && phase && BEFORE_GREETED.has(phase),
    )
    this.#failures = unreached ? this.#failures + 1 : 0
    this.#dead = this.#failures >= DEAD_AFTER ? { until: this.#now() + DEAD_FOR, outcome: first } : null
    const worst = outcomes.map(feedbackOf).find(what => what !== 'success' && what !== null)
    const width = worst ?? feedbackOf(first)
    if (width) this.#window = feedback(this.#window, width)
    this.resize()
  }
}
