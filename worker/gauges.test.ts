import { newId } from '@restante/core/db/id.ts'
import { type TestDatabase, testDatabase } from '@restante/core/db/testing.ts'
import { registry } from '@restante/core/observe/metrics.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startGauges } from './gauges.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(async () => await database?.close())

test('what waits is counted when the page is asked for', async () => {
  const message = newId()
  const at = new Date(Date.now() - 90_000)
  await database.db
    .insertInto('message')
    .values({ id: message, kind: 'inbound', sender: '', size: 1, received_at: at, segment: 's', position: 0 })
    .execute()
  for (const state of ['queued', 'held', 'held', 'delivered'] as const) {
    await database.db
      .insertInto('delivery')
      .values({ id: newId(), message_id: message, destination: 'x.test', state, created_at: at })
      .execute()
  }
  const gauges = startGauges(database.db)
  const page = await registry.metrics()
  gauges.close()
  expect(page).toContain('restante_deliveries{state="queued"} 1\n')
  expect(page).toContain('restante_deliveries{state="held"} 2\n')
  expect(page).toContain('restante_deliveries{state="deferred"} 0\n')
  const age = Number(/^restante_oldest_delivery_seconds (\S+)$/m.exec(page)?.[1])
  expect(age).toBeGreaterThan(89)
  expect(age).toBeLessThan(200)
})
