/**
 * What people did here, carried to a real Dovecot by IMAP: with a master user, with a mailbox's own password, with
 * a token that Dovecot asks an endpoint about; twice; interrupted in the middle; and without IMAP at all.
 */
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { seal } from '@restante/core/config/secret.ts'
import { computeStatement } from '@restante/core/continuity/statement-store.ts'
import { newId } from '@restante/core/db/id.ts'
import { setImapCredentials } from '@restante/core/directory/imap-credentials.ts'
import { cancelDeleted } from '@restante/core/ingest/trash.ts'
import { ImapFlow } from 'imapflow'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { DOVECOT_PASSWORD, type Dovecot, startDovecot } from '../../e2e/servers/dovecot.ts'
import { type TestGateway, testGateway, until } from '../testing/gateway.ts'
import { checkRestoration } from './check.ts'
import { restoreMailbox, type Task } from './mailbox.ts'
import { pruneChanges, takeUpDrafts } from './occasions.ts'
import { createTokens } from './token.ts'

const ANNA = 'anna@example.test'
let dovecot: Dovecot
let gateway: TestGateway
let oauth: Server
let oauthPort: number
/** What the token endpoint was asked, and the token that is good now. */
const asked: Record<string, string>[] = []
let token = 'good-1'

beforeAll(async () => {
  oauth = createServer((request, response) => {
    let body = ''
    request.on('data', chunk => {
      body += chunk
    })
    request.on('end', () => {
      response.setHeader('content-type', 'application/json')
      if (request.url?.startsWith('/introspect')) {
        // RFC 7662, as Dovecot asks it.
        const given =
          request.headers.authorization?.replace(/^Bearer /, '') ?? new URLSearchParams(body).get('token')
        response.end(
          JSON.stringify(given === token ? { active: true, email: ANNA, username: ANNA } : { active: false }),
        )
        return
      }
      asked.push(Object.fromEntries(new URLSearchParams(body)))
      response.end(JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: 3600 }))
    })
  })
  await new Promise<void>(resolve => oauth.listen(0, '127.0.0.1', resolve))
  oauthPort = (oauth.address() as AddressInfo).port
  const rules = join(mkdtempSync(join(tmpdir(), 'oauth-')), 'oauth2.conf')
  writeFileSync(
    rules,
    `introspection_url = http://127.0.0.1:${oauthPort}/introspect
introspection_mode = post
username_attribute = email
active_attribute = active
active_value = true
`,
    { mode: 0o644 },
  )
  chmodSync(dirname(rules), 0o755)
  dovecot = await startDovecot({
    settings: `
auth_mechanisms = plain login xoauth2 oauthbearer
auth_master_user_separator = *
passdb {
  driver = static
  master = yes
  args = password=over-all
}
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = ${rules}
}
`,
  })
  gateway = await testGateway([`lmtp://127.0.0.1:${dovecot.lmtpPort}?tls=none`], { imap: urls.authzid() })
  gateway.start()
}, 30_000)
afterAll(async () => {
  await gateway?.close()
  await dovecot?.remove()
  oauth?.close()
})

const at = () => `127.0.0.1:${dovecot.imapPort}`
const urls = {
  authzid: () => `imap://master:over-all@${at()}?tls=none`,
  separator: () => `imap://master:over-all@${at()}?tls=none&as=separator:*`,
  own: () => `imap://${at()}?tls=none`,
  wrong: () => `imap://master:guess@${at()}?tls=none`,
  token: () =>
    `imap://client:shh@${at()}?tls=none&as=xoauth2&scope=mail&token=http://127.0.0.1:${oauthPort}/token`,
}

async function useImap(url: string | null): Promise<void> {
  const { db, sealKey } = gateway.services
  await db
    .updateTable('backend')
    .set({ imap: url && seal(sealKey, url) })
    .execute()
}

/** All folders: path, subject, flags. */
async function shown(user = ANNA): Promise<string[]> {
  const auth = { user, pass: DOVECOT_PASSWORD }
  const client = new ImapFlow({
    host: '127.0.0.1',
    port: dovecot.imapPort,
    secure: false,
    auth,
    logger: false,
  })
  client.on('error', () => {})
  await client.connect()
  const list: string[] = []
  for (const { path } of await client.list()) {
    if (!(await client.mailboxOpen(path, { readOnly: true })).exists) continue
    for (const message of await client.fetchAll('1:*', { envelope: true, flags: true, internalDate: true })) {
      const flags = [...(message.flags ?? [])].filter(flag => flag !== '\\Recent').sort()
      list.push([path, message.envelope?.subject, ...flags].join(' '))
    }
  }
  await client.logout()
  return list.sort()
}

const db = () => gateway.services.db
let mailboxId = ''
let folders: Record<string, string> = {}
let task: Task

/** Begins anew: an incident that opened before what follows. */
beforeEach(async () => {
  await useImap(urls.authzid())
  const mailbox = await db()
    .selectFrom('mailbox')
    .selectAll()
    .where('address', '=', ANNA)
    .executeTakeFirstOrThrow()
  mailboxId = mailbox.id
  const rows = await db().selectFrom('folder').selectAll().where('mailbox_id', '=', mailboxId).execute()
  folders = Object.fromEntries(rows.flatMap(row => (row.role ? [[row.role, row.id]] : [])))
  await sql`delete from email_change`.execute(db())
  await sql`delete from restored`.execute(db())
  await sql`delete from email`.execute(db())
  await sql`delete from email_change`.execute(db())
  await sql`delete from restoration`.execute(db())
  const openedAt = new Date()
  const id = newId()
  const { organization_id: organizationId } = mailbox
  await db()
    .insertInto('restoration')
    .values({
      id,
      kind: 'incident',
      organization_id: organizationId,
      backend_id: gateway.backendId,
      opened_at: openedAt,
      closed_at: new Date(openedAt.getTime() + 60_000),
      // Not the loop's: these tests do its work.
      settled_at: new Date(),
    })
    .execute()
  await db()
    .insertInto('restore')
    .values({ restoration_id: id, mailbox_id: mailboxId, state: 'done' })
    .execute()
  task = {
    restorationId: id,
    mailboxId,
    address: ANNA,
    organizationId,
    backendId: gateway.backendId,
    openedAt,
    deleted: 'trash',
  }
})

const run = (more: Partial<Task> = {}) =>
  restoreMailbox({ ...gateway.services, tokens: createTokens() }, { ...task, ...more })

/** Mail that is delivered to Dovecot. @returns the id of Anna's e-mail */
async function receive(subject: string, more: { kind?: 'stored'; copy?: string; keywords?: string[] } = {}) {
  const emailId = newId()
  const messageId = newId()
  const trace = more.copy ? '' : `Received: from x by gateway.test with ESMTP id ${messageId}; today\r\n`
  const content = `${trace}From: o@elsewhere.test\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replaceAll(' ', '.')}@x>\r\n\r\nx\r\n`
  const copy = more.copy && {
    copy: { mailboxId, role: more.copy as 'sent', keywords: more.keywords ?? [], emailId },
  }
  const id = await gateway.accept(copy ? [] : [ANNA], content, {
    id: messageId,
    ...(copy && { kind: 'stored' as const, ...copy }),
  })
  return await until(`${subject} is there`, async () => {
    const row = await db()
      .selectFrom('email')
      .select('id')
      .where('message_id', '=', id)
      .where('mailbox_id', '=', mailboxId)
      .executeTakeFirst()
    const settled = copy || (await gateway.recipients(id))[0]?.state === 'delivered'
    return settled && row?.id
  })
}

const change = (id: string, set: { keywords?: string[]; folder_id?: string }) =>
  db().updateTable('email').set(set).where('id', '=', id).execute()
const left = async () => (await db().selectFrom('email_change').select('email_id').execute()).length
const inbox = async (...subjects: string[]) =>
  (await shown()).filter(line => subjects.some(s => line.includes(s)))

test('what was read, answered, starred, filed, deleted and written is so at the server; again, nothing changes', async () => {
  const read = await receive('one read')
  const moved = await receive('one moved')
  const deleted = await receive('one deleted')
  await receive('one untouched')
  await receive('one sent', { copy: 'sent', keywords: ['$seen'] })
  await receive('one draft', { copy: 'drafts', keywords: ['$draft', '$seen'] })
  await change(read, { keywords: ['$seen', '$answered', '$flagged', '$forwarded'] })
  await change(moved, { keywords: ['$seen'] })
  await change(moved, { folder_id: folders.archive })
  await change(deleted, { folder_id: folders.trash })
  expect(await run()).toEqual({ way: 'imap', later: 0, missing: 0, failed: 0, error: null })
  const wanted = [
    'Archive one moved \\Seen',
    'Drafts one draft \\Draft \\Seen',
    'INBOX one read $Forwarded \\Answered \\Flagged \\Seen',
    'INBOX one untouched',
    'Sent one sent \\Seen',
    'Trash one deleted',
  ]
  expect(await inbox('one ')).toEqual(wanted)
  expect(await left()).toBe(0)
  expect((await run()).way).toBe('none')
  // As if everything had been done and nothing recorded.
  await change(read, { keywords: [] })
  await sql`update email_change set keywords = '{}'`.execute(db())
  await change(read, { keywords: ['$seen', '$answered', '$flagged', '$forwarded'] })
  await sql`delete from restored`.execute(db())
  await run()
  expect(await inbox('one ')).toEqual(wanted)
  const statement = await computeStatement(db(), task.restorationId, mailboxId)
  expect(statement?.numbers).toMatchObject({ received: 4, delivered: 3, deleted: 1, notFiled: 0 })
  const [checked] = await checkRestoration(gateway.services, task.restorationId)
  expect(checked).toMatchObject({ address: ANNA, absent: [], error: null })
})

test('with the setting none, what was deleted goes for good, and a flag taken away here is taken away there', async () => {
  const deleted = await receive('two deleted')
  const unread = await receive('two unread')
  await change(unread, { keywords: ['$seen'] })
  await run()
  await change(unread, { keywords: [] })
  await change(deleted, { folder_id: folders.trash })
  await run({ deleted: 'none' })
  expect(await inbox('two ')).toEqual(['INBOX two unread'])
})

test('destroyed before it was delivered: nothing is to be done, and the statement counts it', async () => {
  await useImap(urls.own())
  await db().updateTable('backend').set({ override: 'down' }).execute()
  const messageId = await gateway.accept([ANNA], 'Subject: three gone\r\n\r\nx\r\n')
  const id = await until('it is there', async () => {
    const row = await db()
      .selectFrom('email')
      .select('id')
      .where('message_id', '=', messageId)
      .executeTakeFirst()
    return row?.id
  })
  await db()
    .transaction()
    .execute(async tx => {
      await cancelDeleted(tx, [id], new Date(), true)
      await tx.deleteFrom('email').where('id', '=', id).execute()
    })
  await useImap(urls.authzid())
  await run()
  await db().updateTable('backend').set({ override: null }).execute()
  const statement = await computeStatement(db(), task.restorationId, mailboxId)
  expect(statement?.numbers).toMatchObject({ received: 1, deleted: 1, toFile: 0 })
  expect(await inbox('three')).toEqual([])
})

test('a draft that is changed after it was brought is replaced; one that was sent moves to Sent', async () => {
  const first = await receive('four old', { copy: 'drafts', keywords: ['$draft', '$seen'] })
  const other = await receive('four sent', { copy: 'drafts', keywords: ['$draft', '$seen'] })
  await run()
  await db().deleteFrom('email').where('id', '=', first).execute()
  await receive('four new', { copy: 'drafts', keywords: ['$draft', '$seen'] })
  await change(other, { folder_id: folders.sent, keywords: ['$seen'] })
  await db().updateTable('backend').set({ health: 'up' }).execute()
  await pruneChanges(db(), new Date(Date.now() + 3_600_000))
  expect(await left()).toBe(2)
  await takeUpDrafts(db(), new Date())
  const { state } = await db().selectFrom('restore').select('state').executeTakeFirstOrThrow()
  expect(state).toBe('due')
  await run()
  await until('it is so', async () => {
    const lines = await inbox('four ')
    return lines.join() === ['Drafts four new \\Draft \\Seen', 'Sent four sent \\Seen'].join()
  })
})

test.each([
  ['the login name of a master user', 'separator'],
  ["a mailbox's own password", 'own'],
  ['a token of the client', 'token'],
  ["a token by the mailbox's refresh token", 'token'],
] as const)('it works with %s', async (name, way) => {
  const subject = `five ${name.replace(/\W+/g, '-')}`
  const id = await receive(subject)
  await useImap(urls[way]())
  const refresh = name.includes('refresh')
  const { db: executor, sealKey } = gateway.services
  if (way === 'own') await setImapCredentials(executor, ANNA, { secret: DOVECOT_PASSWORD }, 'test', sealKey)
  if (refresh) {
    token = 'good-2'
    await setImapCredentials(executor, ANNA, { kind: 'refresh-token', secret: 'r-1' }, 'test', sealKey)
  }
  await change(id, { keywords: ['$seen'] })
  expect((await run()).way).toBe('imap')
  expect(await inbox(subject)).toEqual([`INBOX ${subject} \\Seen`])
  await executor.deleteFrom('imap_credentials').execute()
  if (way !== 'token') return
  expect(asked.at(-1)).toEqual({
    client_id: 'client',
    client_secret: 'shh',
    scope: 'mail',
    ...(refresh
      ? { grant_type: 'refresh_token', refresh_token: 'r-1' }
      : { grant_type: 'client_credentials' }),
  })
})

test('a wrong password is said, and what was to be done is still to be done', async () => {
  const id = await receive('six')
  await change(id, { keywords: ['$seen'] })
  await useImap(urls.wrong())
  await expect(run()).rejects.toThrow(/auth/i)
  expect(await left()).toBe(1)
  await useImap(urls.authzid())
  await run()
  expect(await inbox('six')).toEqual(['INBOX six \\Seen'])
})

test('without IMAP what was sent is delivered once, with a field to file by, and shows in no mailbox here', async () => {
  await useImap(null)
  await receive('seven', { copy: 'sent', keywords: ['$seen'] })
  expect((await run()).way).toBe('delivery')
  expect((await run()).way).toBe('none')
  await until('it came', async () => (await inbox('seven')).length === 1)
  expect(await inbox('seven')).toEqual(['INBOX seven'])
  const here = await db().selectFrom('email').select('id').where('subject', '=', 'seven').execute()
  expect(here).toHaveLength(1)
})
