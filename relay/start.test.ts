/** The whole relay: accepts with PostgreSQL and Redis gone, for the recipients of its last snapshot. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deriveKey, loadSecret } from '@restante/core/config/secret.ts'
import { loadSettings, type Settings } from '@restante/core/config/settings.ts'
import { type TestDatabase, testDatabase } from '@restante/core/db/testing.ts'
import { addDomain, setDomainRecipients } from '@restante/core/directory/domains.ts'
import { addMailbox } from '@restante/core/directory/mailboxes.ts'
import { addOrganization } from '@restante/core/directory/organizations.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { start } from './start.ts'
import { testBackend } from './testing/backend.ts'
import { RawClient } from './testing/client.ts'

let database: TestDatabase
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'restante-relay-start-'))
  database = await testDatabase()
  await addOrganization(database.db, { name: 'Acme' })
  await addDomain(
    database.db,
    { domain: 'acme.example', organization: 'Acme', backends: ['smtp://127.0.0.1:1'] },
    randomBytes(32),
  )
  await addMailbox(database.db, { address: 'anna@acme.example' })
})
afterAll(async () => {
  await database?.close()
  await rm(folder, { recursive: true, force: true })
})

/** Four that are free, and not the same one twice. */
async function freePorts(): Promise<number[]> {
  const servers = Array.from({ length: 4 }, () => createServer())
  const ports = servers.map(async server => {
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as { port: number }).port
  })
  const found = await Promise.all(ports)
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return found
}

async function settings(databaseUrl: string): Promise<Settings> {
  const [port, metrics, submission, submissions] = await freePorts()
  return loadSettings(
    {
      RESTANTE_DATA: join(folder, 'data'),
      RESTANTE_HOSTNAME: 'mx.test',
      RELAY_HOST: '127.0.0.1',
      RELAY_PORT: String(port),
      METRICS_PORT: String(metrics),
      SUBMISSION_PORT: String(submission),
      SUBMISSIONS_PORT: String(submissions),
      REDIS_URL: 'redis://127.0.0.1:1',
      DATABASE_URL: databaseUrl,
    },
    folder,
  )
}

async function send(port: number, to: string): Promise<string> {
  const client = await RawClient.hello(port)
  const reply = await client.send('z@other.example', [to], 'Subject: x\r\n\r\n')
  client.destroy()
  return reply
}

const get = (port: number, path: string) => fetch(`http://127.0.0.1:${port}${path}`)

test('with its database it accepts, is healthy, and counts', async () => {
  const with_ = await settings(database.url)
  const relay = await start(with_, silentLog)
  try {
    expect(await send(relay.port, 'anna@acme.example')).toMatch(/^250 2\.0\.0 /)
    expect(await send(relay.port, 'nobody@acme.example')).toMatch(/^550 5\.1\.1 /)
    await addMailbox(database.db, { address: 'new@acme.example' })
    await expect.poll(() => send(relay.port, 'new@acme.example'), { timeout: 5_000 }).toMatch(/^250 /)
    const health = await get(with_.METRICS_PORT, '/healthz')
    expect(await health.json()).toMatchObject({ ok: true, directory: { domains: 1, addresses: 2 } })
    expect(health.status).toBe(200)
    const metrics = await (await get(with_.METRICS_PORT, '/metrics')).text()
    expect(metrics).toMatch(/^restante_relay_accepted_total [2-9]/m)
    expect(metrics).toMatch(/^restante_relay_refused_total\{reason="unknown-recipient"\} \d+/m)
    expect(metrics).toMatch(/^restante_relay_time_to_250_seconds_count \d+/m)
    expect(metrics).toContain('restante_relay_connections ')
  } finally {
    await relay.close()
  }
})

test('started while database and Redis are away it knows its recipients from disk', async () => {
  const without = await settings('postgres://nobody@127.0.0.1:1/none')
  const relay = await start(without, silentLog)
  try {
    expect(await send(relay.port, 'anna@acme.example')).toMatch(/^250 2\.0\.0 /)
    expect(await send(relay.port, 'nobody@acme.example')).toMatch(/^550 5\.1\.1 /)
    expect((await get(without.METRICS_PORT, '/healthz')).status).toBe(200)
  } finally {
    await relay.close()
  }
})

test('recipients that a backend knows are learnt, and known after a start without database and backend', async () => {
  const backend = await testBackend(address =>
    address === 'carl@ask.example' ? '250 2.1.5 Ok' : '550 5.1.1 no such user',
  )
  const with_ = await settings(database.url)
  const sealKey = deriveKey(loadSecret(with_), 'stored-secrets')
  await addOrganization(database.db, { name: 'Asking' })
  await addDomain(
    database.db,
    {
      domain: 'ask.example',
      organization: 'Asking',
      backends: [`smtp://user:secret@127.0.0.1:${backend.port}`],
      recipients: 'ask',
    },
    sealKey,
  )
  const relay = await start(with_, silentLog)
  try {
    expect(await send(relay.port, 'carl@ask.example')).toMatch(/^250 /)
    expect(await send(relay.port, 'nobody@ask.example')).toMatch(/^550 5\.1\.1 /)
    const health = await get(with_.METRICS_PORT, '/healthz')
    expect(await health.json()).toMatchObject({ learnedRecipients: 1 })
  } finally {
    await relay.close()
    await backend.stop()
  }
  const snapshots = join(folder, 'data', 'snapshot')
  expect(await readFile(join(snapshots, 'directory.json'), 'utf8')).not.toContain('secret')

  const without = await settings('postgres://nobody@127.0.0.1:1/none')
  const again = await start(without, silentLog)
  try {
    expect(await send(again.port, 'carl@ask.example')).toMatch(/^250 /)
    expect(await send(again.port, 'other@ask.example')).toMatch(/^450 4\.1\.1 /)
    await setDomainRecipients(database.db, 'ask.example', { unverified: 'hold' })
    const third = await start(await settings(database.url), silentLog)
    try {
      await expect.poll(() => send(third.port, 'other@ask.example'), { timeout: 10_000 }).toMatch(/^250 /)
    } finally {
      await third.close()
    }
  } finally {
    await again.close()
  }
})

test('without a database and without a snapshot it says "later", and is not healthy', async () => {
  const base = await settings('postgres://nobody@127.0.0.1:1/none')
  const data = join(folder, 'empty')
  const relay = await start(
    { ...base, RESTANTE_DATA: data, SPOOL_URL: `file:${join(data, 'spool')}` },
    silentLog,
  )
  try {
    expect(await send(relay.port, 'anna@acme.example')).toMatch(/^451 4\.3\.0 /)
    const health = await get(base.METRICS_PORT, '/healthz')
    expect(health.status).toBe(503)
    expect(await health.json()).toMatchObject({ ok: false, reason: 'no directory yet' })
  } finally {
    await relay.close()
  }
})

test('a port that is taken is an error, not a hang', async () => {
  const taken = createServer()
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as { port: number }
  try {
    await expect(start({ ...(await settings(database.url)), RELAY_PORT: port }, silentLog)).rejects.toThrow(
      /EADDRINUSE/,
    )
  } finally {
    taken.close()
  }
})
