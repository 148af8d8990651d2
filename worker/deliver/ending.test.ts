/** The end of the process: what is under way may finish, what hangs is cut off and queued again. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestGateway, testGateway, until } from '../testing/gateway.ts'
import { type Scripted, scriptedServer } from '../testing/scripted.ts'

let server: Scripted
let gateway: TestGateway
beforeAll(async () => {
  server = await scriptedServer()
  gateway = await testGateway([`smtp://127.0.0.1:${server.port}`])
  gateway.start()
})
afterAll(async () => {
  await gateway?.close()
  await server?.stop()
})

test('a delivery that hangs does not keep the process, and is queued again at once', async () => {
  server.script = { command: line => (line.startsWith('DATA') ? 'hang' : undefined) }
  const id = await gateway.accept(['anna@example.test'], 'Subject: slow\r\n\r\nx\r\n')
  await until('it hangs', () => server.commands.includes('DATA'))
  const startedAt = Date.now()
  await gateway.stop()
  expect(Date.now() - startedAt).toBeLessThan(8_000)
  const row = await gateway.services.db
    .selectFrom('delivery')
    .selectAll()
    .where('message_id', '=', id)
    .executeTakeFirstOrThrow()
  expect(row).toMatchObject({ state: 'queued', leased_until: null })
  expect(await gateway.health()).toBe('up')

  server.script = {}
  gateway.start()
  await until('it arrives after the start', () => server.received.length === 1, 40_000)
})
