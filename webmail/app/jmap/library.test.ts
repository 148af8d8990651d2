/**
 * A mail program is built on somebody else's JMAP library (jmap-jam), which knows the RFCs and nothing of this
 * gateway: it signs in with an app password, reads with back-references, marks, moves, writes and sends, uploads and
 * downloads, and is told of what comes. The routes are the real ones, behind a small HTTP server in Next's place.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { createAppPassword } from '@restante/core/access/app-passwords.ts'
import { createLimiter, type Limiter } from '@restante/core/access/limits.ts'
import { ingestAll } from '@restante/core/ingest/ingest.ts'
import { type Company, letter, openCompany } from '@restante/core/ingest/testing.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Services } from '../../server/services.ts'

vi.mock('../../server/session.ts', () => ({ currentPerson: async () => null }))

// biome-ignore lint/suspicious/noExplicitAny: answers of every shape, in the library's own types
type Answer = any
type Method = (given: Record<string, unknown>) => Promise<[Answer, unknown]>
type Draft = (given: Record<string, unknown>) => { $ref(path: string): unknown }
type Entities<T> = Record<string, Record<string, T>>
/** As far as this test goes. Its own types come as TypeScript that our compiler settings don't allow. */
type JamClient = {
  authHeader: string
  session: Promise<Answer>
  api: Entities<Method>
  getPrimaryAccount(): Promise<string>
  requestMany(drafts: (t: Entities<Draft>) => Record<string, unknown>): Promise<[Answer, unknown]>
  uploadBlob(accountId: string, body: Blob): Promise<{ blobId: string }>
  downloadBlob(options: Record<string, string>): Promise<Response>
}
type Jam = {
  new (config: { sessionUrl: string; bearerToken: string }): JamClient
  loadSession(url: string, authorization: string): Promise<Answer>
}
const library: string = 'jmap-jam'
const Jam = ((await import(library)) as { default: Jam }).default

const ADDRESS = 'anna@example.org'

let company: Company
let limiter: Limiter
let server: Server
let base: string
let password: string
let jam: JamClient
let accountId: string

beforeAll(async () => {
  company = await openCompany()
  limiter = createLimiter({
    redisUrl: process.env.TEST_REDIS_URL,
    prefix: `t-${randomBytes(6).toString('hex')}:`,
    log: silentLog,
  })
  server = createServer((request, response) => void answer(request, response))
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { db, databaseUrl, spool, queues } = company
  const directory = {
    get current() {
      return company.directory()
    },
  }
  const settings = {
    PUBLIC_URL: base,
    SUBMISSION_RATE_PERSON: '100/1000',
    OUTBOUND_GIVE_UP: 48,
    RESTANTE_DATA: company.folder,
  }
  const opened = { settings, log: silentLog, db, databaseUrl, spool, queues, directory, limiter }
  globalThis.restanteWebmail = {
    opening: Promise.resolve(opened as unknown as Services),
    close: async () => {},
  }
  password = (await createAppPassword(db, company.people.anna.id, 'library')).password
  jam = openJam(password)
  accountId = await jam.getPrimaryAccount()
})
afterAll(async () => {
  await globalThis.restantePush?.close()
  server.closeAllConnections()
  await new Promise(done => server.close(done))
  await limiter.close()
  await company.close()
})

/** The library is made for bearer tokens; what it sends is in its hands to change. */
function openJam(secret: string): JamClient {
  const sessionUrl = `${base}/.well-known/jmap`
  const client = new Jam({ sessionUrl, bearerToken: 'none' })
  client.authHeader = `Basic ${Buffer.from(`${ADDRESS}:${secret}`).toString('base64')}`
  client.session = Jam.loadSession(sessionUrl, client.authHeader)
  return client
}

type Handler = (request: Request, route: { params: Promise<Answer> }) => Promise<Response>

/** What Next does: the route of a path, with what the path says. */
async function routeOf(method: string, path: string): Promise<[Handler, Record<string, string>] | null> {
  const [first, second, ...rest] = path.split('/').filter(Boolean).map(decodeURIComponent)
  switch (`${method} ${first}/${second}`) {
    case 'GET .well-known/jmap':
      return [(await import('../.well-known/jmap/route.ts')).GET, {}]
    case 'POST jmap/api':
      return [(await import('./api/route.ts')).POST, {}]
    case 'GET jmap/eventsource':
      return [(await import('./eventsource/route.ts')).GET, {}]
    case 'POST jmap/upload':
      return [(await import('./upload/[accountId]/route.ts')).POST, { accountId: rest[0]! }]
    case 'GET jmap/download': {
      const [accountId, blobId, name] = rest as [string, string, string]
      const { GET } = await import('./download/[accountId]/[blobId]/[name]/route.ts')
      return [GET, { accountId, blobId, name }]
    }
    default:
      return null
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const url = new URL(request.url ?? '/', base)
  const found = await routeOf(request.method ?? '', url.pathname)
  if (!found) {
    response.writeHead(404).end()
    return
  }
  const [handler, params] = found
  const body = request.method === 'POST' ? (Readable.toWeb(request) as ReadableStream) : null
  const asked = new Request(url, {
    method: request.method ?? 'GET',
    headers: new Headers(request.headers as Record<string, string>),
    body,
    duplex: 'half',
    signal: gone.signal,
  } as RequestInit)
  const result = await handler(asked, { params: Promise.resolve(params) })
  response.writeHead(result.status, Object.fromEntries(result.headers))
  response.flushHeaders()
  if (!result.body) response.end()
  else
    Readable.fromWeb(result.body as never)
      .on('error', () => response.destroy())
      .pipe(response)
}

async function receive(subject: string): Promise<void> {
  await company.accept(letter({ subject }))
  const { db, spool, directory, queues } = company
  await ingestAll({ db, reader: spool, directory, queues, log: silentLog })
}

async function folder(role: 'inbox' | 'drafts' | 'sent' | 'archive'): Promise<string> {
  const [{ ids }] = await jam.api.Mailbox!.query!({ accountId, filter: { role } })
  return ids[0]
}

/** Newest first, by a back-reference within one request. */
async function read(inMailbox: string): Promise<Answer[]> {
  const [{ emails }] = await jam.requestMany(t => {
    const sort = [{ property: 'receivedAt', isAscending: false }]
    const found = t.Email!.query!({ accountId, filter: { inMailbox }, sort })
    const emails = t.Email!.get!({
      accountId,
      ids: found.$ref('/ids'),
      properties: ['id', 'threadId', 'subject', 'keywords', 'mailboxIds', 'textBody', 'bodyValues'],
      fetchTextBodyValues: true,
    })
    return { found, emails }
  })
  return emails.list
}

test('it reads the session, the folders and the mail', async () => {
  expect((await jam.session).username).toBe(ADDRESS)
  const [{ list }] = await jam.api.Mailbox!.get!({ accountId })
  expect(list.map((one: Answer) => one.role)).toEqual(
    expect.arrayContaining(['inbox', 'drafts', 'sent', 'trash']),
  )
  await receive('for the library')
  const inbox = await folder('inbox')
  const [email] = await read(inbox)
  expect(email).toMatchObject({ subject: 'for the library', mailboxIds: { [inbox]: true }, keywords: {} })
  expect(email.bodyValues[email.textBody[0].partId].value).toContain('Good morning.')
  const [{ list: threads }] = await jam.api.Thread!.get!({ accountId, ids: [email.threadId] })
  expect(threads).toEqual([{ id: email.threadId, emailIds: [email.id] }])
})

test('it is pushed what comes, follows the changes, marks and moves', async () => {
  const inbox = await folder('inbox')
  const [{ state }] = await jam.api.Email!.get!({ accountId, ids: [] })
  const url = String((await jam.session).eventSourceUrl)
    .replace('{types}', 'Email')
    .replace('{closeafter}', 'state')
    .replace('{ping}', '0')
  const stream = await fetch(url, { headers: { authorization: jam.authHeader } })
  expect(stream.headers.get('content-type')).toMatch(/^text\/event-stream/)
  // closeafter=state: one change, and the stream has ended. The hub may only just have begun to listen.
  const pushed = stream.text()
  const ended = await expect
    .poll(
      async () => {
        await receive('pushed')
        return await Promise.race([pushed, new Promise(done => setTimeout(done, 300))])
      },
      { timeout: 20_000 },
    )
    .toContain('event: state')
    .then(() => pushed)
  const data = JSON.parse(/^data: (.*)$/m.exec(ended)![1]!)
  expect(Object.keys(data.changed[accountId])).toEqual(['Email'])
  const [changes] = await jam.api.Email!.changes!({ accountId, sinceState: state })
  const id = changes.created[0]
  const archive = await folder('archive')
  const [set] = await jam.api.Email!.set!({
    accountId,
    update: {
      [id]: { 'keywords/$seen': true, [`mailboxIds/${inbox}`]: null, [`mailboxIds/${archive}`]: true },
    },
  })
  expect(Object.keys(set.updated)).toEqual([id])
  expect(await read(archive)).toMatchObject([
    { id, keywords: { $seen: true }, mailboxIds: { [archive]: true } },
  ])
})

test('it sends what it has written, with what it has uploaded', async () => {
  const [{ list: identities }] = await jam.api.Identity!.get!({ accountId })
  const [drafts, sent] = [await folder('drafts'), await folder('sent')]
  const { blobId } = await jam.uploadBlob(accountId, new Blob(['a,b\r\n'], { type: 'text/csv' }))
  const [{ created }] = await jam.api.Email!.set!({
    accountId,
    create: {
      draft: {
        mailboxIds: { [drafts]: true },
        keywords: { $draft: true },
        from: [{ name: 'Anna', email: ADDRESS }],
        to: [{ name: null, email: 'ben@example.org' }],
        subject: 'by the library',
        textBody: [{ partId: 'text', type: 'text/plain' }],
        bodyValues: { text: { value: 'See the table.' } },
        attachments: [{ blobId, type: 'text/csv', name: 'table.csv' }],
      },
    },
  })
  const emailId = created.draft.id
  const [submitted] = await jam.api.EmailSubmission!.set!({
    accountId,
    create: { out: { emailId, identityId: identities[0].id } },
    onSuccessUpdateEmail: {
      '#out': {
        [`mailboxIds/${drafts}`]: null,
        [`mailboxIds/${sent}`]: true,
        'keywords/$draft': null,
      },
    },
  })
  const ids = [submitted.created.out.id]
  expect((await read(sent)).map(one => one.id)).toEqual([emailId])
  const [{ list: submissions }] = await jam.api.EmailSubmission!.get!({ accountId, ids })
  expect(submissions[0].deliveryStatus['ben@example.org'].delivered).toBe('queued')
  const [{ list }] = await jam.api.Email!.get!({ accountId, ids: [emailId], properties: ['attachments'] })
  const response = await jam.downloadBlob({
    accountId,
    blobId: list[0].attachments[0].blobId,
    mimeType: 'text/csv',
    fileName: 'table.csv',
  })
  expect(await response.text()).toBe('a,b\r\n')
})

test('a wrong password opens nothing, and an error is one that it knows', async () => {
  expect(await openJam('wrong').session).toMatchObject({ status: 401 })
  await expect(jam.api.Email!.query!({ accountId: 'nobody' })).rejects.toMatchObject({
    type: 'accountNotFound',
  })
})
