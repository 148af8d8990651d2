/**
 * One runtime for each backend of the directory: made when it appears, made anew when its servers change,
 * closed when it goes. Listens to hints and looks every 30 s besides.
 */
import { loadHealth } from '@restante/core/continuity/store.ts'
import { type Backend, listBackends } from '@restante/core/directory/backends.ts'
import { giveBack, type Takers } from '@restante/core/queue/attempts.ts'
import { type Loop, loop } from '../loop.ts'
import type { Services } from '../services.ts'
import type { Notifier } from './attempt.ts'
import { BackendRuntime } from './backend.ts'
import type { Settler } from './settler.ts'

export type Backends = Takers & {
  all(): Iterable<BackendRuntime>
  /** The directory may have changed. */
  nudge(): void
  /** One backend's health was changed by somebody. */
  healthChanged(backendId: string): void
  close(deadline: number): Promise<void>
}

const EVERY = 30_000

export type Hearer = { healthChanged(): void; settled(): void }

export function startBackends(
  services: Services,
  notifier: Notifier,
  settler: Settler,
  hearer: Hearer,
): Backends {
  const { db, log } = services
  const runtimes = new Map<string, BackendRuntime>()
  const closing = new Set<Promise<void>>()

  function stop(runtime: BackendRuntime, deadline: number): void {
    const done = runtime.close(deadline).catch(error => log.error({ event: 'backend.close-failed', error }))
    closing.add(done)
    void done.then(() => closing.delete(done))
  }

  const keeper: Loop = loop('backends', EVERY, log, async () => {
    const listed = await listBackends(db, services.sealKey)
    const wanted = new Map(listed.map(backend => [backend.id, backend]))
    for (const [id, runtime] of runtimes) {
      const now = wanted.get(id)
      if (now && sameServers(now, runtime.backend)) continue
      runtimes.delete(id)
      stop(runtime, Date.now() + 60_000)
    }
    for (const backend of listed) {
      const health = await loadHealth(db, backend.id, new Date())
      if (!health) continue
      const known = runtimes.get(backend.id)
      if (known) known.desk.refresh(health)
      else
        runtimes.set(
          backend.id,
          new BackendRuntime(
            services,
            notifier,
            settler,
            backend,
            health,
            () => hearer.healthChanged(),
            () => hearer.settled(),
          ),
        )
    }
    hearer.healthChanged()
  })

  return {
    numberFor: ({ backendId }) => (backendId && runtimes.get(backendId)?.numberForNew) || null,
    take(begun) {
      for (const [id, some] of Map.groupBy(begun, one => one.backendId)) {
        const runtime = id === null ? undefined : runtimes.get(id)
        if (runtime) runtime.takeBegun(some)
        // It went a moment ago: whoever has it next finds the rows.
        else void giveBack(db, some).catch(error => log.warn({ event: 'delivery.step-failed', error }))
      }
    },
    all: () => runtimes.values(),
    nudge: keeper.nudge,
    healthChanged(backendId) {
      const runtime = runtimes.get(backendId)
      if (!runtime) return keeper.nudge()
      void loadHealth(db, backendId, new Date())
        .then(health => health && runtime.desk.refresh(health))
        .catch(() => {})
    },
    async close(deadline) {
      await keeper.close()
      for (const runtime of runtimes.values()) stop(runtime, deadline)
      runtimes.clear()
      await Promise.all(closing)
    },
  }
}

function sameServers(a: Backend, b: Backend): boolean {
  return JSON.stringify([a.hosts, a.imap, a.access]) === JSON.stringify([b.hosts, b.imap, b.access])
}
