/**
 * PostgreSQL goes away under load and comes back, then Redis, then Redis loses everything. The worker stays,
 * and every accepted message arrives.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Cable, cable } from './testing/cable.ts'
import { type TestGateway, testGateway, until } from './testing/gateway.ts'
import { type Scripted, scriptedServer } from './testing/scripted.ts'

let server: Scripted
let gateway: TestGateway
let redisCable: Cable
let databaseCable: Cable

beforeAll(async () => {
  server = await scriptedServer({ final: () => undefined })
  gateway = await testGateway([`smtp://127.0.0.1:${server.port}`], {
    through: async url => {
      const made = await cable(url)
      if (url.startsWith('redis')) redisCable = made
      else databaseCable = made
      return made.url
    },
  })
  gateway.start()
})
afterAll(async () => {
  redisCable?.plug()
  databaseCable?.plug()
  await gateway?.close()
  await server?.stop()
  await redisCable?.close()
  await databaseCable?.close()
})

const came = () => new Set(server.received.map(r => /Subject: (.*)\r/.exec(r.content.toString())?.[1]))
async function accept(prefix: string, count: number, pause: number): Promise<string[]> {
  const subjects: string[] = []
  for (let n = 0; n < count; n++) {
    const subject = `${prefix}${n}`
    await gateway.accept(['anna@example.test'], `Subject: ${subject}\r\n\r\nx\r\n`)
    subjects.push(subject)
    await sleep(pause)
  }
  return subjects
}
const arrive = (subjects: string[], limit: number) =>
  until(
    'everything arrives',
    () => {
      const there = came()
      return subjects.every(subject => there.has(subject))
    },
    limit,
  )

test('PostgreSQL is away for three seconds under load', { timeout: 120_000 }, async () => {
  const load = accept('p', 60, 100)
  await sleep(1_500)
  databaseCable.pull()
  await sleep(3_000)
  databaseCable.plug()
  await arrive(await load, 100_000)
  // Settled, and not sent again: duplicates only of what was in flight.
  await until('all is settled', async () => (await gateway.deliveryStates()).queued === undefined, 90_000)
  expect(server.received.length).toBeLessThan(60 + 20)
})

test('Redis is away for three seconds under load', { timeout: 120_000 }, async () => {
  const load = accept('r', 60, 100)
  await sleep(1_500)
  redisCable.pull()
  await sleep(3_000)
  redisCable.plug()
  await arrive(await load, 100_000)
})

test('Redis loses everything under load', { timeout: 120_000 }, async () => {
  const redis = new Redis(process.env.TEST_REDIS_URL ?? '')
  const load = accept('w', 60, 50)
  await sleep(1_000)
  // A slow backend, so that jobs wait.
  server.script = { final: () => undefined }
  for (let n = 0; n < 5; n++) {
    const keys = await redis.keys(`{${gateway.services.prefix}:*`)
    if (keys.length > 0) await redis.del(...keys)
    await sleep(200)
  }
  redis.disconnect()
  await arrive(await load, 100_000)
})
