/**
 * Brings held mail back when its backend may have it: as many as the window takes at a time, oldest first,
 * behind live mail (BullMQ's priority), until nothing is held; then says so, which ends `recovering`.
 *
 * Redis and this process never hold more of a backlog than two windows. What the guard set aside follows when
 * the backend is up, not before.
 */
import { report } from '@restante/core/continuity/store.ts'
import type { HoldReason } from '@restante/core/db/schema/delivery.ts'
import { counter } from '@restante/core/observe/metrics.ts'
import { mayFlow } from '@restante/core/queue/flow.ts'
import type { BackendRuntime } from '../deliver/backend.ts'
import { type Loop, loop } from '../loop.ts'
import type { Services } from '../services.ts'
import { anyHeld, countBacklogQueued, feed } from './feed.ts'

const drained = counter('drained_total', 'Held deliveries that were queued again.')

/** ms between looks while something is held, and while nothing is. */
const BUSY = 100
const IDLE = 1_000

export type Drain = Loop & {
  /** A delivery is done: there may be room for the next, if anything is being drained. */
  settled(): void
}

export function startDrain(services: Services, runtimes: () => Iterable<BackendRuntime>): Drain {
  let busy = false
  const rounds = loop('drain', BUSY, services.log, async () => {
    let any = false
    for (const runtime of runtimes()) any = (await drainOne(services, runtime)) || any
    busy = any
    return busy ? BUSY : IDLE
  })
  return {
    ...rounds,
    settled() {
      if (busy) rounds.nudge()
    },
  }
}

/** @returns whether more is to come */
async function drainOne(services: Services, runtime: BackendRuntime): Promise<boolean> {
  const { effective, machine } = runtime.desk.health
  if (!mayFlow(effective)) return false
  const { id } = runtime.backend
  const reasons: HoldReason[] = effective === 'recovering' ? ['backend'] : ['backend', 'guard']
  const room = 2 * runtime.window - (await countBacklogQueued(services.db, id, 2 * runtime.window))
  if (room > 0) {
    const fed = await feed(services.db, id, reasons, room, new Date())
    if (fed.deliveries.length > 0) {
      drained.inc(fed.deliveries.length)
      await services.queues.enqueue(fed.deliveries)
      return true
    }
  }
  if (machine.health !== 'recovering') return room <= 0
  const left = room <= 0 || (await anyHeld(services.db, id, ['backend']))
  if (left || (await countBacklogQueued(services.db, id, 1)) > 0) return true
  const health = await report(services.db, id, { type: 'drained' }, new Date())
  if (health) runtime.desk.refresh(health)
  // Still recovering: it has not been long enough.
  return false
}
