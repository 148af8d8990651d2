/** Two servers come back at once; one of them takes its time over every message. The other does not wait for it. */
import { override } from '@restante/core/continuity/store.ts'
import { addDomain } from '@restante/core/directory/domains.ts'
import { addMailbox } from '@restante/core/directory/mailboxes.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestGateway, testGateway, until } from '../testing/gateway.ts'
import { type Scripted, scriptedServer } from '../testing/scripted.ts'

const MESSAGES = 30
let quick: Scripted
let stuck: Scripted
let gateway: TestGateway

beforeAll(async () => {
  quick = await scriptedServer()
  stuck = await scriptedServer({ final: () => 'hang' })
  gateway = await testGateway([`smtp://127.0.0.1:${quick.port}?tls=none`])
  const { db, sealKey } = gateway.services
  await addDomain(
    db,
    {
      domain: 'stuck.test',
      organization: 'Example',
      backends: [`smtp://127.0.0.1:${stuck.port}?tls=none`],
    },
    sealKey,
  )
  await addMailbox(db, { address: 'eva@stuck.test', shared: false, aliases: [], members: [] })
  for (const { id } of await db.selectFrom('backend').select('id').execute()) {
    await override(db, id, { to: 'down', reason: null, until: null, by: 'test' }, new Date())
  }
  gateway.start()
})
afterAll(async () => {
  await gateway?.close()
  await quick?.stop()
  await stuck?.stop()
})

test("one backend's drain never slows another's", async () => {
  const { db } = gateway.services
  await until('both domains are known', () => {
    const { type } = gateway.services.directory().route('eva@stuck.test')
    return type === 'local'
  })
  for (let n = 0; n < MESSAGES; n++) {
    await gateway.accept(['eva@stuck.test'], `Subject: ${n}\r\n\r\nx\r\n`)
    await gateway.accept(['anna@example.test'], `Subject: ${n}\r\n\r\nx\r\n`)
  }
  await until('all of them are held', async () => (await gateway.deliveryStates()).held === 2 * MESSAGES)
  for (const { id } of await db.selectFrom('backend').select('id').execute()) {
    await override(db, id, { to: null, reason: null, until: null, by: 'test' }, new Date())
  }
  await until('the quick one has everything', () => quick.received.length === MESSAGES, 30_000)
  expect(stuck.received).toEqual([])
  const order = quick.received.map(one => Number(/Subject: (\d+)/.exec(one.content.toString())?.[1]))
  expect(order).toEqual([...order].sort((a, b) => a - b))
})
