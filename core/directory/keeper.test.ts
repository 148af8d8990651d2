/** The keeper with a real database that comes, changes and goes. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type TestDatabase, testDatabase } from '../db/testing.ts'
import { silentLog } from '../observe/log.ts'
import { addDomain } from './domains.ts'
import { keepDirectory } from './keeper.ts'
import { addMailbox } from './mailboxes.ts'
import { addOrganization } from './organizations.ts'
import { loadSnapshot } from './snapshot.ts'

let database: TestDatabase
let folder: string
const file = () => join(folder, 'snapshot', 'directory.json')
const AWAY = 'postgres://nobody@127.0.0.1:1/none'

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'restante-keeper-'))
  database = await testDatabase()
  await addOrganization(database.db, { name: 'Acme' })
  await addDomain(
    database.db,
    { domain: 'acme.example', organization: 'Acme', backends: ['smtp://127.0.0.1:1'] },
    randomBytes(32),
  )
})
afterAll(async () => {
  await database?.close()
  await rm(folder, { recursive: true })
})

test('without a database and without a file it is not ready', async () => {
  const keeper = await keepDirectory({ databaseUrl: AWAY, file: join(folder, 'none.json'), log: silentLog })
  try {
    expect(keeper.ready).toBe(false)
    expect(keeper.current.route('anna@acme.example')).toEqual({ type: 'unknown-domain' })
  } finally {
    await keeper.close()
  }
})

test('a change is seen by its hint, and is on disk', async () => {
  const keeper = await keepDirectory({ databaseUrl: database.url, file: file(), log: silentLog })
  try {
    expect(keeper.ready).toBe(true)
    expect(keeper.current.route('anna@acme.example').type).toBe('unknown-recipient')
    await addMailbox(database.db, { address: 'anna@acme.example' })
    await vi.waitFor(() => expect(keeper.current.route('anna@acme.example').type).toBe('local'), 5_000)
    await vi.waitFor(async () => expect((await loadSnapshot(file()))?.addresses).toHaveLength(1), 5_000)
    expect(keeper.age).toBeLessThan(5_000)
  } finally {
    await keeper.close()
  }
})

test('with the database away at the start it serves from disk', async () => {
  const keeper = await keepDirectory({ databaseUrl: AWAY, file: file(), log: silentLog })
  try {
    expect(keeper.ready).toBe(true)
    expect(keeper.current.route('anna@acme.example').type).toBe('local')
    expect(await keeper.refresh()).toBe(false)
    expect(keeper.current.route('anna@acme.example').type).toBe('local')
  } finally {
    await keeper.close()
  }
})

test('a database that accepts and never answers does not keep it from starting', async () => {
  const silent = createServer(() => {})
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as { port: number }
  const startedAt = Date.now()
  const keeper = await keepDirectory({
    databaseUrl: `postgres://nobody@127.0.0.1:${port}/none`,
    file: file(),
    log: silentLog,
  })
  try {
    expect(Date.now() - startedAt).toBeLessThan(4_000)
    expect(keeper.current.route('anna@acme.example').type).toBe('local')
  } finally {
    await keeper.close()
    silent.close()
  }
}, 20_000)

test('many hints at once cost few reads', async () => {
  const keeper = await keepDirectory({ databaseUrl: database.url, file: file(), log: silentLog })
  try {
    const results = await Promise.all(Array.from({ length: 100 }, () => keeper.refresh()))
    expect(results.every(Boolean)).toBe(true)
  } finally {
    await keeper.close()
  }
})
