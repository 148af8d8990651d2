/** Folders made, renamed and moved here, at a real Dovecot that holds mail in them which we never saw. */
import { newId } from '@restante/core/db/id.ts'
import { ImapFlow } from 'imapflow'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { DOVECOT_PASSWORD, type Dovecot, startDovecot } from '../../e2e/servers/dovecot.ts'
import { type TestGateway, testGateway } from '../testing/gateway.ts'
import { readFolderChanges } from './folder-changes.ts'
import { restoreMailbox } from './mailbox.ts'
import { pruneChanges, takeUpRestorations } from './occasions.ts'
import { createTokens } from './token.ts'

const ANNA = 'anna@example.test'
let dovecot: Dovecot
let gateway: TestGateway
let mailboxId = ''

beforeAll(async () => {
  dovecot = await startDovecot({
    settings: `
passdb {
  driver = static
  master = yes
  args = password=over-all
}
namespace inbox {
  separator = /
}
`,
  })
  const imap = `imap://master:over-all@127.0.0.1:${dovecot.imapPort}?tls=none`
  gateway = await testGateway([`lmtp://127.0.0.1:${dovecot.lmtpPort}?tls=none`], { imap })
  const { id } = await db()
    .selectFrom('mailbox')
    .select('id')
    .where('address', '=', ANNA)
    .executeTakeFirstOrThrow()
  mailboxId = id
}, 30_000)
afterAll(async () => {
  await gateway?.close()
  await dovecot?.remove()
})

const db = () => gateway.services.db

async function asAnna<T>(work: (client: ImapFlow) => Promise<T>): Promise<T> {
  const auth = { user: ANNA, pass: DOVECOT_PASSWORD }
  const client = new ImapFlow({
    host: '127.0.0.1',
    port: dovecot.imapPort,
    secure: false,
    auth,
    logger: false,
  })
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.logout()
  }
}

/** Folders below `top` with the number of messages in each; a star: subscribed to. */
const shown = (top: string) =>
  asAnna(async client => {
    const list: string[] = []
    for (const { path, subscribed } of await client.list()) {
      if (!path.startsWith(top)) continue
      const status = await client.status(path, { messages: true })
      const messages = status ? status.messages : '?'
      list.push(`${path} ${messages}${subscribed ? ' *' : ''}`)
    }
    return list.sort()
  })

const make = (...paths: string[]) =>
  asAnna(async client => {
    for (const path of paths) {
      await client.mailboxCreate(path)
      await client.append(path, `Subject: in ${path}\r\n\r\nx\r\n`)
    }
  })

const folder = async (name: string, parent: string | null = null): Promise<string> => {
  const id = newId()
  await db()
    .insertInto('folder')
    .values({ id, mailbox_id: mailboxId, name, role: null, parent_id: parent })
    .execute()
  return id
}
const put = (id: string, set: { name?: string; parent_id?: string | null }) =>
  db().updateTable('folder').set(set).where('id', '=', id).execute()

const run = async () => {
  const { organization_id: organizationId } = await db()
    .selectFrom('mailbox')
    .select('organization_id')
    .where('id', '=', mailboxId)
    .executeTakeFirstOrThrow()
  return await restoreMailbox(
    { ...gateway.services, tokens: createTokens() },
    {
      restorationId: newId(),
      mailboxId,
      address: ANNA,
      organizationId,
      backendId: gateway.backendId,
      openedAt: new Date(),
      deleted: 'trash',
    },
  )
}
const left = async () => (await readFolderChanges(db(), mailboxId)).length

beforeEach(async () => {
  await db().deleteFrom('folder').where('mailbox_id', '=', mailboxId).where('role', 'is', null).execute()
  expect(await left()).toBe(0)
})

test('a renamed folder takes along what is in it, also what is not known here; again, nothing changes', async () => {
  await make('one Clients', 'one Clients/Old')
  const clients = await folder('one Clients')
  await folder('Old', clients)
  await db().deleteFrom('folder_change').execute()
  await put(clients, { name: 'one Customers' })
  expect(await run()).toMatchObject({ way: 'imap', failed: 0, error: null })
  const wanted = ['one Customers 1 *', 'one Customers/Old 1 *']
  expect(await shown('one')).toEqual(wanted)
  expect(await left()).toBe(0)
  // As if it had been killed before it was noted.
  await put(clients, { name: 'one Clients' })
  await db().deleteFrom('folder_change').execute()
  await put(clients, { name: 'one Customers' })
  await run()
  expect(await shown('one')).toEqual(wanted)
})

test('empty ones are made too, moves follow each other in order, and names may be exchanged', async () => {
  await make('two A', 'two B', 'two B/x')
  const [a, b] = [await folder('two A'), await folder('two B')]
  const x = await folder('x', b)
  await db().deleteFrom('folder_change').execute()
  const fresh = await folder('two new', a)
  await put(x, { parent_id: fresh })
  await put(a, { name: 'two C' })
  await put(b, { name: 'two A' })
  await put(a, { name: 'two B' })
  expect(await run()).toMatchObject({ failed: 0 })
  expect(await shown('two')).toEqual(['two A 1 *', 'two B 1 *', 'two B/two new 0 *', 'two B/two new/x 1 *'])
})

test('two are never put into one, and what was removed here stays there', async () => {
  await make('three A', 'three B', 'three C')
  const [a, c] = [await folder('three A'), await folder('three C')]
  await db().deleteFrom('folder_change').execute()
  await put(a, { name: 'three B' })
  await put(c, { name: 'three D' })
  await db().deleteFrom('folder').where('id', '=', c).execute()
  expect(await run()).toMatchObject({ failed: 0 })
  expect(await shown('three')).toEqual(['three A 1 *', 'three B 1 *', 'three C 1 *'])
})

test('changes made while all is well are forgotten; those of an incident make its mailbox one to look at', async () => {
  await folder('four')
  await pruneChanges(db(), new Date(Date.now() + 60_000))
  expect(await left()).toBe(1)
  const id = newId()
  const openedAt = new Date(Date.now() - 60_000)
  await db()
    .insertInto('incident')
    .values({
      id,
      backend_id: gateway.backendId,
      opened_at: openedAt,
      closed_at: new Date(),
      cause: 'refused',
    })
    .execute()
  await takeUpRestorations(db(), new Date())
  const { state } = await db()
    .selectFrom('restore')
    .select('state')
    .where('restoration_id', '=', id)
    .where('mailbox_id', '=', mailboxId)
    .executeTakeFirstOrThrow()
  expect(state).toBe('due')
  await pruneChanges(db(), new Date(Date.now() + 3_600_000))
  expect(await left()).toBe(1)
  await db().updateTable('restore').set({ state: 'done' }).execute()
  await pruneChanges(db(), new Date(Date.now() + 3_600_000))
  expect(await left()).toBe(0)
})
