/**
 * The outage: a backend stops in the middle of the morning, mail is held, somebody deletes a message here,
 * the backend returns. Later it returns without its users.
 */

import { override } from '@restante/core/continuity/store.ts'
import { inTransaction } from '@restante/core/db/transaction.ts'
import { cancelRecipients, reopenRecipients } from '@restante/core/queue/deliveries.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestGateway, testGateway, until } from './testing/gateway.ts'
import { type Scripted, scriptedServer } from './testing/scripted.ts'

const message = (subject: string) =>
  `From: outside@elsewhere.test\r\nTo: anna@example.test\r\nSubject: ${subject}\r\n\r\n${subject}\r\n`
const subjectOf = (content: Buffer) => /Subject: (.*)/.exec(content.toString())?.[1]?.trim()

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

async function refOf(messageId: string) {
  const delivery = await gateway.services.db
    .selectFrom('delivery')
    .select('id')
    .where('message_id', '=', messageId)
    .executeTakeFirstOrThrow()
  return { deliveryId: delivery.id, address: 'anna@example.test' }
}

test('an outage holds mail, and the return brings it back in order, without what was deleted', {
  timeout: 90_000,
}, async () => {
  const { db } = gateway.services
  await gateway.accept(['anna@example.test'], message('before'))
  await until('the first message is there', () => server.received.length === 1)

  await server.stop()
  const startedAt = Date.now()
  const ids: string[] = []
  for (let n = 1; n <= 30; n++) ids.push(await gateway.accept(['anna@example.test'], message(`m${n}`)))
  await until('the backend is called down', async () => (await gateway.health()) === 'down', 20_000)
  expect(Date.now() - startedAt).toBeLessThan(15_000)
  await until('everything is held', async () => (await gateway.deliveryStates()).held === 30)

  ids.push(await gateway.accept(['anna@example.test'], message('m31')))
  await until('what comes later is held too', async () => (await gateway.deliveryStates()).held === 31)

  const deleted = await refOf(ids[4]!)
  const undone = await refOf(ids[5]!)
  await inTransaction(db, tx => cancelRecipients(tx, [deleted, undone]))
  const notes = await inTransaction(db, tx => reopenRecipients(tx, [undone]))
  expect(notes).toMatchObject([{ kind: 'reopened', messageId: ids[5] }])
  expect(await gateway.deliveryStates()).toEqual({ delivered: 1, held: 30, cancelled: 1 })

  const incident = await db.selectFrom('incident').selectAll().executeTakeFirstOrThrow()
  expect(incident).toMatchObject({ cause: 'refused', closed_at: null })

  await server.start()
  await until('it is recovering', async () => (await gateway.health()) === 'recovering', 15_000)
  await until('all is delivered', () => server.received.length === 31, 30_000)
  const order = server.received.slice(1).map(r => subjectOf(r.content))
  const expected = ids.map((_, index) => `m${index + 1}`).filter(subject => subject !== 'm5')
  // All are for one address: not one comes out of turn, however wide the window has become.
  expect(order).toEqual(expected)
  await until('it is up again', async () => (await gateway.health()) === 'up', 20_000)
  const closed = await db.selectFrom('incident').selectAll().execute()
  expect(closed).toHaveLength(1)
  expect(closed[0]?.closed_at).not.toBeNull()
  const changes = await db.selectFrom('health_change').selectAll().orderBy('at').execute()
  expect(changes.map(c => `${c.from_health} ${c.to_health}`)).toEqual([
    'up down',
    'down recovering',
    'recovering up',
  ])
  expect(await gateway.deliveryStates()).toEqual({ delivered: 31, cancelled: 1 })
})

test('a backend that returns without its users gets nothing more, and nobody is told that mail failed', {
  timeout: 60_000,
}, async () => {
  const { db } = gateway.services
  const now = () => new Date()
  await override(db, gateway.backendId, { to: 'down', reason: 'rebuild', until: null, by: 'test' }, now())
  const ids: string[] = []
  for (let n = 1; n <= 10; n++) ids.push(await gateway.accept(['anna@example.test'], message(`g${n}`)))
  await until('all are held', async () => (await gateway.deliveryStates()).held === 10)

  server.script = { command: line => (line.startsWith('RCPT') ? '550 5.1.1 no such user' : undefined) }
  const before = server.received.length
  await override(db, gateway.backendId, { to: null, reason: null, until: null, by: 'test' }, now())
  await until('the return is set aside', async () => {
    const row = await db.selectFrom('backend').select(['health', 'cause']).executeTakeFirstOrThrow()
    return row.health === 'down' && row.cause === 'unknown-users'
  })
  await until('everything is held again', async () => (await gateway.deliveryStates()).held === 10)
  expect(server.received.length).toBe(before)
  expect(await db.selectFrom('message').select('id').where('kind', '=', 'notice').execute()).toEqual([])

  // The users are back: the probe of the refused address finds out.
  server.script = {}
  await until('all are delivered', () => server.received.length === before + 10, 40_000)
  await until('nothing waits', async () => (await gateway.deliveryStates()).held === undefined)
})

test('an override that runs out gives the backend back to the checks', { timeout: 40_000 }, async () => {
  const { db } = gateway.services
  await until('it is up', async () => (await gateway.health()) === 'up', 25_000)
  const until3s = new Date(Date.now() + 1_500)
  await override(
    db,
    gateway.backendId,
    { to: 'down', reason: 'patch', until: until3s, by: 'test' },
    new Date(),
  )
  const before = server.received.length
  await gateway.accept(['anna@example.test'], message('later'))
  await until('it is held', async () => (await gateway.deliveryStates()).held === 1)
  await until('it arrives when the override is over', () => server.received.length === before + 1, 10_000)
  const actors = await db.selectFrom('health_change').select('actor').where('actor', 'is not', null).execute()
  expect(actors.map(row => row.actor)).toContain('override ran out')
})
