/**
 * All that runs for one backend: its BullMQ worker, whose concurrency is the window; its connections; what is
 * known of its health. Made when the backend appears, made anew when its hosts change, closed when it goes.
 *
 * The window belongs to this process and starts narrow when the backend returns. BullMQ's own ideas of retry
 * and failure are not used: a job that throws is gone, and the reconciler adds it again because the row says
 * so. That is also why a job that stalls over and over does no harm (maxStalledCount is out of reach).
 */
import { evidenceOf, feedbackOf } from '@restante/core/continuity/evidence.ts'
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
import { EvidenceDesk } from '../evidence.ts'
import type { Services } from '../services.ts'
import { DELIVERY_TIMEOUTS, dial } from '../smtp/peer.ts'
import { createPool, type Pool } from '../smtp/pool.ts'
import { sendThrough } from '../smtp/route.ts'
import { attemptDelivery, type Notifier } from './attempt.ts'
import { type Consumer, consume } from './consumer.ts'
import type { Decision } from './decide.ts'

const windowSize = gauge('window', 'Deliveries to a backend at a time.', ['backend'])
const healthNow = gauge('backend_health', 'Health of a backend: 1 for the one it has.', ['backend', 'health'])

export class BackendRuntime {
  readonly backend: Backend
  readonly desk: EvidenceDesk
  readonly #services: Services
  readonly #notifier: Notifier
  readonly #pool: Pool
  readonly #consumer: Consumer
  readonly #onSettled: () => void
  #window: Window
  #ending = false

  constructor(
    services: Services,
    notifier: Notifier,
    backend: Backend,
    health: BackendHealth,
    onHealth: (runtime: BackendRuntime) => void,
    onSettled: () => void,
  ) {
    this.#services = services
    this.#notifier = notifier
    this.backend = backend
    this.#onSettled = onSettled
    this.#window = openWindow(health.effective === 'up' ? START_UP : START_RECOVERING)
    this.#pool = createPool(backend.hosts, host =>
      dial(host, { name: services.hostname, ...DELIVERY_TIMEOUTS }),
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
      onHealth(this)
    })
    this.#consumer = consume(services, backend.id, this.#window.size, id => this.#deliver(id))
    this.#setWindow(this.#window)
    this.#showHealth()
  }

  get window(): number {
    return this.#window.size
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
    await this.#consumer.close()
    clearTimeout(cut)
    this.#pool.close()
    await this.desk.close()
    windowSize.remove({ backend: this.backend.id })
  }

  async #deliver(deliveryId: string): Promise<void> {
    await attemptDelivery(this.#services, this.#notifier, deliveryId, {
      health: () => this.desk.health.effective,
      send: (_begun, mail, onOurFault) => sendThrough(this.#pool, mail, onOurFault),
      heard: (told, decision, ours) => this.#heard(told, decision, ours),
      ending: () => this.#ending,
    })
    this.#onSettled()
  }

  async #heard(told: ReadonlyMap<string, Outcome>, decision: Decision, ours: boolean): Promise<void> {
    if (ours) return
    const worst = [...told.values()].find(outcome => feedbackOf(outcome) !== 'success')
    const width = feedbackOf(worst ?? decision.summary)
    if (width) this.#setWindow(feedback(this.#window, width))
    for (const [address, raw] of told) {
      const evidence = evidenceOf(atOurBackend(raw), 'delivery', address)
      if (evidence) await this.desk.take(evidence)
    }
  }

  #setWindow(next: Window): void {
    this.#window = next
    this.#consumer.setConcurrency(next.size)
    windowSize.set({ backend: this.backend.id }, next.size)
  }

  #showHealth(): void {
    for (const health of ['up', 'degraded', 'down', 'recovering'] as const) {
      healthNow.set({ backend: this.backend.id, health }, this.desk.health.effective === health ? 1 : 0)
    }
  }
}
