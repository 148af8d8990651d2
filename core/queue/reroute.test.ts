import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '../db/testing.ts'
import { rerouteDeliveries } from './actions.ts'
import { type SeededOrganization, seedDelivery, seedOrganization } from './overview-seed.ts'
import { openWay, storedWay } from './reroute.ts'
import { everything } from './scope.ts'

let t: TestDatabase
let here: SeededOrganization
const now = new Date()
const key = randomBytes(32)

beforeAll(async () => {
  t = await testDatabase()
  here = await seedOrganization(t.db, 'here.example')
})
afterAll(() => t.close())

const rowOf = (id: string) =>
  t.db
    .selectFrom('delivery')
    .select(['state', 'way', 'way_name', 'next_attempt_at'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()

const outside = (change: Parameters<typeof seedDelivery>[2]) =>
  seedDelivery(t.db, here, { backend_id: null, destination: 'place.example', ...change })

describe('a way', () => {
  test('of hosts is kept sealed; its name tells no password', () => {
    const stored = storedWay(['smtps://u:secret@a.example', 'smtp://b.example:2525'], key, true)
    expect(stored.name).toBe('smtps://a.example:465, smtp://b.example:2525')
    expect(stored.way).not.toContain('secret')
    expect(openWay(stored.way, key)).toMatchObject({
      publicOnly: true,
      hosts: [{ host: 'a.example', password: 'secret' }, { port: 2525 }],
    })
  })

  test.each(['mx', 'usual'] as const)('%s is what it was', way => {
    expect(openWay(storedWay(way, key, true).way, key)).toBe(way)
  })

  test('of no hosts, or of nonsense, is none', () => {
    expect(() => storedWay([], key, false)).toThrow(expect.objectContaining({ code: 'bad-smarthost' }))
    expect(() => storedWay(['nonsense'], key, false)).toThrow(
      expect.objectContaining({ code: 'bad-smarthost' }),
    )
  })
})

describe('moving deliveries', () => {
  const mx = storedWay('mx', key, false)

  test('tries at once what waited, keeps held what was held, and leaves the rest', async () => {
    const deferred = await outside({ state: 'deferred', next_attempt_at: new Date(now.getTime() + 60_000) })
    const held = await outside({ state: 'held', hold_reason: 'admin' })
    const spam = await outside({ state: 'held', hold_reason: 'spam' })
    const done = await outside({ state: 'delivered', settled_at: now })
    const inbound = await seedDelivery(t.db, here, { state: 'deferred' })
    const all = [deferred, held, spam, done, inbound]
    const result = await rerouteDeliveries(t.db, everything, all, mx, now)
    expect(result).toMatchObject({ matched: 5, changed: 2, states: { queued: 1, held: 1 }, missing: [] })
    expect(await rowOf(deferred)).toMatchObject({
      state: 'queued',
      way: 'mx',
      way_name: 'MX',
      next_attempt_at: null,
    })
    expect(await rowOf(held)).toMatchObject({ state: 'held', way: 'mx' })
    for (const id of [spam, done, inbound]) expect(await rowOf(id)).toMatchObject({ way: null })
  })

  test('by a filter reaches all that wait there, and the usual way is one of them', async () => {
    const id = await outside({ state: 'deferred', destination: 'filtered.example' })
    const filter = { destination: 'filtered.example' }
    expect(await rerouteDeliveries(t.db, everything, filter, mx, now)).toMatchObject({ changed: 1 })
    expect(await rowOf(id)).toMatchObject({ way: 'mx' })
    await rerouteDeliveries(t.db, everything, filter, storedWay('usual', key, false), now)
    expect(await rowOf(id)).toMatchObject({ way: null, way_name: null })
  })

  test("another organization's are not there", async () => {
    const id = await outside({ state: 'deferred' })
    const other = await seedOrganization(t.db, 'other.example')
    const scope = { type: 'organization', id: other.organizationId } as const
    expect(await rerouteDeliveries(t.db, scope, [id], mx, now)).toMatchObject({ changed: 0, missing: [id] })
  })
})
