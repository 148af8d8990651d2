import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { newId } from '../db/id.ts'
import type { DeliveryState } from '../db/schema/delivery.ts'
import { type TestDatabase, testDatabase } from '../db/testing.ts'
import type { Event } from './machine.ts'
import { expireOverrides, holdForDown, loadHealth, override, report } from './store.ts'

let database: TestDatabase
let backendId: string
let organizationId: string
const at = (second: number) => new Date(Date.UTC(2026, 10, 2, 10, 0, second))
const failure: Event = {
  type: 'failure',
  source: 'delivery',
  cause: 'refused',
  detail: 'connect: ECONNREFUSED',
}
const success: Event = { type: 'success', source: 'smtp-probe' }

beforeAll(async () => {
  database = await testDatabase()
})
afterAll(async () => await database?.close())
beforeEach(async () => {
  const { db } = database
  await db.deleteFrom('message').execute()
  await db.deleteFrom('organization').execute()
  organizationId = newId()
  backendId = newId()
  await db.insertInto('organization').values({ id: organizationId, name: 'Example' }).execute()
  await db
    .insertInto('backend')
    .values({ id: backendId, organization_id: organizationId, name: 'mail', hosts: 'x', health_since: at(0) })
    .execute()
})

async function deliveries(...states: DeliveryState[]): Promise<void> {
  for (const state of states) {
    const id = newId()
    const { db } = database
    await db
      .insertInto('message')
      .values({ id, kind: 'inbound', sender: '', size: 1, received_at: at(0), segment: 's', position: 0 })
      .execute()
    await db
      .insertInto('delivery')
      .values({ id, message_id: id, backend_id: backendId, destination: 'x.test', state, created_at: at(0) })
      .execute()
  }
}
const states = async () =>
  (
    await database.db
      .selectFrom('delivery')
      .select(['state', 'hold_reason', 'backlog'])
      .orderBy('id')
      .execute()
  ).map(row => `${row.state}${row.hold_reason ? ` ${row.hold_reason}` : ''}${row.backlog ? ' backlog' : ''}`)
async function goDown(): Promise<void> {
  for (const second of [0, 5, 10]) await report(database.db, backendId, failure, at(second))
}

test('going down holds what is queued or deferred, in one go, and opens an incident', async () => {
  await deliveries('queued', 'deferred', 'delivered')
  await goDown()
  expect(await loadHealth(database.db, backendId, at(10))).toMatchObject({ effective: 'down' })
  expect(await states()).toEqual(['held backend backlog', 'held backend backlog', 'delivered'])
  const [incident] = await database.db.selectFrom('incident').selectAll().execute()
  expect(incident).toMatchObject({ cause: 'refused', closed_at: null, opened_at: at(10) })
})

test('what was ingested while it was being called down is held by the next look', async () => {
  await goDown()
  await deliveries('queued')
  expect(await holdForDown(database.db, at(11))).toBe(1)
  expect(await states()).toEqual(['held backend backlog'])
})

test('reports at the same time are taken one after the other', async () => {
  await report(database.db, backendId, failure, at(0))
  await Promise.all(Array.from({ length: 20 }, () => report(database.db, backendId, failure, at(10))))
  const changes = await database.db.selectFrom('health_change').selectAll().execute()
  expect(changes).toHaveLength(1)
  expect((await loadHealth(database.db, backendId, at(10)))?.machine.smtp.failures).toBe(21)
})

test('the return closes the incident when all is drained', async () => {
  await goDown()
  await report(database.db, backendId, success, at(20))
  await report(database.db, backendId, { type: 'drained' }, at(30))
  const [incident] = await database.db.selectFrom('incident').selectAll().execute()
  expect(incident?.closed_at).toEqual(at(30))
  const changes = await database.db.selectFrom('health_change').selectAll().orderBy('at').execute()
  expect(changes.map(c => c.to_health)).toEqual(['down', 'recovering', 'up'])
})

test('a backend that is gone is no error', async () => {
  expect(await report(database.db, newId(), failure, at(0))).toBeNull()
})

describe('an override', () => {
  const set = (to: 'up' | 'down' | null, second: number, until: Date | null = null) =>
    override(
      database.db,
      backendId,
      { to, reason: 'maintenance', until, by: 'admin@example.test' },
      at(second),
    )

  test('down holds mail, and says who and why', async () => {
    await deliveries('queued')
    expect(await set('down', 1)).toMatchObject({ effective: 'down', override: 'down' })
    expect(await states()).toEqual(['held backend backlog'])
    const [change] = await database.db.selectFrom('health_change').selectAll().execute()
    expect(change).toMatchObject({
      from_health: 'up',
      to_health: 'down',
      cause: 'override',
      detail: 'maintenance',
      actor: 'admin@example.test',
    })
  })

  test('up lets mail flow whatever the checks say; they go on meanwhile', async () => {
    await goDown()
    expect(await set('up', 20)).toMatchObject({ effective: 'up' })
    expect(await report(database.db, backendId, failure, at(30))).toMatchObject({
      effective: 'up',
      machine: { health: 'down' },
    })
    expect(await set(null, 40)).toMatchObject({ effective: 'down' })
  })

  test('that held mail ends in a careful return', async () => {
    await set('down', 1)
    expect(await set(null, 20)).toMatchObject({ effective: 'recovering' })
  })

  test('ends by itself', async () => {
    await set('down', 1, at(30))
    expect(await expireOverrides(database.db, at(29))).toBe(0)
    expect(await loadHealth(database.db, backendId, at(30))).toMatchObject({
      effective: 'up',
      override: null,
    })
    expect(await expireOverrides(database.db, at(30))).toBe(1)
    expect(await loadHealth(database.db, backendId, at(30))).toMatchObject({ effective: 'recovering' })
  })
})
