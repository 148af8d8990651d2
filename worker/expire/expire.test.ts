import { DAY } from '@restante/core/continuity/retry.ts'
import { newId } from '@restante/core/db/id.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestGateway, testGateway, until } from '../testing/gateway.ts'
import { type Scripted, scriptedServer } from '../testing/scripted.ts'
import { dropContents, dropUploads, GRACE } from './contents.ts'
import { expireHistory, expireTrash, TRASH_AGE } from './emails.ts'
import { expireOverdue } from './overdue.ts'

let server: Scripted
let gateway: TestGateway
const MESSAGE = 'From: outside@elsewhere.test\r\nSubject: Hello\r\n\r\nx\r\n'
const inDays = (days: number) => new Date(Date.now() + days * DAY)

beforeAll(async () => {
  server = await scriptedServer()
  gateway = await testGateway([`smtp://127.0.0.1:${server.port}`])
  gateway.start()
})
afterAll(async () => {
  await gateway?.close()
  await server?.stop()
})
beforeEach(async () => {
  server.script = {}
  const { db } = gateway.services
  await db.deleteFrom('message').execute()
  await db.updateTable('organization').set({ history_days: 14 }).execute()
  await db
    .updateTable('backend')
    .set({ health: 'up', machine: JSON.stringify({}) })
    .execute()
})

const emails = async () => await gateway.services.db.selectFrom('email').selectAll().execute()
async function delivered(): Promise<string> {
  const id = await gateway.accept(['anna@example.test'], MESSAGE)
  await until('it is delivered', async () => (await gateway.recipients(id))[0]?.state === 'delivered')
  return id
}
async function waiting(more: object = {}): Promise<string> {
  server.script = { command: line => (line.startsWith('RCPT') ? '451 4.7.1 Greylisted' : undefined) }
  const id = await gateway.accept(['anna@example.test'], MESSAGE, more)
  await until('it is deferred', async () => (await gateway.deliveryStates()).deferred === 1)
  return id
}

describe('history', () => {
  test('is kept for its days and not longer, and clients hear of it', async () => {
    await delivered()
    const { db } = gateway.services
    expect((await expireHistory(db, inDays(13.9))).removed).toBe(0)
    const modseq = async () =>
      (
        await db
          .selectFrom('mailbox')
          .select('modseq')
          .where('address', '=', 'anna@example.test')
          .executeTakeFirstOrThrow()
      ).modseq
    // That it was delivered is told a moment after it was: a change of the mailbox too.
    const before = await modseq()
    const [email] = await emails()
    expect((await expireHistory(db, inDays(14.1))).removed).toBe(1)
    expect(await emails()).toEqual([])
    const gone = await db.selectFrom('tombstone').selectAll().where('object_id', '=', email!.id).execute()
    expect(gone).toMatchObject([{ type: 'Email' }])
    expect(gone[0]!.modseq).toBeGreaterThan(before)
    expect(gone[0]!.modseq).toBeLessThanOrEqual(await modseq())
  })

  test("a mailbox may have its own, shorter or longer than its organization's", async () => {
    const { db } = gateway.services
    await delivered()
    const days = (history_days: number | null) => db.updateTable('mailbox').set({ history_days }).execute()
    await days(30)
    expect((await expireHistory(db, inDays(20))).removed).toBe(0)
    await days(3)
    expect((await expireHistory(db, inDays(4))).removed).toBe(1)
    await days(null)
  })

  test('of none keeps what is not delivered yet, and lets go of what is', async () => {
    const { db } = gateway.services
    await db.updateTable('organization').set({ history_days: 0 }).execute()
    await waiting()
    expect((await expireHistory(db, inDays(1))).removed).toBe(0)
    await db.deleteFrom('message').execute()
    server.script = {}
    await delivered()
    expect((await expireHistory(db, inDays(0.01))).removed).toBe(1)
  })

  test('is not cut short in the middle of an outage', async () => {
    await delivered()
    await gateway.services.db.updateTable('backend').set({ health: 'down' }).execute()
    expect((await expireHistory(gateway.services.db, inDays(20))).removed).toBe(0)
  })
})

test('Trash is emptied after its days', async () => {
  const { db } = gateway.services
  await delivered()
  const trash = await db
    .selectFrom('folder')
    .innerJoin('mailbox', 'mailbox.id', 'folder.mailbox_id')
    .select('folder.id')
    .where('folder.role', '=', 'trash')
    .where('mailbox.address', '=', 'anna@example.test')
    .executeTakeFirstOrThrow()
  expect((await expireTrash(db, new Date(Date.now() + 2 * TRASH_AGE))).removed).toBe(0)
  await db.updateTable('email').set({ folder_id: trash.id, moved_at: new Date() }).execute()
  expect((await expireTrash(db, new Date(Date.now() + TRASH_AGE - 60_000))).removed).toBe(0)
  expect((await expireTrash(db, new Date(Date.now() + TRASH_AGE + 60_000))).removed).toBe(1)
})

describe('contents', () => {
  test('go when nothing shows them and nothing waits for them', async () => {
    const { db } = gateway.services
    const id = await delivered()
    const soon = new Date(Date.now() + GRACE + 60_000)
    expect(await dropContents(db, soon)).toEqual([])
    await db.deleteFrom('email').execute()
    expect(await dropContents(db, new Date())).toEqual([])
    expect(await dropContents(db, soon)).toMatchObject([{ kind: 'removed', messageId: id }])
    expect(await dropContents(db, soon)).toEqual([])
  })
  test('stay while a delivery waits', async () => {
    await waiting()
    await gateway.services.db.deleteFrom('email').execute()
    expect(await dropContents(gateway.services.db, inDays(30))).toEqual([])
  })
  test('stay while a message waits for its time to be sent', async () => {
    const { db } = gateway.services
    const { id: mailboxId } = await db
      .selectFrom('mailbox')
      .select('id')
      .where('address', '=', 'anna@example.test')
      .executeTakeFirstOrThrow()
    const id = await gateway.accept(['outside@elsewhere.test'], MESSAGE, {
      kind: 'submission',
      sender: 'anna@example.test',
      sendAt: inDays(40).toISOString(),
      copy: { mailboxId, role: 'drafts', keywords: ['$draft'], emailId: newId() },
    })
    const submission = db.selectFrom('submission').select('undo_status').where('message_id', '=', id)
    await until('it waits', async () => (await submission.executeTakeFirst())?.undo_status === 'pending')
    await db.deleteFrom('email').execute()
    expect(await dropContents(db, inDays(30))).toEqual([])
    await db.updateTable('submission').set({ undo_status: 'canceled' }).execute()
    expect(await dropContents(db, inDays(30))).toMatchObject([{ kind: 'removed', messageId: id }])
  })
})

describe('giving up', () => {
  test('comes after 60 days for mail to a backend, and its sender is told', async () => {
    const id = await waiting()
    expect(await expireOverdue(gateway.services, inDays(59.9))).toBe(0)
    expect(await expireOverdue(gateway.services, inDays(60.1))).toBe(1)
    expect(await gateway.recipients(id)).toMatchObject([{ state: 'failed', category: 'expired' }])
    await until('the notice is there', async () => {
      const notices = await gateway.services.db
        .selectFrom('message')
        .select('subject')
        .where('kind', '=', 'notice')
        .execute()
      return notices.length === 1 && notices[0]?.subject.includes('anna@example.test')
    })
  })
  test('is the end of held mail too', async () => {
    const id = await waiting()
    await gateway.services.db
      .updateTable('delivery')
      .set({ state: 'held', hold_reason: 'admin' })
      .where('message_id', '=', id)
      .execute()
    expect(await expireOverdue(gateway.services, inDays(60.1))).toBe(1)
  })
  test('leaves alone what is being tried', async () => {
    const id = await waiting()
    await gateway.services.db
      .updateTable('delivery')
      .set({ state: 'queued', leased_until: inDays(61) })
      .where('message_id', '=', id)
      .execute()
    expect(await expireOverdue(gateway.services, inDays(60.1))).toBe(0)
  })
})

test('uploads that nobody used go after a day', async () => {
  expect(await dropUploads(gateway.services.db, new Date())).toBe(0)
})
