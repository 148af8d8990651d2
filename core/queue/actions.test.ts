import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '../db/id.ts'
import { type TestDatabase, testDatabase } from '../db/testing.ts'
import type { Note } from '../spool/types.ts'
import { actOnDeliveries } from './actions.ts'
import { type SeededOrganization, seedDelivery, seedMany, seedOrganization } from './overview-seed.ts'
import { everything, type Scope } from './scope.ts'

let t: TestDatabase
let here: SeededOrganization
let there: SeededOrganization
let mine: Scope
const now = new Date()
const notes: Note[] = []
const how = {
  now,
  async note(more: readonly Note[]) {
    notes.push(...more)
  },
}

beforeAll(async () => {
  t = await testDatabase()
  here = await seedOrganization(t.db, 'here.example')
  there = await seedOrganization(t.db, 'there.example', { health: 'down' })
  mine = { type: 'organization', id: here.organizationId }
})
afterAll(() => t.close())

const stateOf = async (id: string) =>
  (await t.db.selectFrom('delivery').select('state').where('id', '=', id).executeTakeFirstOrThrow()).state

test("named ones change; another organization's and unknown ones are missing and stay as they were", async () => {
  const ours = await seedDelivery(t.db, here, { state: 'deferred' })
  const theirs = await seedDelivery(t.db, there, { state: 'deferred' })
  const unknown = newId()
  const result = await actOnDeliveries(t.db, mine, 'retry', [ours, theirs, unknown, 'x'], how)
  expect(result).toEqual({
    matched: 1,
    changed: 1,
    states: { queued: 1 },
    missing: [theirs, unknown, 'x'],
  })
  expect(await stateOf(theirs)).toBe('deferred')
})

test('a retry while the backend is down stays held', async () => {
  const id = await seedDelivery(t.db, there, { state: 'held', hold_reason: 'backend' })
  expect((await actOnDeliveries(t.db, everything, 'retry', [id], how)).states).toEqual({ held: 1 })
})

test('cancelling leaves notes for the spool, and what is settled is left alone', async () => {
  const open = await seedDelivery(t.db, here, { state: 'queued' })
  const done = await seedDelivery(t.db, here, { state: 'delivered', settled_at: now })
  notes.length = 0
  const result = await actOnDeliveries(t.db, mine, 'cancel', [open, done], how)
  expect(result).toMatchObject({ matched: 2, changed: 1, states: { cancelled: 1 } })
  expect(notes).toMatchObject([{ kind: 'settled', state: 'cancelled', address: 'ann@here.example' }])
  expect(await stateOf(open)).toBe('cancelled')
  expect(await stateOf(done)).toBe('delivered')
})

test('a filter means all that is open and in scope, through many batches', async () => {
  const many = await seedOrganization(t.db, 'many.example')
  await seedMany(t.db, many, 900)
  const scope: Scope = { type: 'organization', id: many.organizationId }
  const held = await actOnDeliveries(t.db, scope, 'hold', { states: ['deferred', 'delivered'] }, how)
  expect(held).toMatchObject({ matched: 300, changed: 300, states: { held: 300 } })
  const released = await actOnDeliveries(t.db, scope, 'release', { holdReason: 'admin' }, how)
  expect(released).toMatchObject({ matched: 300, changed: 300, states: { queued: 300 } })
  const none = await actOnDeliveries(t.db, mine, 'cancel', { backend: many.backendId }, how)
  expect(none.matched).toBe(0)
})
