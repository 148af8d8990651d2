/** Redis lost, jobs lost, workers lost: the rows bring everything back. */
import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '../db/id.ts'
import { type TestDatabase, testDatabase } from '../db/testing.ts'
import { silentLog } from '../observe/log.ts'
import { begin, LEASE } from './attempts.ts'
import { createQueues, type Queues } from './queues.ts'
import { PATIENCE, reconcile } from './reconcile.ts'

let database: TestDatabase
let queues: Queues
let redis: Redis
const prefix = `t-${randomBytes(6).toString('hex')}`
const redisUrl = process.env.TEST_REDIS_URL ?? ''
const now = new Date('2026-11-02T10:00:00Z')
const later = (ms: number) => new Date(now.getTime() + ms)

beforeAll(async () => {
  database = await testDatabase()
  queues = createQueues({ redisUrl, prefix, log: silentLog })
  redis = new Redis(redisUrl)
  await redis.ping()
  while (!queues.ready()) await new Promise(resolve => setTimeout(resolve, 5))
})
afterAll(async () => {
  await queues?.close()
  redis?.disconnect()
  await database?.close()
})

async function make(state: 'queued' | 'deferred', count: number): Promise<string[]> {
  const ids: string[] = []
  for (let n = 0; n < count; n++) {
    const message = newId()
    const id = newId()
    await database.db
      .insertInto('message')
      .values({
        id: message,
        kind: 'inbound',
        sender: '',
        size: 1,
        received_at: now,
        segment: 's',
        position: n,
      })
      .execute()
    await database.db
      .insertInto('delivery')
      .values({
        id,
        message_id: message,
        destination: 'elsewhere.test',
        state,
        created_at: now,
        next_attempt_at: state === 'deferred' ? later(60_000) : null,
      })
      .execute()
    ids.push(id)
  }
  return ids
}
async function wipe(): Promise<void> {
  const keys = await redis.keys(`{${prefix}:*`)
  if (keys.length > 0) await redis.del(...keys)
}

test('jobs that were lost are added again, once the ordinary way had its time', async () => {
  await make('queued', 5)
  expect(await reconcile(database.db, queues, later(PATIENCE - 1), { thorough: false })).toMatchObject({
    readded: 0,
  })
  expect(await reconcile(database.db, queues, later(PATIENCE), { thorough: false })).toMatchObject({
    readded: 5,
  })
  expect(await queues.count(null)).toBe(1)
  expect(await reconcile(database.db, queues, later(PATIENCE), { thorough: false })).toMatchObject({
    readded: 0,
  })
  await wipe()
  expect(await queues.count(null)).toBe(0)
  await reconcile(database.db, queues, later(PATIENCE), { thorough: false })
  expect(await queues.count(null)).toBe(1)
  // Adding again is harmless.
  await reconcile(database.db, queues, later(PATIENCE), { thorough: true })
  expect(await queues.count(null)).toBe(1)
  await database.db.deleteFrom('message').execute()
  await wipe()
})

test('deferred deliveries are queued when they are due', async () => {
  await make('deferred', 3)
  expect(await reconcile(database.db, queues, later(59_000), { thorough: false })).toMatchObject({ due: 0 })
  expect(await reconcile(database.db, queues, later(60_000), { thorough: false })).toMatchObject({ due: 3 })
  expect(await queues.count(null)).toBe(1)
  await database.db.deleteFrom('message').execute()
  await wipe()
})

test('a delivery whose worker died is queued again when its lease is over', async () => {
  const [id] = await make('queued', 1)
  await begin(database.db, id!, now)
  expect(await reconcile(database.db, queues, later(LEASE - 1), { thorough: true })).toMatchObject({
    leasesLost: 0,
    readded: 0,
  })
  expect(await reconcile(database.db, queues, later(LEASE), { thorough: false })).toMatchObject({
    leasesLost: 1,
  })
  expect(await queues.count(null)).toBe(1)
  expect((await begin(database.db, id!, later(LEASE)))?.number).toBe(2)
})

test('without Redis nothing throws, and nothing is lost', async () => {
  const lonely = createQueues({ redisUrl: 'redis://127.0.0.1:1', log: silentLog })
  try {
    expect(await lonely.enqueue([{ id: newId(), backendId: null, backlog: false }])).toBe(false)
    expect(await lonely.count(null)).toBeNull()
    expect(lonely.ready()).toBe(false)
  } finally {
    await lonely.close()
  }
})
