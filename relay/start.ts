/**
 * Puts the relay together: spool, directory, certificate, listener, metrics. Neither PostgreSQL nor Redis is
 * needed to accept mail: the directory comes from its snapshot, and what was accepted waits in the spool.
 */
import { join } from 'node:path'
import { deriveKey, loadSecret } from '@restante/core/config/secret.ts'
import { type Settings, SettingsError } from '@restante/core/config/settings.ts'
import { keepDirectory } from '@restante/core/directory/keeper.ts'
import type { Part } from '@restante/core/observe/lifecycle.ts'
import type { Log } from '@restante/core/observe/log.ts'
import { serveMetrics } from '@restante/core/observe/metrics.ts'
import { openSpool } from '@restante/core/spool/open.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import { createRelay } from './server.ts'
import { loadCertificate } from './tls.ts'

/** @throws SettingsError; an error of the listener when the port is taken */
export async function start(settings: Settings, log: Log): Promise<Part & { port: number }> {
  if (!settings.DATABASE_URL)
    throw new SettingsError('DATABASE_URL is unset: start the gateway with npm start')
  const certificate = await loadCertificate({
    folder: join(settings.RESTANTE_DATA, 'tls'),
    hostname: settings.RESTANTE_HOSTNAME,
    certFile: settings.TLS_CERT,
    keyFile: settings.TLS_KEY,
  })
  const spool = await openSpool({
    url: settings.SPOOL_URL,
    secretKey: deriveKey(loadSecret(settings), 'spool'),
    encrypt: settings.SPOOL_ENCRYPT === 'on',
    writer: 'relay',
    log,
  })
  const keeper = await keepDirectory({
    databaseUrl: settings.DATABASE_URL,
    file: join(settings.RESTANTE_DATA, 'snapshot', 'directory.json'),
    log,
  })
  if (!keeper.ready) log.warn({ event: 'relay.no-directory' })
  const relay = createRelay({
    hostname: settings.RESTANTE_HOSTNAME,
    spool,
    directory: () => keeper,
    certificate,
    limits: { ...DEFAULT_LIMITS, messageSize: settings.MAX_MESSAGE_SIZE },
    log,
  })
  const port = await relay.listen(settings.RELAY_PORT, settings.RELAY_HOST)
  log.info({ event: 'relay.listening', host: settings.RELAY_HOST, port, ...keeper.current.size })
  const metrics = await serveMetrics(
    { host: settings.METRICS_HOST, port: settings.METRICS_PORT },
    async () => {
      const room = await spool.health()
      const reason = !relay.listening
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
      }
    },
  )
  return {
    port,
    async close() {
      await relay.close()
      metrics.close()
      await Promise.all([keeper.close(), spool.close()])
    },
  }
}
