/**
 * All jobs of the worker on given services: what main.ts starts in a process, and tests on servers of their
 * own. Every job survives PostgreSQL or Redis being away, at the start as well as later.
 */
import { listen } from '@restante/core/db/notify.ts'
import { type Ingest, startIngest } from '@restante/core/ingest/ingest.ts'
import { startPresence } from '@restante/core/queue/presence.ts'
import { enqueueQueued } from '@restante/core/queue/reconcile.ts'
import type { Notifier } from './deliver/attempt.ts'
import { startBackends } from './deliver/backends.ts'
import { createSettler } from './deliver/settler.ts'
import { startDigest } from './digest/digest.ts'
import { type Drain, startDrain } from './drain/drain.ts'
import { startExpire } from './expire/expire.ts'
import { startGauges } from './gauges.ts'
import { startIndex } from './index/index.ts'
import { startLater } from './later.ts'
import { startLearn } from './learn/learn.ts'
import { type Loop, loop } from './loop.ts'
import { startWatch } from './notify/delays.ts'
import { notifyFailures } from './notify/failures.ts'
import { startIncidents } from './outbound/incidents.ts'
import { type OutboundOptions, startOutbound } from './outbound/outbound.ts'
import { countFailures } from './outbound/suppress.ts'
import { startProber } from './probe/prober.ts'
import { rememberRecent } from './recent.ts'
import { startReconciler } from './reconcile.ts'
import { startCredentials } from './restore/credentials.ts'
import { startRestore } from './restore/restore.ts'
import { startRescan } from './scan/rescan.ts'
import type { Services } from './services.ts'
import { startPeopleSync } from './sync/people.ts'
import { startTell, type TellOptions } from './tell/tell.ts'
import { startToucher } from './touch.ts'

export type Jobs = {
  /** Milliseconds that ingest is behind the spool, and why it does not get on, if it doesn't. */
  ingestLag(): { behind: number; fault?: string }
  close(): Promise<void>
}

/** Time for attempts under way when the process ends, in ms: less than the drain limit of lifecycle.ts. */
const GRACE = 5_000

export function startJobs(
  given: Omit<Services, 'touch' | 'workerNumber'>,
  options: {
    mx?: OutboundOptions
    tell?: TellOptions
    /** Resolves when there is a directory: without one ingest would take everybody for unknown. */
    directoryReady?: Promise<void>
    /** false: nothing is brought back after an incident, and no statement is sent. */
    restore?: boolean
  } = {},
): Jobs {
  const toucher = startToucher(given)
  const gauges = startGauges(given.db)
  const presence = startPresence(given.databaseUrl)
  const services: Services = {
    ...given,
    spool: rememberRecent(given.spool),
    touch: toucher.touch,
    workerNumber: presence.number,
  }
  const settler = createSettler(services)
  const { db, log, queues } = services
  const notifier: Notifier = {
    failed: async (begun, failures) => {
      const now = new Date()
      await notifyFailures(services, begun, failures, now)
      await countFailures(services, begun, failures, now)
    },
  }
  let drain: Drain | undefined
  const backends = startBackends(services, notifier, settler, {
    healthChanged: () => drain?.nudge(),
    settled: () => drain?.settled(),
  })
  drain = startDrain(services, () => backends.all())
  const outbound = startOutbound(services, notifier, settler, options.mx)
  const prober = startProber(services, () => backends.all())
  const expire = startExpire(services)
  const watch = startWatch(services)
  const incidents = startIncidents(services)
  const index = startIndex(services)
  const reconciler = startReconciler(services)
  const restore = options.restore === false ? undefined : startRestore(services)
  const credentials = startCredentials(services)
  const people = startPeopleSync(services)
  const digest = startDigest(services)
  const tell = startTell(services, options.tell)
  const rescan = given.scanner && startRescan(services, given.scanner)
  const learn = given.learner && startLearn(services, given.learner)
  let later: Loop | undefined
  let ingest: Ingest | undefined
  let ended = false
  void (options.directoryReady ?? Promise.resolve()).then(() => {
    if (ended) return
    later = startLater(services)
    ingest = startIngest({
      db,
      reader: services.spool,
      directory: services.directory,
      queues,
      takers: {
        numberFor: one => (one.backendId === null ? outbound : backends).numberFor(one),
        take(begun) {
          const { outside = [], inside = [] } = Object.groupBy(begun, one =>
            one.backendId === null ? 'outside' : 'inside',
          )
          if (inside.length > 0) backends.take(inside)
          if (outside.length > 0) outbound.take(outside)
        },
      },
      log,
    })
  })

  /** Deliveries that somebody set free: their jobs are added together. */
  const freed = new Set<string>()
  const adder = loop('enqueue', 60_000, log, async () => {
    const ids = [...freed]
    freed.clear()
    await enqueueQueued(db, queues, ids)
  })
  const listener = listen(
    services.databaseUrl,
    ['directory', 'backend', 'delivery', 'telling'],
    (channel, payload) => {
      if (channel === 'backend' || channel === 'telling') tell.nudge()
      if (channel === 'directory') backends.nudge()
      else if (channel === 'backend') backends.healthChanged(payload)
      else if (payload) {
        freed.add(payload)
        adder.nudge()
      }
    },
    () => {
      backends.nudge()
      reconciler.nudge()
    },
  )

  return {
    ingestLag: () => ingest?.lag() ?? { behind: 0, fault: 'there is no directory yet' },
    async close() {
      ended = true
      const deadline = Date.now() + GRACE
      await Promise.all([
        listener.close(),
        ingest?.close(),
        later?.close(),
        drain?.close(),
        prober.close(),
        expire.close(),
        watch.close(),
        incidents.close(),
        index.close(),
        reconciler.close(),
        restore?.close(),
        credentials.close(),
        people.close(),
        digest.close(),
        tell.close(),
        rescan?.close(),
        learn?.close(),
        adder.close(),
        backends.close(deadline),
        outbound.close(deadline),
      ])
      await toucher.close()
      await presence.close()
      gauges.close()
    },
  }
}
