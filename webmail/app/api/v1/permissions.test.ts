/**
 * Every route × every role, on a real database: who may not, gets 404; an admin finds nothing of another
 * organization. Only the cookie is left out: who is signed in is said by the test.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { newId } from '@restante/core/db/id.ts'
import { type TestDatabase, testDatabase } from '@restante/core/db/testing.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import {
  type SeededOrganization,
  seedDelivery,
  seedOrganization,
} from '@restante/core/queue/overview-seed.ts'
import { openSpool } from '@restante/core/spool/open.ts'
import type { Spool } from '@restante/core/spool/types.ts'
import { addChannel } from '@restante/core/telling/channels.ts'
import { announce, listThreads } from '@restante/core/telling/threads.ts'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Services } from '../../../server/services.ts'
import type { Person } from '../../../server/session.ts'

const signedIn = vi.hoisted(() => ({ person: null as Person | null }))
vi.mock('../../../server/session.ts', () => ({ currentPerson: async () => signedIn.person }))

type Handler = (request: Request, context: { params: Promise<Record<string, string>> }) => Promise<Response>

let t: TestDatabase
let spool: Spool
let folder: string
let here: SeededOrganization
let there: SeededOrganization
let ours: string
let theirs: string
let ourIncident: string
let theirIncident: string
let ourQuarantined: string
let theirQuarantined: string
let theirChannel: string
let theirThread: string

beforeAll(async () => {
  t = await testDatabase()
  folder = await mkdtemp(join(tmpdir(), 'restante-api-'))
  spool = await openSpool({
    url: pathToFileURL(folder).href,
    secretKey: randomBytes(32),
    encrypt: true,
    writer: 'webmail',
    log: silentLog,
  })
  const opened = {
    settings: {
      PUBLIC_URL: 'http://localhost:3000',
      RESTANTE_DATA: folder,
      RESTANTE_HOSTNAME: 'mx.example.net',
      // Nobody answers there, and at once.
      DNS_SERVERS: ['127.0.0.1:9'],
      METRICS_PORT: 9,
    },
    log: silentLog,
    db: t.db,
    databaseUrl: t.url,
    spool,
    directory: { current: { route: () => ({ type: 'unknown-domain' }) } },
    sealKey: randomBytes(32),
  } as unknown as Services
  globalThis.restanteWebmail = { opening: Promise.resolve(opened), close: async () => {} }
  here = await seedOrganization(t.db, 'here.example')
  there = await seedOrganization(t.db, 'there.example')
  ours = await seedDelivery(t.db, here, { state: 'deferred' })
  theirs = await seedDelivery(t.db, there, { state: 'deferred' })
  ourIncident = await seedIncident(here)
  theirIncident = await seedIncident(there)
  ourQuarantined = await seedDelivery(t.db, here, { state: 'held', hold_reason: 'quarantine' })
  theirQuarantined = await seedDelivery(t.db, there, { state: 'held', hold_reason: 'quarantine' })
  theirChannel = (
    await addChannel(
      t.db,
      {
        organizationId: there.organizationId,
        kind: 'slack',
        address: 'https://hooks.example.org/theirs',
        locale: 'en',
        stage: 1,
        by: 'test',
      },
      opened.sealKey,
      new Date(),
    )
  ).id
  const facts = { name: 'there.example', since: new Date().toISOString() }
  await announce(
    t.db,
    { subject: 'backend:theirs', kind: 'backend-down', organizationId: there.organizationId, facts },
    new Date(),
  )
  theirThread = (await listThreads(t.db, { type: 'all' }))[0]?.id ?? ''
})
afterAll(async () => {
  globalThis.restanteWebmail = undefined
  await spool.close()
  await t.close()
  await rm(folder, { recursive: true })
})

async function seedIncident(of: SeededOrganization): Promise<string> {
  const id = newId()
  const at = { opened_at: new Date(0), closed_at: new Date(1) }
  await t.db
    .insertInto('incident')
    .values({ id, backend_id: of.backendId, ...at, cause: null, detail: null })
    .execute()
  return id
}

function as(role: Person['role'] | null): void {
  signedIn.person = role && {
    id: 'p',
    organizationId: role === 'operator' ? null : here.organizationId,
    address: `${role}@here.example`,
    name: '',
    role,
    locale: 'en',
    sessionEpoch: 0,
  }
}

async function ask(
  route: string,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  params: Record<string, string> = {},
  body?: unknown,
  headers: Record<string, string> = { 'sec-fetch-site': 'same-origin' },
): Promise<Response> {
  const module = (await modules[route]!()) as Record<string, Handler>
  const request = new Request(`http://localhost:3000/api/v1/${path}`, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return await module[method]!(request, { params: Promise.resolve(params) })
}

const modules: Record<string, () => Promise<unknown>> = {
  status: () => import('./status/route.ts'),
  backends: () => import('./backends/route.ts'),
  'backends/[id]': () => import('./backends/[id]/route.ts'),
  'backends/[id]/override': () => import('./backends/[id]/override/route.ts'),
  incidents: () => import('./incidents/route.ts'),
  'incidents/[id]': () => import('./incidents/[id]/route.ts'),
  periods: () => import('./periods/route.ts'),
  'periods/[id]': () => import('./periods/[id]/route.ts'),
  readiness: () => import('./readiness/route.ts'),
  deliveries: () => import('./deliveries/route.ts'),
  'deliveries/[id]': () => import('./deliveries/[id]/route.ts'),
  'deliveries/actions': () => import('./deliveries/actions/route.ts'),
  events: () => import('./events/route.ts'),
  quarantine: () => import('./quarantine/route.ts'),
  'quarantine/[id]': () => import('./quarantine/[id]/route.ts'),
  'quarantine/[id]/message': () => import('./quarantine/[id]/message/route.ts'),
  'quarantine/actions': () => import('./quarantine/actions/route.ts'),
  outgoing: () => import('./outgoing/route.ts'),
  suppressed: () => import('./suppressed/route.ts'),
  'unusual-sending': () => import('./unusual-sending/route.ts'),
  channels: () => import('./channels/route.ts'),
  'channels/[id]': () => import('./channels/[id]/route.ts'),
  'channels/[id]/test': () => import('./channels/[id]/test/route.ts'),
  telling: () => import('./telling/route.ts'),
  'telling/acknowledge': () => import('./telling/acknowledge/route.ts'),
  'demo/backend': () => import('./demo/backend/route.ts'),
}

const override = { to: 'auto' }
const routes = (): [string, 'GET' | 'POST', string, Record<string, string>?, unknown?][] => [
  ['status', 'GET', 'status'],
  ['backends', 'GET', 'backends'],
  ['backends/[id]', 'GET', 'backends/x', { id: here.backendId }],
  ['backends/[id]/override', 'POST', 'backends/x/override', { id: here.backendId }, override],
  ['incidents', 'GET', 'incidents'],
  ['incidents/[id]', 'GET', 'incidents/x', { id: ourIncident }],
  ['periods', 'GET', 'periods'],
  ['periods', 'POST', 'periods', {}, { kind: 'drill', domain: here.domain, minutes: 5 }],
  ['readiness', 'GET', 'readiness'],
  ['deliveries', 'GET', 'deliveries'],
  ['deliveries/[id]', 'GET', 'deliveries/x', { id: ours }],
  ['deliveries/actions', 'POST', 'deliveries/actions', {}, { action: 'hold', ids: [ours] }],
  ['events', 'GET', 'events'],
  ['quarantine', 'GET', 'quarantine'],
  ['quarantine/[id]', 'GET', 'quarantine/x', { id: ourQuarantined }],
  ['quarantine/actions', 'POST', 'quarantine/actions', {}, { action: 'delete', filter: { text: 'nothing' } }],
  ['outgoing', 'GET', 'outgoing'],
  ['suppressed', 'GET', 'suppressed'],
  ['suppressed', 'POST', 'suppressed', {}, { addresses: ['x@outside.example'] }],
  ['unusual-sending', 'GET', 'unusual-sending'],
  ['channels', 'GET', 'channels'],
  ['channels', 'POST', 'channels', {}, { kind: 'slack', address: 'https://hooks.example.org/x' }],
  ['telling', 'GET', 'telling'],
  ['unusual-sending', 'POST', 'unusual-sending', {}, { ids: [here.organizationId] }],
]

describe.each([
  [null, 401],
  ['user', 404],
  ['admin', 200],
  ['operator', 200],
] as const)('%s', (role, status) => {
  test(`gets ${status} from every route`, async () => {
    as(role)
    for (const [route, method, path, params, body] of routes()) {
      const response = await ask(route, method, path, params, body)
      expect([route, response.status]).toEqual([route, status])
      await response.body?.cancel()
    }
  })
})

test("an admin finds nothing by another organization's ids", async () => {
  as('admin')
  for (const [route, method, path, params, body] of [
    ['backends/[id]', 'GET', 'x', { id: there.backendId }],
    ['backends/[id]/override', 'POST', 'x', { id: there.backendId }, { to: 'down' }],
    ['incidents/[id]', 'GET', 'x', { id: theirIncident }],
    ['deliveries/[id]', 'GET', 'x', { id: theirs }],
    ['deliveries/actions', 'POST', 'x', {}, { action: 'cancel', ids: [theirs] }],
    ['quarantine/[id]', 'GET', 'x', { id: theirQuarantined }],
    ['quarantine/[id]/message', 'GET', 'x', { id: theirQuarantined }],
    ['quarantine/actions', 'POST', 'x', {}, { action: 'release', ids: [theirQuarantined] }],
    ['quarantine/actions', 'POST', 'x', {}, { action: 'delete', ids: [theirQuarantined] }],
    ['quarantine/actions', 'POST', 'x', {}, { action: 'allow', ids: [theirQuarantined] }],
    ['channels/[id]', 'DELETE', 'x', { id: theirChannel }, {}],
    ['channels/[id]/test', 'POST', 'x', { id: theirChannel }, {}],
    ['telling/acknowledge', 'POST', 'x', {}, { id: theirThread }],
  ] as const) {
    const response = await ask(route, method, path, params, body)
    expect([route, response.status]).toEqual([route, 404])
    expect(response.headers.get('content-type')).toBe('application/problem+json')
  }
  const list = (await (await ask('deliveries', 'GET', 'deliveries')).json()) as { items: { id: string }[] }
  expect(list.items.map(item => item.id)).toEqual([ours])
  const state = await t.db.selectFrom('delivery').select('state').where('id', '=', theirs).executeTakeFirst()
  expect(state).toEqual({ state: 'deferred' })
  const backend = await t.db
    .selectFrom('backend')
    .select('override')
    .where('id', '=', there.backendId)
    .executeTakeFirst()
  expect(backend).toEqual({ override: null })
})

test('the sender of a quarantined message goes on the list of its own organization, and it is audited', async () => {
  as('admin')
  const response = await ask(
    'quarantine/actions',
    'POST',
    'x',
    {},
    { action: 'allow', ids: [ourQuarantined, theirQuarantined] },
  )
  expect(await response.json()).toEqual({ allowed: ['sender@outside.example'], known: [] })
  const entries = await t.db.selectFrom('list_entry').select(['organization_id', 'kind', 'value']).execute()
  expect(entries).toEqual([
    { organization_id: here.organizationId, kind: 'allow', value: 'sender@outside.example' },
  ])
  const again = await ask('quarantine/actions', 'POST', 'x', {}, { action: 'allow', ids: [ourQuarantined] })
  expect(await again.json()).toEqual({ allowed: [], known: ['sender@outside.example'] })
})

test('a download of what is held is audited before its first byte', async () => {
  as('admin')
  const content = Buffer.from('Subject: x\r\n\r\nx\r\n')
  const { location } = await spool.append(
    { id: newId(), kind: 'inbound', sender: '', recipients: [], receivedAt: new Date().toISOString() },
    content,
  )
  const { message_id } = await t.db
    .selectFrom('delivery')
    .select('message_id')
    .where('id', '=', ourQuarantined)
    .executeTakeFirstOrThrow()
  await t.db.updateTable('message').set(location).where('id', '=', message_id).execute()
  const response = await ask('quarantine/[id]/message', 'GET', 'x', { id: ourQuarantined })
  const audited = await t.db
    .selectFrom('audit')
    .select(['actor', 'target'])
    .where('action', '=', 'quarantine.download')
    .execute()
  expect(audited).toEqual([{ actor: 'admin@here.example', target: ourQuarantined }])
  expect(response.headers.get('content-disposition')).toMatch(/^attachment/)
  expect(Buffer.from(await response.arrayBuffer())).toEqual(content)
})

test('a filter of an admin reaches their own only', async () => {
  as('admin')
  const response = await ask('deliveries/actions', 'POST', 'x', {}, { action: 'hold', filter: {} })
  expect(await response.json()).toMatchObject({ matched: 1 })
})

test.each([
  ['from another site', { 'sec-fetch-site': 'cross-site' }],
  ['without an origin', {}],
])('a change %s is refused', async (_, headers) => {
  as('operator')
  const response = await ask(
    'deliveries/actions',
    'POST',
    'x',
    {},
    { action: 'cancel', ids: [ours] },
    headers as Record<string, string>,
  )
  expect(response.status).toBe(403)
})

test('an override counts at once, is audited, and is taken back by auto', async () => {
  as('admin')
  const params = { id: here.backendId }
  const set = await ask('backends/[id]/override', 'POST', 'x', params, {
    to: 'down',
    reason: 'new disk',
    minutes: 30,
  })
  expect(await set.json()).toMatchObject({ health: 'down', override: 'down' })
  const status = (await (await ask('status', 'GET', 'status')).json()) as {
    backends: { override: unknown; health: string }[]
  }
  expect(status.backends).toMatchObject([
    { health: 'down', override: { to: 'down', reason: 'new disk', by: 'admin@here.example' } },
  ])
  await ask('backends/[id]/override', 'POST', 'x', params, { to: 'auto' })
  const audited = await t.db
    .selectFrom('audit')
    .select(['actor', 'target'])
    .where('action', '=', 'backend.override')
    .where('organization_id', '=', here.organizationId)
    .where('actor', '=', 'admin@here.example')
    .execute()
  expect(audited.length).toBeGreaterThanOrEqual(2)
})

test('the event stream begins with the picture', async () => {
  as('admin')
  const response = await ask('events', 'GET', 'events')
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
  const reader = response.body!.getReader()
  let text = ''
  while (!text.includes('\n\ndata:') && !/event: picture\ndata: \{.*\n\n/.test(text)) {
    const { value, done } = await reader.read()
    if (done) break
    text += new TextDecoder().decode(value)
  }
  await reader.cancel()
  const data = /event: picture\ndata: (.*)\n/.exec(text)?.[1]
  expect(JSON.parse(data ?? 'null')).toMatchObject({ backends: [{ name: 'here.example' }] })
})

test('there is no example mail server outside the demo', async () => {
  as('operator')
  expect((await ask('demo/backend', 'GET', 'demo/backend')).status).toBe(404)
  expect((await ask('demo/backend', 'POST', 'demo/backend', {}, { action: 'stop' })).status).toBe(404)
})
