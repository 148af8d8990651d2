/** What every other test stands on. */
import { connect } from '@restante/core/db/connection.ts'
import { testDatabase } from '@restante/core/db/testing.ts'
import { Redis } from 'ioredis'
import { sql } from 'kysely'
import { expect, test } from 'vitest'

test('a test finds a migrated PostgreSQL database of its own', async () => {
  const database = await testDatabase()
  try {
    const other = connect(database.url, { max: 1 })
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from organization`.execute(other)
    expect(rows).toEqual([{ n: 0 }])
    await other.destroy()
  } finally {
    await database.close()
  }
})

test('a test finds a Redis', async () => {
  const client = new Redis(process.env.TEST_REDIS_URL ?? '')
  expect(await client.ping()).toBe('PONG')
  client.disconnect()
})
