import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { newId } from '../db/id.ts'
import type { OutcomeJson } from '../db/schema/delivery.ts'
import { type TestDatabase, testDatabase } from '../db/testing.ts'
import { inTransaction } from '../db/transaction.ts'
import { begin, LEASE, LEASE_RENEWAL, type Rest, renew, settle } from './attempts.ts'
import { cancel, cancelRecipients, hold, release, reopenRecipients, retry } from './deliveries.ts'

let database: TestDatabase
let backendId: string
const now = new Date('2026-11-02T10:00:00Z')
const later = (ms: number) => new Date(now.getTime() + ms)
const accepted: OutcomeJson = { category: 'accepted', side: 'destination', permanent: false }
const refused: OutcomeJson = { category: 'bad-address', side: 'sender', permanent: true }
const deferred: OutcomeJson = { category: 'greylisted', side: 'destination', permanent: false }

beforeAll(async () => {
  database = await testDatabase()
})
afterAll(async () => await database?.close())
beforeEach(async () => {
  const { db } = database
  await db.deleteFrom('message').execute()
  await db.deleteFrom('organization').execute()
  const organizationId = newId()
  backendId = newId()
  await db.insertInto('organization').values({ id: organizationId, name: 'Example' }).execute()
  await db
    .insertInto('backend')
    .values({ id: backendId, organization_id: organizationId, name: 'mail', hosts: 'x' })
    .execute()
})

async function make(addresses: string[], state: 'queued' | 'held' | 'deferred' = 'queued') {
  const { db } = database
  const messageId = newId()
  const deliveryId = newId()
  await db
    .insertInto('message')
    .values({
      id: messageId,
      kind: 'inbound',
      sender: 'a@elsewhere.test',
      size: 10,
      received_at: now,
      segment: 's',
      position: 0,
    })
    .execute()
  await db
    .insertInto('delivery')
    .values({
      id: deliveryId,
      message_id: messageId,
      backend_id: backendId,
      destination: 'example.test',
      state,
      created_at: now,
      next_attempt_at: state === 'deferred' ? later(60_000) : null,
    })
    .execute()
  await db
    .insertInto('recipient')
    .values(addresses.map(address => ({ delivery_id: deliveryId, address })))
    .execute()
  return { messageId, deliveryId, ref: (address: string) => ({ deliveryId, address }) }
}

const row = async (id: string) =>
  await database.db.selectFrom('delivery').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
const states = async (id: string) => {
  const rows = await database.db
    .selectFrom('recipient')
    .selectAll()
    .where('delivery_id', '=', id)
    .orderBy('address')
    .execute()
  return rows.map(r => r.state)
}
const health = async (value: 'up' | 'down') =>
  await database.db.updateTable('backend').set({ health: value }).execute()
const rest: Rest = { state: 'deferred', nextAttemptAt: later(60_000) }

type Result = 'delivered' | 'failed' | 'waiting'
const outcomes = { delivered: accepted, failed: refused, waiting: deferred }
async function settleAs(
  made: { deliveryId: string; messageId: string },
  number: number,
  results: Record<string, Result>,
  then: Rest = rest,
) {
  return await inTransaction(database.db, tx =>
    settle(
      tx,
      { ...made, number },
      Object.entries(results).map(([address, state]) => ({ address, state, outcome: outcomes[state] })),
      then,
      { host: 'mail', outcome: deferred, at: later(1_000) },
    ),
  )
}

test('three renewals of a lease may be missed', () => {
  expect(LEASE).toBeGreaterThan(3 * LEASE_RENEWAL)
})

describe('an attempt', () => {
  test('is recorded before anything is dialed, and nobody else gets the delivery meanwhile', async () => {
    const made = await make(['a@x.test', 'b@x.test'])
    const begun = await begin(database.db, made.deliveryId, now)
    expect(begun).toMatchObject({ number: 1, recipients: [{ address: 'a@x.test' }, { address: 'b@x.test' }] })
    expect(await row(made.deliveryId)).toMatchObject({
      attempts: 1,
      last_attempt_at: now,
      leased_until: later(LEASE),
    })
    expect(await begin(database.db, made.deliveryId, later(LEASE - 1))).toBeNull()
    expect((await begin(database.db, made.deliveryId, later(LEASE)))?.number).toBe(2)
    // The first was never settled, and shows.
    const attempts = await database.db.selectFrom('attempt').selectAll().execute()
    expect(attempts).toMatchObject([{ number: 1, started_at: now, finished_at: null }])
  })

  test('is begun by one of many who try at once', async () => {
    const made = await make(['a@x.test'])
    const all = await Promise.all(Array.from({ length: 8 }, () => begin(database.db, made.deliveryId, now)))
    expect(all.filter(begun => begun !== null)).toHaveLength(1)
  })

  test('is not begun while the backend is down', async () => {
    const made = await make(['a@x.test'])
    await health('down')
    expect(await begin(database.db, made.deliveryId, now)).toBeNull()
    await health('up')
    expect(await begin(database.db, made.deliveryId, now)).not.toBeNull()
  })

  test('a renewed lease holds longer; one that was taken over can’t be renewed', async () => {
    const made = await make(['a@x.test'])
    await begin(database.db, made.deliveryId, now)
    expect(await renew(database.db, { ...made, number: 1 }, later(30_000))).toBe(true)
    expect(await begin(database.db, made.deliveryId, later(LEASE))).toBeNull()
    await begin(database.db, made.deliveryId, later(30_000 + LEASE))
    expect(await renew(database.db, { ...made, number: 1 }, later(100_000))).toBe(false)
  })

  test.each<[Record<string, Result>, string, Rest | undefined]>([
    [{ 'a@x.test': 'delivered', 'b@x.test': 'delivered' }, 'delivered', undefined],
    [{ 'a@x.test': 'delivered', 'b@x.test': 'failed' }, 'failed', undefined],
    [{ 'a@x.test': 'delivered', 'b@x.test': 'waiting' }, 'deferred', undefined],
    [{ 'a@x.test': 'failed', 'b@x.test': 'waiting' }, 'deferred', undefined],
    [{ 'a@x.test': 'waiting', 'b@x.test': 'waiting' }, 'held', { state: 'held', reason: 'guard' }],
    [{ 'a@x.test': 'waiting', 'b@x.test': 'waiting' }, 'queued', { state: 'queued' }],
  ])('with %j leaves the delivery %s', async (results, state, then) => {
    const made = await make(['a@x.test', 'b@x.test'])
    await begin(database.db, made.deliveryId, now)
    const settled = await settleAs(made, 1, results, then)
    expect(settled.state).toBe(state)
    expect(await row(made.deliveryId)).toMatchObject({ state, leased_until: null })
    expect(settled.notes.map(note => note.kind === 'settled' && note.state)).toEqual(
      Object.values(results).filter(result => result !== 'waiting'),
    )
  })

  test('that was taken over records what was accepted, and decides nothing more', async () => {
    const made = await make(['a@x.test', 'b@x.test'])
    await begin(database.db, made.deliveryId, now)
    await begin(database.db, made.deliveryId, later(LEASE))
    await settleAs(made, 1, { 'a@x.test': 'delivered', 'b@x.test': 'waiting' })
    expect(await states(made.deliveryId)).toEqual(['delivered', 'waiting'])
    expect(await row(made.deliveryId)).toMatchObject({ state: 'queued', attempts: 2 })
    expect((await row(made.deliveryId)).leased_until).not.toBeNull()
  })

  test('during which the backend went down leaves the delivery held', async () => {
    const made = await make(['a@x.test'])
    await begin(database.db, made.deliveryId, now)
    await inTransaction(database.db, tx => hold(tx, [made.deliveryId], 'backend'))
    await settleAs(made, 1, { 'a@x.test': 'waiting' })
    expect(await row(made.deliveryId)).toMatchObject({
      state: 'held',
      hold_reason: 'backend',
      leased_until: null,
    })
  })

  test('that delivered what was cancelled meanwhile says what is, not what was wished', async () => {
    const made = await make(['a@x.test'])
    await begin(database.db, made.deliveryId, now)
    await inTransaction(database.db, tx => cancelRecipients(tx, [made.ref('a@x.test')], now))
    const settled = await settleAs(made, 1, { 'a@x.test': 'delivered' })
    expect(settled.state).toBe('delivered')
    expect(await states(made.deliveryId)).toEqual(['delivered'])
  })

  test('that failed for what was cancelled meanwhile leaves it cancelled, and nobody is told', async () => {
    const made = await make(['a@x.test'])
    await begin(database.db, made.deliveryId, now)
    await inTransaction(database.db, tx => cancelRecipients(tx, [made.ref('a@x.test')], now))
    const settled = await settleAs(made, 1, { 'a@x.test': 'failed' })
    expect(settled).toMatchObject({ state: 'cancelled', failed: [], notes: [] })
  })
})

describe('deleting and undoing', () => {
  test('what is deleted is not delivered; with another recipient the delivery goes on', async () => {
    const made = await make(['a@x.test', 'b@x.test'], 'held')
    const notes = await inTransaction(database.db, tx => cancelRecipients(tx, [made.ref('a@x.test')], now))
    expect(notes).toEqual([
      {
        kind: 'settled',
        messageId: made.messageId,
        address: 'a@x.test',
        state: 'cancelled',
        at: now.toISOString(),
      },
    ])
    expect(await row(made.deliveryId)).toMatchObject({ state: 'held' })
    await inTransaction(database.db, tx => cancelRecipients(tx, [made.ref('b@x.test')], now))
    expect(await row(made.deliveryId)).toMatchObject({ state: 'cancelled' })
  })

  test('undo makes it wait again, as its backend’s health wants', async () => {
    const made = await make(['a@x.test'], 'held')
    const refs = [made.ref('a@x.test')]
    await inTransaction(database.db, tx => cancelRecipients(tx, refs, now))
    await health('down')
    expect(await inTransaction(database.db, tx => reopenRecipients(tx, refs, now))).toHaveLength(1)
    expect(await row(made.deliveryId)).toMatchObject({
      state: 'held',
      hold_reason: 'backend',
      settled_at: null,
    })
    await inTransaction(database.db, tx => cancelRecipients(tx, refs, now))
    await health('up')
    await inTransaction(database.db, tx => reopenRecipients(tx, refs, now))
    expect(await row(made.deliveryId)).toMatchObject({ state: 'queued', hold_reason: null })
  })

  test('what was delivered is not cancelled, and what was not cancelled is not reopened', async () => {
    const made = await make(['a@x.test'])
    await begin(database.db, made.deliveryId, now)
    await settleAs(made, 1, { 'a@x.test': 'delivered' })
    const refs = [made.ref('a@x.test'), made.ref('nobody@x.test')]
    expect(await inTransaction(database.db, tx => cancelRecipients(tx, refs, now))).toEqual([])
    expect(await inTransaction(database.db, tx => reopenRecipients(tx, refs, now))).toEqual([])
    expect(await row(made.deliveryId)).toMatchObject({ state: 'delivered' })
  })

  test('undo comes too late when the content was given up', async () => {
    const made = await make(['a@x.test'])
    await inTransaction(database.db, tx => cancelRecipients(tx, [made.ref('a@x.test')], now))
    await database.db.updateTable('message').set({ removed_at: now }).execute()
    expect(await inTransaction(database.db, tx => reopenRecipients(tx, [made.ref('a@x.test')], now))).toEqual(
      [],
    )
    expect(await row(made.deliveryId)).toMatchObject({ state: 'cancelled' })
  })
})

describe('an admin', () => {
  test('holds and releases', async () => {
    const made = await make(['a@x.test'], 'deferred')
    await inTransaction(database.db, tx => hold(tx, [made.deliveryId], 'admin'))
    expect(await row(made.deliveryId)).toMatchObject({
      state: 'held',
      hold_reason: 'admin',
      next_attempt_at: null,
    })
    await inTransaction(database.db, tx => release(tx, [made.deliveryId], now))
    expect(await row(made.deliveryId)).toMatchObject({ state: 'queued', hold_reason: null })
  })

  test('retries now what is deferred; with the backend down it is held', async () => {
    const made = await make(['a@x.test'], 'deferred')
    const changed = await inTransaction(database.db, tx => retry(tx, [made.deliveryId], now))
    expect(changed).toMatchObject([{ id: made.deliveryId, state: 'queued' }])
    const other = await make(['a@x.test'], 'deferred')
    await health('down')
    await inTransaction(database.db, tx => retry(tx, [other.deliveryId], now))
    expect(await row(other.deliveryId)).toMatchObject({
      state: 'held',
      hold_reason: 'backend',
      backlog: true,
    })
  })

  test('cancels what is open, and nothing that is settled', async () => {
    const made = await make(['a@x.test', 'b@x.test'], 'held')
    const outcome: OutcomeJson = { category: 'cancelled', side: 'us', permanent: true }
    const { changed, notes } = await inTransaction(database.db, tx =>
      cancel(tx, [made.deliveryId], outcome, now),
    )
    expect(changed).toHaveLength(1)
    expect(notes).toHaveLength(2)
    expect(await row(made.deliveryId)).toMatchObject({ state: 'cancelled', outcome })
    expect(await inTransaction(database.db, tx => cancel(tx, [made.deliveryId], outcome, now))).toEqual({
      changed: [],
      notes: [],
    })
    expect(await inTransaction(database.db, tx => hold(tx, [made.deliveryId], 'admin'))).toEqual([])
  })
})
