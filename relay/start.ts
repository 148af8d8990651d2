/**
 * Puts the relay together: spool, directory, certificate, listener, metrics. Neither PostgreSQL nor Redis is
 * needed to accept mail: the directory comes from its snapshot, and what was accepted waits in the spool.
 */
import { join } from 'node:path'
import { parseNetworks } from '@restante/core/config/networks.ts'
import { deriveKey, loadSecret } from '@restante/core/config/secret.ts'
import { type Settings, SettingsError } from '@restante/core/config/settings.ts'
import { connect } from '@restante/core/db/connection.ts'
import { keepDirectory } from '@restante/core/directory/keeper.ts'
import { restoreSender, rewritingKey } from '@restante/core/directory/rewriting.ts'
import type { Part } from '@restante/core/observe/lifecycle.ts'
import type { Log } from '@restante/core/observe/log.ts'
import { serveMetrics } from '@restante/core/observe/metrics.ts'
import { createScanner } from '@restante/core/scan/inbound.ts'
import { sweepStaging } from '@restante/core/scan/staged.ts'
import { openSpool } from '@restante/core/spool/open.ts'
import { watchCertificates } from './certificate-watch.ts'
import { Rates } from './clients/rates.ts'
import { shareRates } from './clients/shared.ts'
import { pagesInPostgres } from './recipients/postgres.ts'
import { keepRecipients } from './recipients/recipients.ts'
import { createRelay } from './server.ts'
import { limitsOf, openFilesLimit } from './settings.ts'
import { startSubmission } from './submission/start.ts'
import { loadCertificates } from './tls.ts'

/** @throws SettingsError; an error of the listener when the port is taken */
export async function start(settings: Settings, log: Log): Promise<Part & { port: number }> {
  if (!settings.DATABASE_URL)
    throw new SettingsError('DATABASE_URL is unset: start the gateway with npm start')
  const secret = loadSecret(settings)
  const files = {
    folder: join(settings.RESTANTE_DATA, 'tls'),
    hostname: settings.RESTANTE_HOSTNAME,
    certFile: settings.TLS_CERT,
    keyFile: settings.TLS_KEY,
    nameFolder: settings.TLS_FOLDER,
  }
  const certificates = await loadCertificates(files)
  const limits = limitsOf(settings, openFilesLimit())
  if (limits.connections < settings.RELAY_CONNECTIONS)
    log.warn({
      event: 'relay.few-files',
      connections: limits.connections,
      wanted: settings.RELAY_CONNECTIONS,
    })
  const spool = await openSpool({
    url: settings.SPOOL_URL,
    secretKey: deriveKey(secret, 'spool'),
    encrypt: settings.SPOOL_ENCRYPT === 'on',
    writer: 'relay',
    minimumFree: settings.SPOOL_MINIMUM_FREE / 100,
    log,
  })
  const sealKey = deriveKey(secret, 'stored-secrets')
  const snapshots = join(settings.RESTANTE_DATA, 'snapshot')
  const db = connect(settings.DATABASE_URL, { max: 1, name: 'restante-relay' })
  const keeper = await keepDirectory({
    db,
    databaseUrl: settings.DATABASE_URL,
    file: join(snapshots, 'directory.json'),
    sealKey,
    log,
  })
  const recipients = await keepRecipients({
    asked: domain => keeper.current.asked(domain),
    file: join(snapshots, 'recipients.json'),
    shared: pagesInPostgres(db),
    hostname: settings.RESTANTE_HOSTNAME,
    log,
  })
  if (!keeper.ready) log.warn({ event: 'relay.no-directory' })
  const rates = new Rates()
  const staging = {
    folder: join(settings.RESTANTE_DATA, 'staging'),
    encrypt: settings.SPOOL_ENCRYPT === 'on',
  }
  await sweepStaging(staging.folder)
  const scanner = createScanner({ settings, directory: () => keeper.current, log })
  const rewriting = rewritingKey(sealKey)
  const relay = createRelay({
    hostname: settings.RESTANTE_HOSTNAME,
    spool,
    scanner,
    staging,
    directory: () => keeper,
    ask: (address, domain) => recipients.ask(address, domain),
    restore: address => restoreSender(address, rewriting, new Date()),
    certificates,
    limits,
    bareNewlines: settings.RELAY_BARE_NEWLINES,
    exempt: parseNetworks(settings.RELAY_EXEMPT_NETWORKS),
    proxies: parseNetworks(settings.RELAY_PROXY_NETWORKS),
    forwarders: parseNetworks(settings.RELAY_XCLIENT_NETWORKS),
    rates,
    log,
  })
  const port = await relay.listen(settings.RELAY_PORT, settings.RELAY_HOST)
  const submission = await startSubmission(
    { ...settings, DATABASE_URL: settings.DATABASE_URL },
    {
      hostname: settings.RESTANTE_HOSTNAME,
      spool,
      scanner,
      staging,
      directory: () => keeper,
      ask: (address, domain) => recipients.ask(address, domain),
      certificates,
      limits,
      log,
    },
  )
  const watch = watchCertificates(files, log, certificates => {
    relay.useCertificates(certificates)
    submission.useCertificates(certificates)
  })
  const shared = settings.REDIS_URL ? shareRates({ rates, redisUrl: settings.REDIS_URL, log }) : undefined
  log.info({ event: 'relay.listening', host: settings.RELAY_HOST, port, ...keeper.current.size })
  const metrics = await serveMetrics(
    { host: settings.METRICS_HOST, port: settings.METRICS_PORT },
    async () => {
      const room = await spool.health()
      const reason =
        !relay.listening || !submission.listening
          ? 'not listening'
          : !room.ok
            ? room.reason
            : !keeper.ready
              ? 'no directory yet'
              : undefined
      return {
        ok: reason === undefined,
        reason,
        connections: relay.connections,
        directory: { ...keeper.current.size, ageMs: keeper.age },
        learnedRecipients: recipients.size,
      }
    },
  )
  return {
    port,
    async close() {
      watch.close()
      await Promise.all([relay.close(), submission.close()])
      await scanner.close()
      await shared?.close()
      metrics.close()
      await Promise.all([keeper.close(), recipients.close(), spool.close()])
      await db.destroy()
    },
  }
}
