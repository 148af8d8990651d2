/** The doctor's look at PostgreSQL, Redis, the schema, the spool and what is in the directory. */
import { deriveKey, loadSecret } from '@restante/core/config/secret.ts'
import type { Settings } from '@restante/core/config/settings.ts'
import { connect, type Db } from '@restante/core/db/connection.ts'
import { pendingMigrations } from '@restante/core/db/migrate.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { readOverview } from '@restante/core/queue/overview.ts'
import { everything } from '@restante/core/queue/scope.ts'
import { openSpoolReader } from '@restante/core/spool/open.ts'
import { Redis } from 'ioredis'
import { attach } from '../services/attach.ts'
import { type Check, failed, guarded, ok, warned } from './doctor-check.ts'
import { bytes, duration } from './time.ts'

/** Mail older than this in the queue of a healthy backend is worth a look, in ms. */
const OLD = 3_600_000

export async function serviceChecks(settings: Settings): Promise<Check[]> {
  const advice = 'Start the gateway, or set DATABASE_URL and REDIS_URL to servers that run.'
  let services: Awaited<ReturnType<typeof attach>>
  try {
    services = await attach(settings)
  } catch (error) {
    return [failed('services', (error as Error).message, advice), await spoolCheck(settings)]
  }
  const db = connect(services.databaseUrl, { max: 2, name: 'restante-doctor' })
  try {
    const postgres = await guarded('postgres', advice, () => postgresCheck(db))
    const rest = await Promise.all([
      guarded('redis', advice, () => redisCheck(services.redisUrl)),
      spoolCheck(settings),
      ...(postgres.level === 'fail'
        ? []
        : [
            guarded('schema', 'Start the gateway once: it brings the schema up to date.', () =>
              schemaCheck(db),
            ),
            guarded('backends', 'restante backend status tells more.', () => backendsCheck(db, new Date())),
          ]),
    ])
    return [postgres, ...rest]
  } finally {
    await db.destroy()
    await services.close()
  }
}

async function postgresCheck(db: Db): Promise<Check> {
  const { version } = await db
    .selectNoFrom(e => e.fn<string>('current_setting', [e.val('server_version')]).as('version'))
    .executeTakeFirstOrThrow()
  return Number.parseInt(version, 10) >= 15
    ? ok('postgres', `PostgreSQL ${version}`)
    : failed('postgres', `PostgreSQL ${version}`, 'Use 15 or newer.')
}

async function schemaCheck(db: Db): Promise<Check> {
  const pending = await pendingMigrations(db)
  return pending === 0
    ? ok('schema', 'up to date')
    : warned('schema', `${pending} migrations to do`, 'The next start of the gateway does them.')
}

async function redisCheck(url: string): Promise<Check> {
  const redis = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: 1,
    connectTimeout: 3_000,
    retryStrategy: () => null,
  })
  redis.on('error', () => {})
  try {
    await redis.connect()
    const version = /redis_version:(\S+)/.exec(await redis.info('server'))?.[1] ?? '?'
    const memory = await redis.info('memory')
    const policy = /maxmemory_policy:(\S+)/.exec(memory)?.[1] ?? 'unknown'
    if (policy !== 'noeviction') {
      return failed(
        'redis',
        `Redis ${version}, maxmemory-policy ${policy}`,
        'Set maxmemory-policy to noeviction: jobs must not be dropped when memory is short.',
      )
    }
    const used = Number(/used_memory:(\d+)/.exec(memory)?.[1] ?? 0)
    return ok('redis', `Redis ${version}, ${bytes(used)} in use`)
  } finally {
    redis.disconnect()
  }
}

async function spoolCheck(settings: Settings): Promise<Check> {
  return await guarded('spool', 'Check SPOOL_URL and that the gateway may read it.', async () => {
    const reader = await openSpoolReader({
      url: settings.SPOOL_URL,
      secretKey: deriveKey(loadSecret(settings), 'spool'),
      log: silentLog,
    })
    const segments = await reader.segments()
    const size = segments.reduce((sum, segment) => sum + segment.size, 0)
    return ok('spool', `${segments.length} segments, ${bytes(size)}`)
  })
}

async function backendsCheck(db: Db, now: Date): Promise<Check> {
  const { backends } = await readOverview(db, everything, now)
  if (backends.length === 0) {
    return warned(
      'backends',
      'there is no domain yet',
      'restante org add NAME, then restante domain add DOMAIN --org NAME --backend smtp://HOST:PORT',
    )
  }
  const guard = backends.find(backend => backend.heldBy.guard > 0 || backend.cause === 'unknown-users')
  if (guard) {
    return failed(
      'backends',
      `${guard.name} came back refusing people it used to know; its mail is held`,
      `Check that server's users, then: restante backend override ${guard.name} up --for 1h`,
    )
  }
  const away = backends.filter(backend => backend.health === 'down')
  if (away.length > 0) {
    return warned(
      'backends',
      away
        .map(backend => `${backend.name} is down (${backend.override ? 'override' : backend.cause})`)
        .join(', '),
      'Their mail waits here and is delivered when they answer again: restante backend status',
    )
  }
  const stuck = backends.find(backend => backend.oldest && now.getTime() - backend.oldest.getTime() > OLD)
  if (stuck?.oldest) {
    return warned(
      'backends',
      `mail for ${stuck.name} waits since ${duration(now.getTime() - stuck.oldest.getTime())}`,
      `restante delivery list --backend ${stuck.name}`,
    )
  }
  return ok('backends', `${backends.length} of ${backends.length} take mail`)
}
