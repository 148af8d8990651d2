/**
 * A worker is killed (-9) while a delivery hangs at the backend. The one that is started in its place delivers
 * within seconds: it does not wait for the lease of the dead to end. And of mail that goes out, what was settled when
 * the worker died does not go out again.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deriveKey } from '@restante/core/config/secret.ts'
import { newId } from '@restante/core/db/id.ts'
import { type TestDatabase, testDatabase } from '@restante/core/db/testing.ts'
import { sealList } from '@restante/core/directory/backends.ts'
import { addDomain } from '@restante/core/directory/domains.ts'
import { addOrganization } from '@restante/core/directory/organizations.ts'
import { addPerson } from '@restante/core/directory/people.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { LEASE } from '@restante/core/queue/attempts.ts'
import { openSpool } from '@restante/core/spool/open.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from './testing/gateway.ts'
import { type Scripted, scriptedServer } from './testing/scripted.ts'

const secret = randomBytes(16).toString('hex')
let folder: string
let database: TestDatabase
let server: Scripted
let worker: ChildProcess | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'restante-killed-'))
  database = await testDatabase()
  server = await scriptedServer()
  await addOrganization(database.db, { name: 'Example' })
  const backends = [`smtp://127.0.0.1:${server.port}?tls=none`]
  await addDomain(
    database.db,
    { domain: 'example.test', organization: 'Example', backends },
    deriveKey(secret, 'stored-secrets'),
  )
  await addPerson(database.db, { address: 'anna@example.test', role: 'user', locale: 'en' })
})
afterAll(async () => {
  worker?.kill('SIGKILL')
  await server?.stop()
  await database?.close()
  await rm(folder, { recursive: true, force: true })
})

async function freePort(): Promise<number> {
  const held = createServer()
  await new Promise<void>(resolve => held.listen(0, '127.0.0.1', resolve))
  const { port } = held.address() as { port: number }
  await new Promise(resolve => held.close(resolve))
  return port
}

async function startWorker(): Promise<ChildProcess> {
  const redis = new URL(process.env.TEST_REDIS_URL ?? '')
  // Main takes the ordinary names: they must not meet another test's.
  redis.pathname = '/13'
  return spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: {
      PATH: process.env.PATH,
      RESTANTE_DATA: folder,
      RESTANTE_SECRET: secret,
      SPOOL_MINIMUM_FREE: '0',
      DATABASE_URL: database.url,
      REDIS_URL: redis.href,
      METRICS_PORT: String((await freePort()) - 1),
      LOG_LEVEL: 'error',
    },
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}

const relaySpool = () =>
  openSpool({
    url: `file:${join(folder, 'spool')}`,
    secretKey: deriveKey(secret, 'spool'),
    encrypt: true,
    writer: 'relay',
    log: silentLog,
    minimumFree: 0,
  })

test('what a killed worker had in hand is delivered within seconds', { timeout: 90_000 }, async () => {
  server.script = { command: line => (line.startsWith('DATA') ? 'hang' : undefined) }
  worker = await startWorker()
  const spool = await relaySpool()
  await spool.append(
    {
      id: newId(),
      kind: 'inbound',
      sender: 'outside@elsewhere.test',
      recipients: [{ address: 'anna@example.test' }],
      receivedAt: new Date().toISOString(),
    },
    Buffer.from('Subject: x\r\n\r\nx\r\n'),
  )
  await until('it hangs', () => server.commands.includes('DATA'), 30_000)
  worker.kill('SIGKILL')
  server.script = {}
  const startedAt = Date.now()
  worker = await startWorker()
  await until('it arrives', () => server.received.length === 1, LEASE / 2)
  expect(Date.now() - startedAt).toBeLessThan(LEASE / 2)
  await until('it is recorded', async () => {
    const row = await database.db
      .selectFrom('delivery')
      .select(['state', 'attempts'])
      .executeTakeFirstOrThrow()
    return row.state === 'delivered' && row.attempts === 2
  })
  await spool.close()
})

test('of what goes out when a worker is killed, all arrives, and nothing twice but what was in flight', {
  timeout: 120_000,
}, async () => {
  const messages = 300
  const { db } = database
  const smarthost = await scriptedServer()
  const smarthosts = sealList(deriveKey(secret, 'stored-secrets'), [
    `smtp://127.0.0.1:${smarthost.port}?tls=none`,
  ])
  await db.updateTable('organization').set({ smarthosts }).execute()
  const spool = await relaySpool()
  try {
    for (let n = 0; n < messages; n++) {
      await spool.append(
        {
          id: newId(),
          kind: 'submission',
          sender: 'anna@example.test',
          recipients: [{ address: `x${n}@place${n % 30}.test` }],
          receivedAt: new Date().toISOString(),
        },
        Buffer.from('From: anna@example.test\r\nSubject: x\r\n\r\nx\r\n'),
      )
    }
    await until('some have gone out', () => smarthost.received.length > 50, 30_000)
    worker?.kill('SIGKILL')
    const settled = await db
      .selectFrom('recipient')
      .select('address')
      .where('state', '=', 'delivered')
      .where('address', 'like', 'x%')
      .execute()
    worker = await startWorker()
    const times = () => Map.groupBy(smarthost.received, one => one.recipients[0]!)
    await until('all have arrived', () => times().size === messages, LEASE)
    await until('all are settled', async () => {
      const open = await db.selectFrom('delivery').select('id').where('state', '<>', 'delivered').execute()
      return open.length === 0
    })
    const arrived = times()
    expect(settled.filter(({ address }) => arrived.get(address)?.length !== 1)).toEqual([])
    expect([...arrived.values()].filter(all => all.length > 2)).toEqual([])
  } finally {
    await spool.close()
    await smarthost.stop()
  }
})
