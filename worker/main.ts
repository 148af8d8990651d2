/**
 * The worker: what happens to a message after it was accepted. Needs DATABASE_URL and REDIS_URL in its
 * environment (the supervisor sets them when it runs the servers itself); starts whether they answer or not.
 */
import { deriveKey, loadSecret } from '@restante/core/config/secret.ts'
import { type Settings, SettingsError } from '@restante/core/config/settings.ts'
import { giveUpAfter } from '@restante/core/continuity/retry.ts'
import { connect } from '@restante/core/db/connection.ts'
import { keepDirectory } from '@restante/core/directory/keeper.ts'
import { type Part, runProcess } from '@restante/core/observe/lifecycle.ts'
import type { Log } from '@restante/core/observe/log.ts'
import { type Health, serveMetrics } from '@restante/core/observe/metrics.ts'
import { createQueues } from '@restante/core/queue/queues.ts'
import { createLearner } from '@restante/core/scan/engines/rspamd.ts'
import { createScanner } from '@restante/core/scan/inbound.ts'
import { openSpool } from '@restante/core/spool/open.ts'
import { sql } from 'kysely'
import { startCompaction } from './expire/compact.ts'
import { startRecorder } from './recorder.ts'
import type { Services } from './services.ts'
import { startJobs } from './start.ts'

/** Database connections: a window of 20 for a few backends, and the loops. */
const CONNECTIONS = 20

async function start(settings: Settings, log: Log): Promise<Part> {
  const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } = settings
  if (!databaseUrl) throw new SettingsError('DATABASE_URL is unset: start the gateway with npm start')
  if (!redisUrl) throw new SettingsError('REDIS_URL is unset: start the gateway with npm start')
  const secret = loadSecret(settings)
  const db = connect(databaseUrl, {
    max: CONNECTIONS,
    name: 'restante-worker',
    onError: error => log.debug({ event: 'database.idle-connection-lost', error }),
  })
  const place = {
    url: settings.SPOOL_URL,
    secretKey: deriveKey(secret, 'spool'),
    encrypt: settings.SPOOL_ENCRYPT === 'on',
  }
  const spool = await openSpool({
    ...place,
    writer: 'worker',
    minimumFree: settings.SPOOL_MINIMUM_FREE / 100,
    log,
  })
  const recorder = startRecorder(spool, log)
  const queues = createQueues({ redisUrl, log })
  const keeper = await keepDirectory({
    db,
    databaseUrl,
    // The relay keeps the copy on disk; two writers of one file would be one too many.
    log,
  })
  const scanner = createScanner({ settings, directory: () => keeper.current, log })
  const services: Omit<Services, 'touch' | 'workerNumber'> = {
    db,
    databaseUrl,
    redisUrl,
    spool,
    recorder,
    queues,
    directory: () => keeper.current,
    sealKey: deriveKey(secret, 'stored-secrets'),
    log,
    hostname: settings.RESTANTE_HOSTNAME,
    publicUrl: settings.PUBLIC_URL,
    dnsServers: settings.DNS_SERVERS,
    quarantineDays: settings.QUARANTINE_DAYS,
    digestHour: settings.QUARANTINE_DIGEST_HOUR,
    scanner,
    learner: createLearner(settings),
    giveUp: giveUpAfter(settings.OUTBOUND_GIVE_UP),
    delayTimes: {
      likelyWrong: settings.OUTBOUND_NOTICE_LIKELY_WRONG,
      others: settings.OUTBOUND_NOTICE_DELAYS,
    },
  }
  const waiting = Promise.withResolvers<void>()
  const watch = setInterval(() => {
    if (!keeper.ready) return
    clearInterval(watch)
    waiting.resolve()
  }, 100)
  const compaction = startCompaction({ ...place, db, log })
  const jobs = startJobs(services, {
    directoryReady: waiting.promise,
    tell: { allowPrivate: settings.TELL_PRIVATE === 'allow', folder: settings.RESTANTE_DATA },
    mx: {
      port: settings.OUTBOUND_PORT,
      allowLocal: settings.OUTBOUND_PRIVATE === 'allow',
      ...(settings.OUTBOUND_DNSSEC !== 'auto' && { trustDnssec: settings.OUTBOUND_DNSSEC === 'on' }),
    },
  })
  const metrics = await serveMetrics(
    { host: settings.METRICS_HOST, port: settings.METRICS_PORT + 1 },
    async (): Promise<Health> => {
      const faults: string[] = []
      await sql`select 1`.execute(db).catch(() => faults.push('the database does not answer'))
      if (!queues.ready()) faults.push('Redis does not answer')
      const stored = await spool.health()
      if (!stored.ok) faults.push(stored.reason ?? 'the spool can not be written')
      const { behind, fault } = jobs.ingestLag()
      return {
        ok: faults.length === 0,
        ...(faults.length > 0 && { reason: faults.join('; ') }),
        ingest: { behind, ...(fault && { fault }) },
        ...(keeper.ready && { directoryAge: keeper.age }),
      }
    },
  )
  return {
    async close() {
      metrics.close()
      clearInterval(watch)
      compaction.close()
      await jobs.close()
      await scanner.close()
      await keeper.close()
      await queues.close()
      await recorder.close()
      await spool.close()
      await db.destroy()
    },
  }
}

await runProcess('worker', start)
