/** The routes of domains, on a real database: what they show, change and refuse, and to whom. */
import { randomBytes } from 'node:crypto'
import { type TestDatabase, testDatabase } from '@restante/core/db/testing.ts'
import { listBackends } from '@restante/core/directory/backends.ts'
import { addDomain } from '@restante/core/directory/domains.ts'
import { addOrganization } from '@restante/core/directory/organizations.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Services } from '../../../server/services.ts'
import type { Person } from '../../../server/session.ts'
import { GET, PATCH } from './domains/[domain]/route.ts'
import * as all from './domains/route.ts'

const signedIn = vi.hoisted(() => ({ person: null as Person | null }))
vi.mock('../../../server/session.ts', () => ({ currentPerson: async () => signedIn.person }))

const sealKey = randomBytes(32)
const here = { name: 'Here', id: '' }
let t: TestDatabase

beforeAll(async () => {
  t = await testDatabase()
  const opened = {
    settings: { PUBLIC_URL: 'http://localhost:3000' },
    log: silentLog,
    db: t.db,
    sealKey,
  } as unknown as Services
  globalThis.restanteWebmail = { opening: Promise.resolve(opened), close: async () => {} }
  here.id = (await addOrganization(t.db, { name: 'Here' })).id
  await addOrganization(t.db, { name: 'There' })
  const backends = ['smtp://user:hunter2@mail.here.test:587?tls=required', 'lmtp://mail2.here.test']
  for (const domain of ['here.test', 'also.test']) {
    await addDomain(t.db, { domain, organization: 'Here', backends }, sealKey)
  }
  await addDomain(
    t.db,
    { domain: 'there.test', organization: 'There', backends: ['smtp://mail.there.test'] },
    sealKey,
  )
})
afterAll(async () => {
  globalThis.restanteWebmail = undefined
  await t.close()
})

function as(role: Person['role'] | null): void {
  signedIn.person = role && {
    id: 'p',
    organizationId: role === 'operator' ? null : here.id,
    address: `${role}@here.test`,
    name: '',
    role,
    locale: 'en',
    sessionEpoch: 0,
  }
}

function ask(method: 'GET' | 'PATCH', domain: string | null, body?: unknown): Promise<Response> {
  const request = new Request('http://localhost:3000/api/v1/domains', {
    method,
    headers: { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (domain === null) return all.GET(request, { params: Promise.resolve({}) })
  return (method === 'GET' ? GET : PATCH)(request, { params: Promise.resolve({ domain }) })
}

test.each([
  [null, 401],
  ['user', 404],
] as const)('%s gets %i', async (role, status) => {
  as(role)
  expect((await ask('GET', null)).status).toBe(status)
  expect((await ask('GET', 'here.test')).status).toBe(status)
  expect((await ask('PATCH', 'here.test', { recipients: 'ask' })).status).toBe(status)
})

test('an admin sees their own, without passwords, and finds no other', async () => {
  as('admin')
  const text = await (await ask('GET', null)).text()
  expect(text).not.toContain('hunter2')
  expect(JSON.parse(text).items).toEqual([
    {
      name: 'also.test',
      organization: 'Here',
      recipients: 'directory',
      unverified: 'later',
      client: 'xforward',
      hosts: ['smtp://mail.here.test:587', 'lmtp://mail2.here.test:24'],
      sharing: ['here.test'],
      programs: { imap: null, pop: null, smtp: null, user: 'address', people: 0, seen: 0 },
    },
    expect.objectContaining({ name: 'here.test' }),
  ])
  expect((await ask('GET', 'there.test')).status).toBe(404)
  expect((await ask('PATCH', 'there.test', { recipients: 'ask' })).status).toBe(404)
  as('operator')
  expect((await (await ask('GET', null)).json()).items).toHaveLength(3)
})

test('a change is made as the command line makes it, for all who share the backend, and audited', async () => {
  as('admin')
  const changed = await ask('PATCH', 'Here.test', {
    recipients: 'ask',
    unverified: 'hold',
    client: 'xclient',
  })
  expect(await changed.json()).toMatchObject({ recipients: 'ask', unverified: 'hold', client: 'xclient' })
  expect(await (await ask('GET', 'also.test')).json()).toMatchObject({
    recipients: 'directory',
    client: 'xclient',
  })
  const [backend] = await listBackends(t.db, sealKey, here.id)
  expect(backend?.hosts).toEqual([
    {
      protocol: 'smtp',
      host: 'mail.here.test',
      port: 587,
      tls: 'required',
      client: 'xclient',
      user: 'user',
      password: 'hunter2',
    },
    { protocol: 'lmtp', host: 'mail2.here.test', port: 24, tls: 'opportunistic', client: 'xclient' },
  ])
  const audit = await t.db.selectFrom('audit').selectAll().where('action', '=', 'domain.set').execute()
  expect(audit).toMatchObject([
    {
      actor: 'admin@here.test',
      target: 'here.test',
      detail: { backendChangedFor: ['also.test', 'here.test'] },
    },
  ])
})

test.each([{ recipients: 'guess' }, { unverified: 'bounce' }, { client: 'telepathy' }, { hosts: [] }])(
  '%o is refused',
  async body => {
    as('admin')
    expect((await ask('PATCH', 'here.test', body)).status).toBe(400)
  },
)
