/**
 * The first day of an admin: a typing mistake in a setting, servers of one's own, a stop, a script around the
 * `restante` command.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { startPostgres } from '@restante/infra/services/postgres.ts'
import { startRedis } from '@restante/infra/services/redis.ts'
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest'
import { environmentOf, type Gateway, gatewayPorts, runCommand, startGateway } from './gateway.ts'
import { addOrganization } from './organization.ts'
import { type Sink, startSink } from './servers/sink.ts'
import { plainMessage, sendMail } from './smtp.ts'
import { until } from './until.ts'
import { report, untilKnown } from './watch.ts'

const UP = resolve(import.meta.dirname, '../infra/up/main.ts')

test.each([
  ['RELAY_PORT', 'many', /^RELAY_PORT .*many/],
  ['DATABASE_URL', 'mysql://db', /^DATABASE_URL .*postgres/],
  ['RESTANTE_SECRET', 'short', /^RESTANTE_SECRET .*16/],
  ['RELAY_PROT', '2525', /^RELAY_PROT is not a setting/],
  ['TLS_CERT', '/no/such/file', /^TLS_/],
])('a wrong %s stops the start with one line', async (name, value, line) => {
  const folder = mkdtempSync(join(tmpdir(), 'restante-wrong-'))
  try {
    const env = environmentOf(join(folder, 'data'), await gatewayPorts(), { [name]: value })
    const ran = await runCommand(process.execPath, [UP], { env, cwd: folder, seconds: 20 })
    expect(ran.code).not.toBe(0)
    expect(ran.code).not.toBeNull()
    expect(ran.stdout).toBe('')
    expect(ran.stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(ran.stderr).toMatch(line)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

describe('with a PostgreSQL and a Redis that somebody else runs', () => {
  const domain = 'own.example'
  let folder: string
  let database: Awaited<ReturnType<typeof startPostgres>>
  let redis: Awaited<ReturnType<typeof startRedis>>
  let backend: Sink
  let gateway: Gateway
  const quiet = () => {}

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'restante-own-'))
    mkdirSync(join(folder, 'log'))
    database = await startPostgres({ data: folder, say: quiet })
    redis = await startRedis({ data: folder, say: quiet })
    backend = await startSink({ lmtp: true })
    gateway = await startGateway({ env: { DATABASE_URL: database.url, REDIS_URL: redis.url } })
  })
  afterAll(async () => {
    await gateway?.remove()
    await backend?.stop()
    await redis?.close()
    await database?.close()
    if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  })

  test('they are used, and nothing is embedded', async () => {
    onTestFailed(() => report(gateway))
    await addOrganization(gateway, {
      name: 'Own',
      domain,
      backends: [`lmtp://127.0.0.1:${backend.port}`],
      people: [{ name: 'ann' }],
    })
    await untilKnown(gateway, `ann@${domain}`)
    const { content } = plainMessage({ from: 'x@outside.example', to: `ann@${domain}`, subject: 'one' })
    const reply = await sendMail(gateway.ports.relay, {
      from: 'x@outside.example',
      to: `ann@${domain}`,
      content,
    })
    expect(reply.code).toBe(250)
    await until('it is delivered', () => backend.withSubject('one').length === 1)
    expect(gateway.pids('redis')).toEqual([])
    expect(gateway.pids('postgres')).toEqual([])
    expect(existsSync(join(gateway.data, 'postgres'))).toBe(false)
    expect(existsSync(join(gateway.data, 'redis'))).toBe(false)
  })

  test('the command line ends with 0 done, 1 refused with one line, 2 wrong usage', async () => {
    const done = await gateway.run(['org', 'add', 'Second', '--json'])
    expect([done.code, done.stderr]).toEqual([0, ''])
    expect(JSON.parse(done.stdout)).toBeTypeOf('object')
    // At the same time, as scripts do; each takes its own connection to the databases.
    const all = (commands: string[][]) =>
      Promise.all(commands.map(async args => ({ args, ...(await gateway.run(args)) })))
    const refused = await all([
      ['org', 'add', 'Second'],
      ['domain', 'add', 'new.example', '--org', 'Nobody', '--backend', 'smtp://127.0.0.1:25'],
      ['delivery', 'show', '00000000-0000-7000-8000-000000000000'],
      ['backend', 'override', 'nowhere', 'down'],
    ])
    for (const { args, code, stdout, stderr } of refused) {
      expect([args, code, stdout]).toEqual([args, 1, ''])
      expect(stderr.trimEnd().split('\n'), args.join(' ')).toHaveLength(1)
    }
    const misused = await all([
      ['nonsense'],
      ['org', 'add'],
      ['queue', '--nonsense'],
      ['backend', 'override', domain, 'sideways'],
    ])
    expect(misused.map(({ args, code }) => [args, code])).toEqual(misused.map(({ args }) => [args, 2]))
    const shown = await all([
      ['status', '--json'],
      ['queue', '--json'],
      ['spool', 'status', '--json'],
      ['spool', 'verify', '--json'],
      ['backend', 'status', '--json'],
      ['doctor', '--json'],
    ])
    for (const { args, code, stdout, stderr } of shown) {
      expect([args, code, stderr]).toEqual([args, 0, ''])
      expect(JSON.parse(stdout)).toBeTypeOf('object')
    }
  })

  test('healthz says 503 with a reason while a part does not serve, and 200 again afterwards', async () => {
    onTestFailed(() => report(gateway))
    for (const part of ['relay', 'worker', 'webmail'] as const) {
      expect((await gateway.health(part)).status).toBe(200)
    }
    await database.close()
    for (const part of ['worker', 'webmail'] as const) {
      const health = await until(`healthz of the ${part} says 503`, async () => {
        const seen = await gateway.health(part)
        return seen.status === 503 && seen
      })
      expect(health.body).toMatchObject({ ok: false, reason: expect.any(String) })
    }
    // The relay still takes mail.
    expect((await gateway.health('relay')).status).toBe(200)
    const { content } = plainMessage({ from: 'x@outside.example', to: `ann@${domain}`, subject: 'two' })
    const mail = { from: 'x@outside.example', to: `ann@${domain}`, content }
    expect((await sendMail(gateway.ports.relay, mail)).code).toBe(250)
    database = await startPostgres({ data: folder, say: quiet })
    for (const part of ['worker', 'webmail'] as const) {
      await until(`healthz of the ${part} says 200`, async () => (await gateway.health(part)).status === 200)
    }
    await until('it is delivered', () => backend.withSubject('two').length === 1)
  })

  test('SIGTERM drains and exits 0 within 10 s, and the next start takes under 10 s', async () => {
    onTestFailed(() => report(gateway))
    const stopping = performance.now()
    expect(await gateway.stop()).toBe(0)
    expect(performance.now() - stopping).toBeLessThan(10_000)
    const starting = performance.now()
    await gateway.start()
    expect(performance.now() - starting).toBeLessThan(10_000)
  })
})

describe('with everything embedded', () => {
  let gateway: Gateway
  beforeAll(async () => {
    gateway = await startGateway()
  })
  afterAll(() => gateway?.remove())

  test('a killed gateway starts again on the same data', async () => {
    onTestFailed(() => report(gateway))
    await gateway.cli(['org', 'add', 'Kept'])
    for (const part of ['webmail', 'relay', 'worker', 'redis', 'postgres'] as const) {
      expect([part, gateway.pids(part).length > 0]).toEqual([part, true])
    }
    await gateway.crash()
    await gateway.start()
    const again = await gateway.run(['org', 'add', 'Kept'])
    expect(again.code).toBe(1)
  })
})
