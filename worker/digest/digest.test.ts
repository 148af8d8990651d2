import { afterEach, beforeEach, expect, test } from 'vitest'
import { type TestGateway, testGateway, until } from '../testing/gateway.ts'
import { type Scripted, scriptedServer } from '../testing/scripted.ts'
import { sendDigests } from './digest.ts'

let server: Scripted
let gateway: TestGateway
beforeEach(async () => {
  server = await scriptedServer()
  gateway = await testGateway([`smtp://127.0.0.1:${server.port}`])
  gateway.start()
})
afterEach(async () => {
  await gateway.close()
  await server.stop()
})

const letter = (subject: string) => `From: outside@elsewhere.test\r\nSubject: ${subject}\r\n\r\nx\r\n`
const held = (address: string, disposition: 'junk' | 'quarantine') => [{ address, disposition }]
const messages = async () =>
  await gateway.services.db.selectFrom('message').select(['id', 'kind', 'subject']).execute()
const digests = async () =>
  await gateway.services.db
    .selectFrom('email')
    .innerJoin('mailbox', 'mailbox.id', 'email.mailbox_id')
    .innerJoin('message', 'message.id', 'email.message_id')
    .select(['mailbox.address', 'email.subject', 'email.preview'])
    .where('message.kind', '=', 'notice')
    .orderBy('mailbox.address')
    .execute()

test('those who want one hear of new junk once a day, in their language; the others, and of nothing, never', async () => {
  const { db } = gateway.services
  await gateway.accept(held('anna@example.test', 'junk'), letter('Cheap watches'))
  await gateway.accept(held('Bruno+list@example.test', 'quarantine'), letter('Invoice'))
  await gateway.accept(['carla@example.test'], letter('Lunch'))
  await gateway.accept(held('dino@example.test', 'junk'), letter('For nobody to hear of'))
  await until('they are there', async () => (await messages()).length === 4)
  const now = new Date()
  expect(await sendDigests(gateway.services, now)).toBe(0)
  await db.updateTable('organization').set({ digest: 'daily' }).execute()
  await db.updateTable('person').set({ digest: 'off' }).where('address', '=', 'dino@example.test').execute()
  await db.updateTable('person').set({ locale: 'it' }).where('address', '=', 'bruno@example.test').execute()
  expect(await sendDigests(gateway.services, now)).toBe(3)
  await until('both have theirs', async () => (await digests()).length === 2)
  expect(await digests()).toMatchObject([
    {
      address: 'anna@example.test',
      subject: '1 message was kept back since yesterday',
      preview: expect.stringContaining('outside@elsewhere.test: Cheap watches'),
    },
    {
      address: 'bruno@example.test',
      subject: '1 messaggio trattenuto da ieri',
      preview: expect.stringContaining('outside@elsewhere.test: Invoice'),
    },
  ])
  // The same day again, and after a crash that forgot the row: still one mail.
  expect(await sendDigests(gateway.services, now)).toBe(0)
  await db.deleteFrom('digest').execute()
  await sendDigests(gateway.services, now)
  const tomorrow = new Date(now.getTime() + 86_400_000)
  await sendDigests(gateway.services, tomorrow)
  await gateway.accept(['carla@example.test'], letter('Last'))
  await until('what came after is there', async () => (await messages()).some(one => one.subject === 'Last'))
  expect(await digests()).toHaveLength(2)
})
