/**
 * What deliveries and probes find out about one backend, on its way into the database.
 *
 * A success while all is well costs no row: it is remembered here, so that the probe knows it need not ask.
 * Everything that can change something is reported: failures (at most one a second, for a hundred connections
 * that break at once are one piece of news), the success that ends a doubt, and what happens during a return
 * (successes summed up by the second, refusals at once). What is lost with the process is evidence, not
 * mail: the next probe brings it again.
 */
import type { Event, Evidence, Machine } from '@restante/core/continuity/machine.ts'
import { inDoubt } from '@restante/core/continuity/machine.ts'
import { type BackendHealth, report } from '@restante/core/continuity/store.ts'
import type { Db } from '@restante/core/db/connection.ts'
import type { Log } from '@restante/core/observe/log.ts'
import { reached } from '@restante/core/spool/states.ts'

/** ms between reports of the same kind. */
const PACE = 1_000

export class EvidenceDesk {
  /** ms since the epoch of the last success seen by SMTP. */
  lastSuccessAt = 0
  #known: BackendHealth
  readonly #db: Db
  readonly #log: Log
  readonly #onHealth: (health: BackendHealth, before: BackendHealth) => void
  #accepted = 0
  /** Failed deliveries during a return that no report has counted yet. */
  #failed = 0
  readonly #remarkedAt = new Map<string, number>()
  #flush: NodeJS.Timeout | null = null
  #failureAt = 0
  #successAt = 0

  constructor(
    db: Db,
    log: Log,
    known: BackendHealth,
    onHealth: (health: BackendHealth, before: BackendHealth) => void,
  ) {
    this.#db = db
    this.#log = log
    this.#known = known
    this.#onHealth = onHealth
  }

  get health(): BackendHealth {
    return this.#known
  }

  get machine(): Machine {
    return this.#known.machine
  }

  /** The row as somebody else left it. */
  refresh(health: BackendHealth): void {
    const before = this.#known
    this.#known = health
    this.#onHealth(health, before)
  }

  async take(evidence: Evidence): Promise<void> {
    const now = Date.now()
    switch (evidence.type) {
      case 'success': {
        const access = evidence.source === 'access-probe'
        if (!access) this.lastSuccessAt = now
        const track = access ? this.machine.access : this.machine.smtp
        const newsForMachine =
          track.failures > 0 ||
          this.machine.health === 'down' ||
          this.machine.guard !== null ||
          (evidence.source === 'delivery' && this.machine.content.failures > 0)
        const counts = this.machine.health === 'recovering' && evidence.source === 'delivery'
        if (counts) this.#count()
        // Many at once say the same.
        if (!newsForMachine || (evidence.source === 'delivery' && now - this.#successAt < PACE / 10)) return
        this.#successAt = now
        if (!counts) return await this.#report(evidence)
        return await this.#sendCount()
      }
      case 'failure':
        if (evidence.source !== 'access-probe') {
          if (evidence.source === 'delivery' && this.machine.health === 'recovering') this.#failed++
          if (now - this.#failureAt < PACE) return
          this.#failureAt = now
        }
        if (evidence.source === 'delivery' && this.#failed > 0) {
          await this.#sendCount()
          const count = this.#failed
          this.#failed = 0
          return await this.#report({ ...evidence, count })
        }
        return await this.#report(evidence)
      case 'refusal':
        if (this.machine.health !== 'recovering') return
        await this.#sendCount()
        return await this.#report(evidence)
      default:
        return evidence satisfies never
    }
  }

  /** What is worth an admin's eye and says nothing for or against the backend; the same at most twice a minute. */
  async remark(remark: Event & { type: 'remark' }): Promise<void> {
    const now = Date.now()
    if (now - (this.#remarkedAt.get(remark.concern) ?? 0) < 30 * PACE) return
    this.#remarkedAt.set(remark.concern, now)
    await this.#report(remark)
  }

  /** Whether a probe should look soon. */
  get inDoubt(): boolean {
    return inDoubt(this.machine)
  }

  async close(): Promise<void> {
    if (this.#flush) clearTimeout(this.#flush)
    this.#flush = null
  }

  #count(): void {
    this.#accepted++
    this.#flush ??= setTimeout(() => void this.#sendCount(), PACE)
  }

  async #sendCount(): Promise<void> {
    if (this.#flush) clearTimeout(this.#flush)
    this.#flush = null
    const count = this.#accepted
    this.#accepted = 0
    if (count > 0) await this.#report({ type: 'success', source: 'delivery', count })
  }

  async #report(evidence: Event): Promise<void> {
    try {
      const health = await report(this.#db, this.#known.backendId, evidence, new Date())
      if (health?.effective === 'down' && this.#known.effective !== 'down') reached('4h')
      if (health) this.refresh(health)
    } catch (error) {
      this.#log.warn({ event: 'continuity.report-failed', backend: this.#known.backendId, error })
    }
  }
}
