/** The reconciler's rounds, and the clocks that nobody else watches: overrides that run out, periods. */
import { advancePeriods } from '@restante/core/continuity/periods.ts'
import { expireOverrides, holdForDown } from '@restante/core/continuity/store.ts'
import { counter } from '@restante/core/observe/metrics.ts'
import { createMourner } from '@restante/core/queue/leases.ts'
import { reconcile } from '@restante/core/queue/reconcile.ts'
import { reached } from '@restante/core/spool/states.ts'
import { type Loop, loop } from './loop.ts'
import { holdForPeriods } from './periods/hold.ts'
import type { Services } from './services.ts'

const reconciled = counter('reconciled_total', 'Jobs that the reconciler had to see to, by reason.', [
  'reason',
])

const EVERY = 1_000
/** Every so many rounds missing jobs are added without comparing counts first. */
const THOROUGH = 120
/** Every so many rounds leases are looked at that have run out though their workers live. */
const LEASES = 10

export function startReconciler(services: Services): Loop {
  const { db, queues } = services
  const mourner = createMourner(db)
  let round = 0
  /** Redis was away, or we were: jobs may be missing, no need to wait and see. */
  let missed = true
  return loop('reconcile', EVERY, services.log, async () => {
    await expireOverrides(db, new Date())
    await advancePeriods(db, new Date())
    await holdForDown(db, new Date())
    await holdForPeriods(db, new Date())
    missed = queues.wasAway() || missed
    const back = missed && queues.ready()
    if (back) missed = false
    const thorough = back || ++round % THOROUGH === 0
    const dead = await mourner.dead(new Date())
    const done = await reconcile(db, queues, new Date(), {
      thorough,
      dead,
      leases: back || round % LEASES === 0,
      ...((back || dead.length > 0) && { patience: 0 }),
    })
    if (done.due + done.leasesLost + done.readded > 0) reached(5)
    reconciled.inc({ reason: 'lease-lost' }, done.leasesLost)
    reconciled.inc({ reason: 'due' }, done.due)
    reconciled.inc({ reason: 'missing' }, done.readded)
  })
}
