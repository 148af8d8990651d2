import { sealList } from '@restante/core/directory/backends.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestGateway, testGateway, until } from '../testing/gateway.ts'
import { type Scripted, scriptedServer } from '../testing/scripted.ts'
import { notifyDelays } from './delays.ts'
import { noticesDue, USUAL_TIMES } from './when.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const MESSAGE = 'From: anna@example.test\r\nTo: x@elsewhere.test\r\nSubject: Offer\r\n\r\nDear all.\r\n'

let backend: Scripted
let smarthost: Scripted
let gateway: TestGateway

beforeAll(async () => {
  ;[backend, smarthost] = await Promise.all([scriptedServer(), scriptedServer()])
  gateway = await testGateway([`smtp://127.0.0.1:${backend.port}`])
  const { db, sealKey } = gateway.services
  await db
    .updateTable('organization')
    .set({ smarthosts: sealList(sealKey, [`smtp://127.0.0.1:${smarthost.port}`]) })
    .execute()
  await db.updateTable('person').set({ locale: 'it' }).where('address', '=', 'anna@example.test').execute()
  smarthost.script = { command: line => (line.startsWith('RCPT') ? '452 4.2.2 Mailbox full' : undefined) }
  gateway.start()
})
afterAll(async () => {
  await gateway?.close()
  for (const server of [backend, smarthost]) await server?.stop()
})

const later = (milliseconds: number) => new Date(Date.now() + milliseconds)
const watch = (at: Date) => notifyDelays(gateway.services, USUAL_TIMES, at)
const notices = () =>
  gateway.services.db
    .selectFrom('message')
    .selectAll()
    .where('kind', '=', 'notice')
    .orderBy('received_at')
    .execute()

async function stuck(recipient: string, sender = 'anna@example.test', more = {}) {
  const id = await gateway.accept([recipient], MESSAGE, { kind: 'submission', sender, ...more })
  await untilDeferred(id)
  return id
}

const untilDeferred = (id: string) =>
  until('it was tried', async () => {
    const row = await gateway.services.db
      .selectFrom('delivery')
      .select('state')
      .where('message_id', '=', id)
      .executeTakeFirst()
    return row?.state === 'deferred'
  })

async function contentOf({ segment, position }: { segment: string; position: number }): Promise<string> {
  const { content } = await gateway.services.spool.read({ segment, position })
  return Buffer.concat(await content.toArray()).toString()
}

test.each([
  ['a full mailbox is told of after a quarter of an hour', 'mailbox-full', 15 * MINUTE, 0, 1],
  ['… and not before', 'mailbox-full', 15 * MINUTE - 1, 0, 0],
  ['a server that is down, after an hour', 'destination-down', HOUR, 0, 1],
  ['… and not before', 'destination-down', HOUR - 1, 0, 0],
  ['both once more after a day', 'mailbox-full', 24 * HOUR, 1, 2],
  ['both once more after a day', 'destination-down', 24 * HOUR, 1, 2],
  ['and then no more', 'destination-down', 40 * HOUR, 2, 2],
] as const)('%s', (_, category, age, told, due) => {
  expect(noticesDue(category, age, told, USUAL_TIMES)).toBe(due)
})

test('who wrote to a full mailbox hears of it in time, in their language, once for all messages to it', async () => {
  await stuck('x@elsewhere.test')
  await stuck('x@elsewhere.test')
  await watch(later(10 * MINUTE))
  expect(await notices()).toEqual([])
  await watch(later(16 * MINUTE))
  await watch(later(17 * MINUTE))
  await until('one notice came', async () => (await notices()).length === 1)
  await until('it was delivered', () => backend.received.length === 1)
  const text = backend.received[0]!.content.toString()
  expect(text).toMatch(/^Action: delayed\r$/m)
  expect(text).toMatch(/^Status: 4\.2\.2\r$/m)
  expect(text).toMatch(/^Diagnostic-Code: smtp; 452 4\.2\.2 Mailbox full\r$/m)
  expect(text).toMatch(/^Will-Retry-Until: \w{3}, /m)
  const words = Buffer.from(/base64\r\n\r\n(.*?)\r\n--/s.exec(text)![1]!, 'base64').toString()
  expect(words.replace(/\s+/g, ' ')).toContain('La casella di x@elsewhere.test è piena.')
})

test('another full mailbox at the same place is another problem, and the first one is not told again', async () => {
  const before = (await notices()).length
  const id = await gateway.accept(['x@elsewhere.test', 'z@elsewhere.test'], MESSAGE, {
    kind: 'submission',
    sender: 'anna@example.test',
  })
  await untilDeferred(id)
  await watch(later(18 * MINUTE))
  await watch(later(19 * MINUTE))
  const notice = await until('one came', async () => {
    const all = await notices()
    return all.length === before + 1 && all.at(-1)
  })
  const text = await contentOf(notice)
  expect(text).toContain('Final-Recipient: rfc822; z@elsewhere.test')
  expect(text).not.toContain('Final-Recipient: rfc822; x@elsewhere.test')
})

test.each([
  ['a machine', 'postmaster@example.test', {}],
  ['who asked not to be told', 'bruno@example.test', { notify: 'FAILURE' }],
])('%s is not told', async (_, sender, { notify }: { notify?: string }) => {
  const before = (await notices()).length
  const id = await gateway.accept([{ address: 'y@elsewhere.test', ...(notify && { notify }) }], MESSAGE, {
    kind: 'submission',
    sender,
  })
  await untilDeferred(id)
  await watch(later(2 * HOUR))
  expect(await watch(later(2 * HOUR))).toBe(0)
  expect((await notices()).length).toBe(before)
})

test('one problem after the other, but no storm', async () => {
  for (let place = 0; place < 25; place++) await stuck(`x@place${place}.test`, 'carla@example.test')
  const before = (await notices()).length
  await watch(later(2 * HOUR))
  await until('they came', async () => (await notices()).length >= before + 20)
  await watch(later(2 * HOUR))
  expect((await notices()).length).toBe(before + 20)
})

test('a stranger whose mail waits for a backend hears nothing, however long it waits and however it asked', async () => {
  const { db } = gateway.services
  const stranger = 'stranger@outside.test'
  const inbound = async (notify?: string) =>
    await gateway.accept([{ address: 'dino@example.test', ...(notify && { notify }) }], MESSAGE, {
      sender: stranger,
    })
  const greeted = backend.script
  backend.script = { command: line => (line.startsWith('RCPT') ? '451 4.3.0 Not now' : undefined) }
  const ids = [await inbound(), await inbound('DELAY')]
  const states = async () =>
    (await db.selectFrom('delivery').select('state').where('message_id', 'in', ids).execute()).map(
      one => one.state,
    )
  await until('both were tried', async () => (await states()).every(state => state === 'deferred'))
  const looks = async () => {
    for (const hours of [1, 5, 25, 24 * 5, 24 * 50]) await watch(later(hours * HOUR))
    const told = await db.selectFrom('delivery').select('told').where('message_id', 'in', ids).execute()
    expect(told).toEqual([{ told: 0 }, { told: 0 }])
    expect(await db.selectFrom('recipient').selectAll().where('address', '=', stranger).execute()).toEqual([])
  }
  await looks()
  await db.updateTable('backend').set({ override: 'down' }).execute()
  await db
    .updateTable('delivery')
    .set({ state: 'held', hold_reason: 'backend', next_attempt_at: null })
    .where('message_id', 'in', ids)
    .execute()
  await looks()
  const told = await db.selectFrom('told_problem').selectAll().where('sender', '=', stranger).execute()
  expect(told).toEqual([])
  await db.updateTable('backend').set({ override: null }).execute()
  backend.script = greeted
})
