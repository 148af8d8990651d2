/**
 * All that runs for one backend: its BullMQ worker; the courier, which has as many under way as the window is
 * wide; its connections; what is known of its health. Made when the backend appears, made anew when its hosts change, closed when it goes.
 *
 * The window belongs to this process and starts narrow when the backend returns. BullMQ's own ideas of retry
 * and failure are not used: a job that throws is gone, and the reconciler adds it again because the row says
 * so. That is also why a job that stalls over and over does no harm (maxStalledCount is out of reach).
 */
import { evidenceOf, feedbackOf, remarkOf, SLOW } from '@restante/core/continuity/evidence.ts'
import type { BackendHealth } from '@restante/core/continuity/store.ts'
import {
  feedback,
  openWindow,
  START_RECOVERING,
  START_UP,
  type Window,
} from '@restante/core/continuity/window.ts'
import type { Backend } from '@restante/core/directory/backends.ts'
import { gauge } from '@restante/core/observe/metrics.ts'
import { atOurBackend } from '@restante/core/outcome/classify.ts'
import type { Outcome } from '@restante/core/outcome/types.ts'
import type { Begun } from '@restante/core/queue/attempts.ts'
import { mayFlow } from '@restante/core/queue/flow.ts'
import { EvidenceDesk } from '../evidence.ts'
import type { Services } from '../services.ts'
import { DELIVERY_TIMEOUTS, dial } from '../smtp/peer.ts'
import { createPool, type Pool } from '../smtp/pool.ts'
import { type Sent, sendThrough } from '../smtp/route.ts'
import type { Mail } from '../smtp/transaction.ts'
import { attemptDelivery, type Notifier, type Way } from './attempt.ts'
import { type Consumer, consume } from './consumer.ts'
import { Courier } from './courier.ts'
import type { Decision } from './decide.ts'
import type { Settler } from './settler.ts'

const windowSize = gauge('window', 'Deliveries to a backend at a time.', ['backend'])
const healthNow = gauge('backend_health', 'Health of a backend: 1 for the one it has.', ['backend', 'health'])

export class BackendRuntime {
  readonly backend: Backend
  readonly desk: EvidenceDesk
  readonly #services: Services
  readonly #notifier: Notifier
  readonly #settler: Settler
  readonly #pool: Pool
  readonly #courier: Courier
  readonly #consumer: Consumer
  readonly #onSettled: () => void
  /** Those under way, oldest first. */
  readonly #sending = new Set<{ since: number }>()
  #window: Window
  #ending = false

  constructor(
    services: Services,
    notifier: Notifier,
    settler: Settler,
    backend: Backend,
    health: BackendHealth,
    onHealth: (runtime: BackendRuntime) => void,
    onSettled: () => void,
  ) {
    this.#services = services
    this.#notifier = notifier
    this.#settler = settler
    this.backend = backend
    this.#onSettled = onSettled
    this.#window = openWindow(health.effective === 'up' ? START_UP : START_RECOVERING)
    this.#pool = createPool(backend.hosts, (host, client) =>
      dial(host, { name: services.hostname, client, ...DELIVERY_TIMEOUTS }),
    )
    this.desk = new EvidenceDesk(services.db, services.log, health, (now, before) => {
      if (now.machine.health === 'recovering' && before.machine.health !== 'recovering') {
        this.#setWindow(openWindow(START_RECOVERING))
      }
      if (now.effective !== before.effective) {
        services.log.info({
          event: 'backend.health',
          backend: backend.id,
          name: backend.name,
          from: before.effective,
          to: now.effective,
          cause: now.machine.cause ?? undefined,
          detail: now.machine.detail ?? undefined,
        })
      }
      this.#showHealth()
      void this.#courier.healthChanged()
      onHealth(this)
    })
    this.#courier = new Courier(
      services,
      {
        backendId: backend.id,
        mayDial: () => mayFlow(this.desk.health.effective),
        carry: (begun, sent) => this.#deliver(begun, sent),
      },
      this.#window.size,
    )
    this.#consumer = consume(services, backend.id, jobsAtATime(this.#window), (ids, backlog) =>
      this.#courier.take(ids, backlog),
    )
    this.#setWindow(this.#window)
    this.#showHealth()
  }

  get window(): number {
    return this.#window.size
  }

  /** When the oldest delivery under way was begun, in ms since the epoch; null: there is none. */
  get sendingSince(): number | null {
    const [oldest] = this.#sending
    return oldest?.since ?? null
  }

  /** New mail can go without a job (ingest). */
  get numberForNew(): number | null {
    return this.#courier.numberForNew
  }

  takeBegun(begun: readonly Begun[]): void {
    this.#courier.takeBegun(begun)
  }

  /** Stops taking jobs; what is under way may end until `deadline` (ms since the epoch), then is cut off. */
  async close(deadline: number): Promise<void> {
    const cut = setTimeout(
      () => {
        this.#ending = true
        this.#pool.close()
      },
      Math.max(0, deadline - Date.now()),
    )
    await this.#courier.stop()
    await this.#consumer.close()
    await this.#courier.close()
    clearTimeout(cut)
    this.#pool.close()
    await this.desk.close()
    windowSize.remove({ backend: this.backend.id })
  }

  async #deliver(begun: Begun, sent: () => void): Promise<void> {
    const way: Way = {
      health: () => this.desk.health.effective,
      send: (_begun, mail, onOurFault) => this.#send(mail, onOurFault),
      heard: (told, decision, ours) => this.#heard(told, decision, ours),
      ending: () => this.#ending,
    }
    await attemptDelivery(this.#services, this.#notifier, this.#settler, begun, way, sent)
    this.#onSettled()
  }

  async #heard(told: ReadonlyMap<string, Outcome>, decision: Decision, ours: boolean): Promise<void> {
    if (ours) return
    const worst = [...told.values()].find(outcome => feedbackOf(outcome) !== 'success')
    const width = feedbackOf(worst ?? decision.summary)
    if (width) {
      const next = feedback(this.#window, width)
      if (next.size === this.#window.size) this.#window = next
      else this.#setWindow(next)
    }
    for (const [address, raw] of told) {
      const evidence = evidenceOf(atOurBackend(raw), 'delivery', address)
      if (evidence) await this.desk.take(evidence)
      const remark = remarkOf(atOurBackend(raw), true)
      if (remark) await this.desk.remark(remark)
    }
  }

  /** Sends, and notices when that took long. */
  async #send(mail: Mail, onOurFault: (error: unknown) => void): Promise<Sent> {
    const own = { since: Date.now() }
    this.#sending.add(own)
    const sent = await sendThrough(this.#pool, mail, onOurFault).finally(() => this.#sending.delete(own))
    const seconds = (Date.now() - own.since) / 1_000
    const delivered = [...sent.told.values()].some(outcome => outcome.category === 'accepted')
    if (delivered && seconds * 1_000 >= SLOW) {
      const detail = `${sent.host ?? ''}: ${seconds.toFixed(0)} s for one message of ${mail.size} bytes`
      void this.desk.remark({ type: 'remark', concern: 'slow', detail })
    }
    return sent
  }

  #setWindow(next: Window): void {
    this.#window = next
    this.#courier.setWindow(next.size)
    this.#consumer.setConcurrency(jobsAtATime(next))
    windowSize.set({ backend: this.backend.id }, next.size)
  }

  #showHealth(): void {
    for (const health of ['up', 'degraded', 'down', 'recovering'] as const) {
      healthNow.set({ backend: this.backend.id, health }, this.desk.health.effective === health ? 1 : 0)
    }
  }
}

/**
 * Jobs taken from Redis at a time: each may name one delivery, of the backlog there are never more than two
 * windows (drain), and live mail must not wait behind them.
 */
const jobsAtATime = (window: Window): number => 3 * window.size + 5
