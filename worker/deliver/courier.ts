/**
 * Carries deliveries to one destination: begins them a few at a time ahead of their being dialed, has as many
 * under way as its window is wide, and renews their leases together.
 *
 * A few are begun ahead (leased, the attempt recorded) so that no connection waits for PostgreSQL between two
 * messages. What is begun and then not dialed, because the backend went down or the process ends, is given
 * back as if it had not been begun. Killed: the leases of a dead worker are taken back (core/queue/leases.ts).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { isAboutData } from '@restante/core/db/transaction.ts'
import { type Begun, beginMany, giveBack, LEASE_RENEWAL, renewMany } from '@restante/core/queue/attempts.ts'
import type { Enqueued } from '@restante/core/queue/names.ts'
import { reached } from '@restante/core/spool/states.ts'
import type { Services } from '../services.ts'
import { nextTurn } from './turns.ts'

/** Begun ahead, in windows and at most: a round trip to PostgreSQL must be bridged. One by one stays one by one. */
const WINDOWS_AHEAD = 8
const MOST_AHEAD = 200
/** Below this a window is a probe. */
const NARROW = 5
/** New mail that is taken without a job, begun already: more than this waits in Redis. */
const MOST_AT_BIRTH = 1_000
/** Pause between tries while PostgreSQL is away, in ms. */
const AGAIN = 1_000

export type Load = {
  backendId: string | null
  /** false: nothing is dialed now, and what was begun is given back. */
  mayDial: () => boolean
  /**
   * Delivers one. `sent` is called when nothing is under way to the destination any more; the promise
   * resolves when the result is recorded.
   */
  carry: (begun: Begun, sent: () => void) => Promise<void>
  /** Begins deliveries together with others' (together.ts); absent: by itself. */
  begin?: (ids: readonly string[]) => Promise<Begun[]>
}

type CourierServices = Pick<Services, 'db' | 'log' | 'queues' | 'recorder' | 'workerNumber'>

export class Courier {
  readonly #services: CourierServices
  readonly #load: Load
  #window: number
  /** By id; those of the backlog are in the order of their ids, which is that of acceptance. */
  #live: string[] = []
  #backlog: string[] = []
  readonly #ends = new Map<string, { end: () => void; ended: Promise<void> }>()
  #ready: Begun[] = []
  /** Leased: ready, under way, or waiting to be recorded. */
  readonly #leased = new Map<string, Begun>()
  readonly #busy = new Set<string>()
  #active = 0
  readonly #carried = new Set<Promise<void>>()
  #beginning: Promise<void> | null = null
  #paused = false
  #stopped = false
  /** Not dialed because the backend was down. */
  readonly #putBacks: Enqueued[] = []
  /** Left for another worker, or for us after a new start. */
  readonly #dropped: Enqueued[] = []
  readonly #renewal: NodeJS.Timeout

  constructor(services: CourierServices, load: Load, window: number) {
    this.#services = services
    this.#load = load
    this.#window = window
    this.#renewal = setInterval(() => {
      void renewMany(services.db, [...this.#leased.values()], new Date()).catch(() => {})
    }, LEASE_RENEWAL)
  }

  setWindow(size: number): void {
    this.#window = size
    this.#pump()
  }

  /** Deals with deliveries named by a job. @returns when each is recorded, or was not to be begun */
  async take(ids: readonly string[], backlog: boolean): Promise<void> {
    const ends = ids.map(id => {
      // Named by two jobs: once is enough.
      const known = this.#ends.get(id)
      if (known) return known.ended
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#ends.set(id, { ended: promise, end: resolve })
      ;(backlog ? this.#backlog : this.#live).push(id)
      return promise
    })
    if (backlog) this.#backlog.sort()
    if (this.#stopped) await this.#drop()
    this.#pump()
    await Promise.all(ends)
  }

  /** Nothing is in hand. */
  get idle(): boolean {
    return this.#leased.size === 0 && this.#live.length === 0 && this.#backlog.length === 0
  }

  /** The number in whose name new mail may be leased for this courier; null: it should wait as a job. */
  get numberForNew(): number | null {
    return this.#leased.size < MOST_AT_BIRTH && this.#window >= NARROW ? this.#numberForNow : null
  }

  /** The same, for no more than would be begun ahead anyway: an admin can still move the rest elsewhere. */
  get numberWithinReach(): number | null {
    return this.#room > 0 ? this.#numberForNow : null
  }

  get #numberForNow(): number | null {
    const { recorder, workerNumber } = this.#services
    const free = this.#live.length === 0 && !this.#stopped && recorder.ready
    return free && this.#load.mayDial() ? workerNumber() : null
  }

  /** Deals with new mail that was begun as its rows were made. */
  takeBegun(begun: readonly Begun[]): void {
    reached(6)
    for (const one of begun) this.#leased.set(one.deliveryId, one)
    this.#ready.push(...begun)
    if (this.#stopped) void this.#drop()
    else if (!this.#load.mayDial()) void this.#putBack()
    else this.#pump()
  }

  /** Begins nothing more, and gives back what was not dialed. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#drop()
    await this.#beginning
    await this.#drop()
  }

  /** Waits for what is under way, with or without a job; what was not dealt with gets new ones. */
  async close(): Promise<void> {
    await Promise.all(this.#carried)
    clearInterval(this.#renewal)
    await this.#services.queues.enqueue(this.#dropped)
  }

  #pump(): void {
    while (this.#active < this.#window && this.#load.mayDial() && this.#canRecord()) {
      const at = nextTurn(this.#ready, this.#busy)
      const [begun] = at < 0 ? [] : this.#ready.splice(at, 1)
      if (!begun) break
      const carried = this.#carry(begun)
      this.#carried.add(carried)
      void carried.then(() => this.#carried.delete(carried))
    }
    this.#begin()
  }

  /** Whether the spool can take a note of what is delivered; when not, goes on by itself when it can. */
  #canRecord(): boolean {
    const { recorder } = this.#services
    if (recorder.ready) return true
    if (this.#paused || this.#stopped) return false
    this.#paused = true
    void recorder
      .untilReady(() => this.#stopped)
      .then(() => {
        this.#paused = false
        this.#pump()
      })
    return false
  }

  async #carry(begun: Begun): Promise<void> {
    this.#active++
    const turn = begun.backlog ? begun.recipients.map(recipient => recipient.address) : []
    for (const address of turn) this.#busy.add(address)
    let under = true
    const sent = () => {
      if (!under) return
      under = false
      this.#active--
      for (const address of turn) this.#busy.delete(address)
      this.#pump()
    }
    try {
      await this.#load.carry(begun, sent)
    } catch (error) {
      // The row says what is left to do.
      this.#services.log.error({ event: 'delivery.failed', delivery: begun.deliveryId, error })
    } finally {
      sent()
      this.#end(begun.deliveryId)
    }
  }

  get #ahead(): number {
    return this.#window < NARROW ? this.#window : Math.min(WINDOWS_AHEAD * this.#window, MOST_AHEAD)
  }

  /** How many more may be begun now. */
  get #room(): number {
    return this.#window - this.#active + this.#ahead - this.#ready.length
  }

  #begin(): void {
    if (this.#beginning || this.#stopped || !this.#canRecord()) return
    const room = this.#room
    // In few large statements: not for every single place that becomes free.
    if (room <= 0 || (room < this.#ahead / 2 && this.#ready.length > 0)) return
    const ids = [...this.#live.splice(0, room)]
    ids.push(...this.#backlog.splice(0, room - ids.length))
    if (ids.length === 0) return
    this.#beginning = this.#beginThese(ids).finally(() => {
      this.#beginning = null
      this.#pump()
    })
  }

  async #beginThese(ids: readonly string[]): Promise<void> {
    const { db, log, workerNumber } = this.#services
    for (let tries = 1; !this.#stopped; tries++) {
      try {
        const begun = this.#load.begin
          ? await this.#load.begin(ids)
          : await beginMany(db, ids, new Date(), workerNumber())
        if (begun.length > 0) reached(6)
        for (const one of begun) this.#leased.set(one.deliveryId, one)
        for (const id of ids) if (!this.#leased.has(id)) this.#end(id)
        this.#ready.push(...begun)
        if (!this.#load.mayDial()) await this.#putBack()
        return
      } catch (error) {
        if (isAboutData(error)) log.error({ event: 'delivery.begin-refused', deliveries: ids, error })
        else if (tries === 1) log.warn({ event: 'delivery.step-failed', step: 'begin', error })
        if (isAboutData(error)) break
        await sleep(AGAIN)
      }
    }
    for (const id of ids) this.#end(id)
  }

  /** What was begun and is not going to be dialed now. */
  async #giveBack(): Promise<Begun[]> {
    const back = this.#ready.splice(0)
    if (back.length === 0) return []
    await giveBack(this.#services.db, back).catch(error =>
      this.#services.log.warn({ event: 'delivery.step-failed', step: 'give-back', error }),
    )
    for (const { deliveryId } of back) this.#end(deliveryId)
    return back
  }

  async #drop(): Promise<void> {
    const { backendId } = this.#load
    const named = (id: string, backlog: boolean): Enqueued => ({ id, backendId, backlog })
    const live = this.#live.splice(0)
    const backlog = this.#backlog.splice(0)
    const back = await this.#giveBack()
    this.#dropped.push(
      ...back.map(one => named(one.deliveryId, one.backlog)),
      ...live.map(id => named(id, false)),
      ...backlog.map(id => named(id, true)),
    )
    for (const id of [...live, ...backlog]) this.#end(id)
  }

  /** The backend's health changed: what was begun for it may have to wait. */
  async healthChanged(): Promise<void> {
    if (!this.#load.mayDial()) return await this.#putBack()
    this.#pump()
    // Most are held by now and wait for the drain; what was overtaken by a quick return is queued.
    const back = this.#putBacks.splice(0)
    if (back.length > 0) await this.#services.queues.enqueue(back, Date.now().toString(36))
  }

  async #putBack(): Promise<void> {
    for (const { deliveryId, backlog } of await this.#giveBack()) {
      this.#putBacks.push({ id: deliveryId, backendId: this.#load.backendId, backlog })
    }
  }

  #end(id: string): void {
    this.#leased.delete(id)
    this.#ends.get(id)?.end()
    this.#ends.delete(id)
  }
}
