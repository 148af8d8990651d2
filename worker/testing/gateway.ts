/**
 * The worker's jobs on a database, a Redis prefix and a spool of their own, with one organization whose only
 * domain is `example.test`.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '@restante/core/db/connection.ts'
import { newId } from '@restante/core/db/id.ts'
import { type TestDatabase, testDatabase } from '@restante/core/db/testing.ts'
import { addDomain } from '@restante/core/directory/domains.ts'
import { type DirectoryKeeper, keepDirectory } from '@restante/core/directory/keeper.ts'
import { addOrganization } from '@restante/core/directory/organizations.ts'
import { addPerson } from '@restante/core/directory/people.ts'
import { type Log, silentLog } from '@restante/core/observe/log.ts'
import { createQueues } from '@restante/core/queue/queues.ts'
import { type OpenOptions, openSpool } from '@restante/core/spool/open.ts'
import type { Envelope, EnvelopeRecipient } from '@restante/core/spool/types.ts'
import { startRecorder } from '../recorder.ts'
import type { Services } from '../services.ts'
import { type Jobs, startJobs } from '../start.ts'

export type TestGateway = {
  services: Services
  database: TestDatabase
  backendId: string
  /** Appends a message; by default inbound from outside@elsewhere.test. */
  accept(
    recipients: (string | EnvelopeRecipient)[],
    content: Buffer | string,
    more?: Partial<Envelope>,
  ): Promise<string>
  /** Recipients of a message with their state and outcome. */
  recipients(messageId: string): Promise<{ address: string; state: string; category: string | null }[]>
  deliveryStates(): Promise<Record<string, number>>
  health(): Promise<string>
  start(): void
  stop(): Promise<void>
  close(): Promise<void>
}

export const PEOPLE = ['anna', 'bruno', 'carla', 'dino'] as const

export async function testGateway(
  backend: string[],
  options: {
    imap?: string
    log?: Log
    mx?: { port: number }
    /** Bring everything back after an incident. */
    restore?: boolean
    /** Stands between the worker and its servers. */
    through?: (url: string) => Promise<string>
    disk?: Pick<OpenOptions, 'fs' | 'minimumFree'>
  } = {},
): Promise<TestGateway> {
  const database = await testDatabase()
  const { db } = database
  const log = options.log ?? silentLog
  const sealKey = randomBytes(32)
  await addOrganization(db, { name: 'Example' })
  await addDomain(
    db,
    { domain: 'example.test', organization: 'Example', backends: backend, imap: options.imap },
    sealKey,
  )
  for (const name of PEOPLE) {
    await addPerson(db, { address: `${name}@example.test`, name, role: 'user', locale: 'en' })
  }
  const redisUrl = process.env.TEST_REDIS_URL
  if (!redisUrl) throw new Error('TEST_REDIS_URL is unset: run the tests with npm test')
  const prefix = `t-${randomBytes(6).toString('hex')}`
  const folder = await mkdtemp(join(tmpdir(), 'restante-worker-'))
  const spool = await openSpool({
    url: `file:${folder}`,
    secretKey: randomBytes(32),
    encrypt: true,
    writer: 'worker',
    log,
    minimumFree: 0,
    ...options.disk,
  })
  const recorder = startRecorder(spool, log, 50)
  const through = options.through ?? (async url => url)
  const workersRedis = await through(redisUrl)
  const workersDatabase = await through(database.url)
  const workersDb = connect(workersDatabase, { max: 10 })
  const queues = createQueues({ redisUrl: workersRedis, prefix, log })
  const keeper: DirectoryKeeper = await keepDirectory({
    db: workersDb,
    databaseUrl: workersDatabase,
    log,
  })
  const services: Services = {
    db: workersDb,
    databaseUrl: workersDatabase,
    redisUrl: workersRedis,
    prefix,
    spool,
    recorder,
    queues,
    directory: () => keeper.current,
    sealKey,
    log,
    hostname: 'gateway.test',
    dnsServers: [],
    touch: () => {},
    workerNumber: () => null,
  }
  const row = await db.selectFrom('backend').select('id').executeTakeFirstOrThrow()
  let jobs: Jobs | null = null
  return {
    services,
    database,
    backendId: row.id,
    async accept(recipients, content, more = {}) {
      const envelope: Envelope = {
        id: newId(),
        kind: 'inbound',
        sender: 'outside@elsewhere.test',
        recipients: recipients.map(r => (typeof r === 'string' ? { address: r } : r)),
        receivedAt: new Date().toISOString(),
        ...more,
      }
      await spool.append(envelope, Buffer.from(content))
      return envelope.id
    },
    async recipients(messageId) {
      const rows = await db
        .selectFrom('recipient')
        .innerJoin('delivery', 'delivery.id', 'recipient.delivery_id')
        .select(['recipient.address', 'recipient.state', 'recipient.outcome'])
        .where('delivery.message_id', '=', messageId)
        .orderBy('recipient.address')
        .execute()
      return rows.map(r => ({ address: r.address, state: r.state, category: r.outcome?.category ?? null }))
    },
    async deliveryStates() {
      const rows = await db.selectFrom('delivery').select('state').execute()
      return Object.fromEntries(
        [...Map.groupBy(rows, r => r.state)].map(([state, list]) => [state, list.length]),
      )
    },
    async health() {
      const found = await db.selectFrom('backend').select('health').executeTakeFirstOrThrow()
      return found.health
    },
    start() {
      jobs ??= startJobs(services, {
        ...(options.mx && { mx: { ...options.mx, allowLocal: true } }),
        // Closing statements are mail too, and would be counted.
        restore: options.restore ?? false,
      })
    },
    async stop() {
      await jobs?.close()
      jobs = null
    },
    async close() {
      await jobs?.close()
      await keeper.close()
      await queues.close()
      await recorder.close()
      await spool.close()
      await workersDb.destroy()
      await database.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Asks until the answer is not null or false; fails with what it asked for. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  limit = 15_000,
): Promise<T> {
  const deadline = Date.now() + limit
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (Date.now() > deadline) throw new Error(`not within ${limit} ms: ${what}`)
    await sleep(20)
  }
}
