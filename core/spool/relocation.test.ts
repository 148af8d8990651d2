import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '../db/testing.ts'
import { relocation } from './relocation.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database?.close())

test('the database says where messages are, and learns where they went', async () => {
  const { db } = database
  const [kept, given, unknown] = [randomUUID(), randomUUID(), randomUUID()]
  for (const id of [kept, given]) {
    await db
      .insertInto('message')
      .values({
        id,
        kind: 'inbound',
        sender: '',
        size: 1,
        received_at: new Date(),
        segment: 'old',
        position: 64,
        removed_at: id === given ? new Date() : null,
      })
      .execute()
  }
  await db.insertInto('checkpoint').values({ segment: 'old', position: 900 }).execute()
  const { lookup, relocate, gone } = relocation(db)
  const location = { segment: 'old', position: 64 }
  expect(await lookup([kept, given, unknown])).toEqual(
    new Map([
      [kept, { location, removed: false }],
      [given, { location, removed: true }],
    ]),
  )
  const to = { segment: 'new', position: 64 }
  await relocate([{ messageId: kept, from: location, to }], [{ segment: 'new', position: 300 }])
  await relocate([], [{ segment: 'new', position: 500 }])
  await gone(['old'])
  expect((await lookup([kept])).get(kept)).toEqual({ location: to, removed: false })
  const checkpoints = await db.selectFrom('checkpoint').select(['segment', 'position']).execute()
  expect(checkpoints).toEqual([{ segment: 'new', position: 500 }])
})
