/** Workers die and their leases come back at once; PostgreSQL loses every lock and nobody is taken for dead. */

import { sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { newId } from '../db/id.ts'
import { type TestDatabase, testDatabase } from '../db/testing.ts'
import { beginMany, giveBack, LEASE, renewMany } from './attempts.ts'
import { createMourner, GRACE, LOCK_CLASS, RELOCK } from './leases.ts'
import type { Enqueued } from './names.ts'
import { type Presence, startPresence } from './presence.ts'
import { reconcile } from './reconcile.ts'

let database: TestDatabase
const now = new Date('2026-11-02T10:00:00Z')
const later = (ms: number) => new Date(now.getTime() + ms)
const presences: Presence[] = []

beforeAll(async () => {
  database = await testDatabase()
})
afterAll(async () => {
  for (const presence of presences) await presence.close()
  await database?.close()
})
beforeEach(async () => {
  await database.db.deleteFrom('message').execute()
  await database.db.deleteFrom('worker').execute()
})

async function make(count: number): Promise<string[]> {
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
      .values({ id, message_id: message, destination: 'x.test', state: 'queued', created_at: later(n) })
      .execute()
    await database.db.insertInto('recipient').values({ delivery_id: id, address: 'a@x.test' }).execute()
    ids.push(id)
  }
  return ids
}
async function present(): Promise<Presence & { own: number }> {
  const presence = startPresence(database.url)
  presences.push(presence)
  const deadline = Date.now() + 5_000
  while (presence.number() === null && Date.now() < deadline) await new Promise(r => setTimeout(r, 10))
  return { ...presence, own: presence.number()! }
}

test('a lost lock can be had again several times before its worker counts as dead', () => {
  expect(GRACE).toBeGreaterThan(3 * RELOCK)
})

test('a worker that lives is not taken for dead, one that ended is, after the grace', async () => {
  const [living, dying] = [await present(), await present()]
  const [one, other] = await make(2)
  await beginMany(database.db, [one!], now, living.own)
  await beginMany(database.db, [other!], now, dying.own)
  const mourner = createMourner(database.db)
  expect(await mourner.dead(now)).toEqual([])
  expect(await mourner.dead(later(GRACE))).toEqual([])
  await dying.close()
  expect(await mourner.dead(later(10_000))).toEqual([])
  expect(await mourner.dead(later(10_000 + GRACE))).toEqual([dying.own])
})

test('when PostgreSQL loses all its connections the living have their locks again in time', async () => {
  const living = await present()
  await beginMany(database.db, await make(1), now, living.own)
  const mourner = createMourner(database.db)
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await client.query(
    `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and classid = ${LOCK_CLASS}`,
  )
  await client.end()
  const startedAt = Date.now()
  while (Date.now() - startedAt < GRACE && (await mourner.dead(new Date())).length === 0) {
    if (living.number() !== null && Date.now() - startedAt > RELOCK) break
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  expect(living.number()).toBe(living.own)
  expect(await mourner.dead(new Date(Date.now() + 10 * GRACE))).toEqual([])
})

test('a look that failed proves nothing: the grace begins anew', async () => {
  await database.db.insertInto('worker').values({ number: 4711 }).execute()
  await beginMany(database.db, await make(1), now, 4711)
  let away = false
  const mourner = createMourner(
    new Proxy(database.db, {
      get(db, property) {
        if (away) throw new Error('away')
        const value = Reflect.get(db, property, db)
        return typeof value === 'function' ? value.bind(db) : value
      },
    }),
  )
  expect(await mourner.dead(now)).toEqual([])
  away = true
  await expect(mourner.dead(later(1_000))).rejects.toThrow('away')
  away = false
  expect(await mourner.dead(later(GRACE))).toEqual([])
  expect(await mourner.dead(later(2 * GRACE))).toEqual([4711])
})

test('many are begun in the order of acceptance, each by one of many who try at once', async () => {
  const ids = await make(20)
  const shuffled = ids.toSorted(() => Math.random() - 0.5)
  const tries = await Promise.all(Array.from({ length: 6 }, () => beginMany(database.db, shuffled, now, 1)))
  const begun = tries.find(list => list.length > 0)
  expect(tries.flat()).toHaveLength(20)
  expect(begun?.map(one => one.deliveryId)).toEqual(ids)
  expect(await renewMany(database.db, begun!, later(LEASE))).toBe(20)
})

test('what was begun and not dialed is given back as if it had not been begun', async () => {
  const begun = await beginMany(database.db, await make(3), now, 1)
  await giveBack(database.db, begun.slice(0, 2))
  const rows = await database.db
    .selectFrom('delivery')
    .select(['attempts', sql<boolean>`leased_until is not null`.as('leased')])
    .orderBy('created_at')
    .execute()
  expect(rows).toEqual([
    { attempts: 0, leased: false },
    { attempts: 0, leased: false },
    { attempts: 1, leased: true },
  ])
})

test('what a dead worker had begun is queued again, and it is forgotten', async () => {
  const dead = 4712
  await database.db.insertInto('worker').values({ number: dead }).execute()
  const [id] = await make(1)
  await beginMany(database.db, [id!], now, dead)
  const enqueued: string[] = []
  const queues = {
    enqueue: async (list: readonly Enqueued[]) => enqueued.push(...list.map(one => one.id)) > 0,
    count: async () => 0,
    ready: () => true,
    wasAway: () => false,
    close: async () => {},
  }
  const done = await reconcile(database.db, queues, later(1_000), { thorough: false, dead: [dead] })
  expect(done.leasesLost).toBe(1)
  expect(enqueued).toContain(id)
  const attempts = await database.db.selectFrom('attempt').select(['number', 'finished_at']).execute()
  expect(attempts).toEqual([{ number: 1, finished_at: null }])
  await reconcile(database.db, queues, later(2_000), { thorough: false, dead: [dead] })
  const workers = await database.db.selectFrom('worker').select('number').execute()
  expect(workers.map(row => row.number)).not.toContain(dead)
})
