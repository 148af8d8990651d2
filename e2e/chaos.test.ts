/**
 * A bad quarter of an hour, in a minute: under steady load somebody wipes Redis, the worker and the relay are
 * killed with -9, and PostgreSQL is away for 20 seconds. Senders come back after a lost connection, as real
 * ones do.
 *
 * Counted: every message that got 250 reaches the backend. Twice only what was in flight when something was
 * killed: a duplicate's first arrival must lie close to one of those moments.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '@restante/infra/services/postgres.ts'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest'
import { type Gateway, startGateway } from './gateway.ts'
import { addOrganization } from './organization.ts'
import { headerOf, type Sink, startSink } from './servers/sink.ts'
import { startLoad } from './smtp.ts'
import { until } from './until.ts'
import { report, untilEmpty, untilKnown } from './watch.ts'

/** How long PostgreSQL stays away, in ms. */
const AWAY = 20_000
/** A delivery takes far less; what arrived this long before a blow was not in flight any more. */
const IN_FLIGHT = 3_000

/**
 * How long catching up may take, in s: a dead worker's deliveries are left alone for a minute, and the
 * reconciler adds jobs that a miscount hid within two.
 */
const PATIENCE = 150

const people = ['ann', 'ben', 'cleo', 'dan']
const domain = 'storm.example'

let folder: string
let database: Awaited<ReturnType<typeof startPostgres>>
let gateway: Gateway
let backend: Sink

const postgres = () => startPostgres({ data: folder, say: () => {} })

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'restante-pg-'))
  database = await postgres()
  backend = await startSink({ lmtp: true })
  gateway = await startGateway({ env: { DATABASE_URL: database.url, LOG_LEVEL: 'warn' } })
})
afterAll(async () => {
  await gateway?.remove()
  await backend?.stop()
  await database?.close()
  if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
})

test('nothing that got 250 is lost when Redis is wiped, PostgreSQL is away and processes are killed', async () => {
  onTestFailed(() => report(gateway))
  await addOrganization(gateway, {
    name: 'Storm',
    domain,
    backends: [`lmtp://127.0.0.1:${backend.port}`],
    people: people.map(name => ({ name })),
  })
  await untilKnown(gateway, `dan@${domain}`)

  const load = startLoad({
    port: gateway.ports.relay,
    from: 'load@outside.example',
    to: people.map(name => `${name}@${domain}`),
    connections: 4,
    pause: 80,
  })
  const blows: { what: string; at: number }[] = []
  const blow = (what: string) => blows.push({ what, at: Date.now() })
  const more = async (count: number, seconds = 30) => {
    const before = load.accepted.size
    await until(`${count} more messages are accepted`, () => load.accepted.size >= before + count, {
      seconds,
    })
  }
  const delivering = async () => {
    const before = backend.kept.length
    await until('the backend gets mail', () => backend.kept.length > before + 5, { seconds: 60 })
  }
  try {
    // First, so that the minute for which a dead worker's deliveries are left alone passes meanwhile.
    await more(40)
    expect(gateway.kill('worker')).not.toEqual([])
    blow('worker killed')
    await more(40)
    await delivering()

    await wipeRedis()
    blow('Redis wiped')
    await more(40)
    await delivering()

    expect(gateway.kill('relay')).not.toEqual([])
    blow('relay killed')
    await more(40)
    await delivering()

    const stopped = Date.now()
    blow('PostgreSQL stopped')
    await database.close()
    while (Date.now() < stopped + AWAY) await more(5)
    database = await postgres()
    blow('PostgreSQL started')

    // In the middle of catching up.
    await delivering()
    gateway.kill('relay')
    await wipeRedis()
    blow('relay killed, Redis wiped')
    await more(40)
  } finally {
    await load.stop()
  }

  const loaded = Date.now()
  const arrivals = () => {
    const byId = new Map<string, number[]>()
    for (const { content, at } of backend.kept) {
      const id = headerOf(content, 'Message-ID')
      byId.set(id, [...(byId.get(id) ?? []), at])
    }
    return byId
  }
  const missing = () => {
    const there = arrivals()
    return [...load.accepted.keys()].filter(id => !there.has(id)).length
  }
  await until(
    'all of it is at the backend',
    () => {
      const count = missing()
      if (count > 0) throw new Error(`${count} of ${load.accepted.size} are missing`)
      return true
    },
    { seconds: PATIENCE, every: 500 },
  )
  await untilEmpty(gateway)

  expect(load.accepted.size).toBeGreaterThan(200)
  expect([...load.refused]).toEqual([])
  const strangers = [...arrivals().keys()].filter(id => !load.accepted.has(id) && !load.unknown.has(id))
  expect(strangers).toEqual([])
  const unexplained = [...arrivals()].filter(([, [first, ...again]]) => {
    if (again.length === 0 || first === undefined) return false
    return !blows.some(({ at }) => Math.abs(at - first) < IN_FLIGHT)
  })
  expect(unexplained, JSON.stringify(blows)).toEqual([])
  const twice = [...arrivals().values()].filter(times => times.length > 1)
  expect(twice.length).toBeLessThan(load.accepted.size / 10)
  expect(Math.max(0, ...twice.map(times => times.length))).toBeLessThanOrEqual(3)
  const seconds = (at: number) => `${((at - blows[0]!.at) / 1000).toFixed(0)} s`
  console.info(
    [...blows.map(({ what, at }) => `${seconds(at)} ${what}`), `${seconds(loaded)} the load ends`].join(', '),
    `all there after ${seconds(Date.now())};`,
    `accepted ${load.accepted.size}, unknown ${load.unknown.size}, arrived twice ${twice.length}`,
  )
}, 300_000)

async function wipeRedis(): Promise<void> {
  const file = join(gateway.data, 'run/services.json')
  const { redisUrl } = JSON.parse(readFileSync(file, 'utf8')) as { redisUrl: string }
  const redis = new Redis(redisUrl)
  await redis.flushall()
  redis.disconnect()
}
