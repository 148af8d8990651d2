/** The two submission ports, as the settings ask for them. */
import { createLimiter } from '@restante/core/access/limits.ts'
import { parseSendingRate, takeSending } from '@restante/core/access/sending.ts'
import type { Settings } from '@restante/core/config/settings.ts'
import { connect } from '@restante/core/db/connection.ts'
import type { Certificates } from '../tls.ts'
import { createSenders } from './senders.ts'
import { createSubmission, type SubmissionOptions } from './submission.ts'
import { createSuppressed } from './suppressed.ts'

/** Sign-ins and limits at a time. */
const CONNECTIONS = 4

export type SubmissionPorts = {
  readonly listening: boolean
  readonly connections: number
  useCertificates(certificates: Certificates): void
  close(): Promise<void>
}

/** @throws an error of the listener when a port is taken */
export async function startSubmission(
  settings: Settings & { DATABASE_URL: string },
  shared: Omit<SubmissionOptions, 'senders' | 'maySend' | 'suppressed' | 'implicitTls'>,
): Promise<SubmissionPorts> {
  const { log } = shared
  const db = connect(settings.DATABASE_URL, { max: CONNECTIONS, name: 'restante-submission' })
  const limiter = createLimiter({ ...(settings.REDIS_URL && { redisUrl: settings.REDIS_URL }), log })
  const rate = parseSendingRate(settings.SUBMISSION_RATE_PERSON)
  const options = {
    ...shared,
    senders: createSenders({ db, limiter }),
    maySend: (person: { id: string; address: string }, recipients: number) =>
      takeSending({ db, limiter, log }, person, recipients, rate),
    suppressed: createSuppressed(db),
  }
  const servers = [
    { server: createSubmission({ ...options, implicitTls: false }), port: settings.SUBMISSION_PORT },
    { server: createSubmission({ ...options, implicitTls: true }), port: settings.SUBMISSIONS_PORT },
  ]
  for (const { server, port } of servers) await server.listen(port, settings.RELAY_HOST)
  log.info({
    event: 'submission.listening',
    host: settings.RELAY_HOST,
    ports: servers.map(({ port }) => port),
  })
  return {
    get listening() {
      return servers.every(({ server }) => server.listening)
    },
    get connections() {
      return servers.reduce((sum, { server }) => sum + server.connections, 0)
    },
    useCertificates(certificates) {
      for (const { server } of servers) server.useCertificates(certificates)
    },
    async close() {
      await Promise.all(servers.map(({ server }) => server.close()))
      await limiter.close()
      await db.destroy()
    },
  }
}
