/** Lists and scan settings over the API: an admin's own organization, an operator's any, nobody else's. */
import { type TestDatabase, testDatabase } from '@restante/core/db/testing.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { type SeededOrganization, seedOrganization } from '@restante/core/queue/overview-seed.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Services } from '../../../server/services.ts'
import type { Person } from '../../../server/session.ts'

const signedIn = vi.hoisted(() => ({ person: null as Person | null }))
vi.mock('../../../server/session.ts', () => ({ currentPerson: async () => signedIn.person }))

type Handler = (request: Request, context: { params: Promise<Record<string, string>> }) => Promise<Response>

let t: TestDatabase
let here: SeededOrganization
let there: SeededOrganization
beforeAll(async () => {
  t = await testDatabase()
  const opened = { settings: { PUBLIC_URL: 'http://localhost:3000' }, log: silentLog, db: t.db }
  globalThis.restanteWebmail = {
    opening: Promise.resolve(opened as unknown as Services),
    close: async () => {},
  }
  here = await seedOrganization(t.db, 'here.example')
  there = await seedOrganization(t.db, 'there.example')
})
afterAll(async () => {
  globalThis.restanteWebmail = undefined
  await t.close()
})

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

const modules = {
  lists: () => import('./lists/route.ts'),
  list: () => import('./lists/[id]/route.ts'),
  scan: () => import('./domains/[domain]/scan/route.ts'),
}

async function ask(
  route: keyof typeof modules,
  method: string,
  params: Record<string, string> = {},
  body?: unknown,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const module = (await modules[route]()) as unknown as Record<string, Handler>
  const request = new Request('http://localhost:3000/api/v1/x', {
    method,
    headers: { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const response = await module[method]?.(request, { params: Promise.resolve(params) })
  return { status: response?.status ?? 0, body: (await response?.json()) as Record<string, unknown> }
}

test.each([
  [null, 401],
  ['user', 404],
] as const)('%s gets %i everywhere', async (role, status) => {
  as(role)
  const entry = { kind: 'block', value: 'evil.test' }
  for (const [route, method, params, body] of [
    ['lists', 'GET', {}, undefined],
    ['lists', 'POST', {}, entry],
    ['list', 'DELETE', { id: here.backendId }, undefined],
    ['scan', 'GET', { domain: 'here.example' }, undefined],
    ['scan', 'PATCH', { domain: 'here.example' }, { dmarc: 'mark' }],
  ] as const)
    expect([route, method, (await ask(route, method, params, body)).status]).toEqual([route, method, status])
})

test('an admin keeps the list of their own organization', async () => {
  as('admin')
  const added = await ask('lists', 'POST', {}, { kind: 'block', value: '@Evil.test', comment: 'spam' })
  expect(added).toMatchObject({ status: 201, body: { kind: 'block', value: 'evil.test', type: 'domain' } })
  expect(await ask('lists', 'POST', {}, { kind: 'allow', value: 'evil.test' })).toMatchObject({ status: 409 })
  expect(await ask('lists', 'POST', {}, { kind: 'allow', value: 'no value' })).toMatchObject({
    status: 400,
    body: { detail: expect.stringContaining('neither an address') },
  })
  expect(await ask('lists', 'POST', {}, { kind: 'maybe', value: 'a.test' })).toMatchObject({ status: 400 })
  const foreign = { kind: 'allow', value: 'a.test', organizationId: there.organizationId }
  expect(await ask('lists', 'POST', {}, foreign)).toMatchObject({ status: 404 })

  as('operator')
  expect(await ask('lists', 'POST', {}, { kind: 'allow', value: 'a.test' })).toMatchObject({ status: 400 })
  const theirs = await ask('lists', 'POST', {}, foreign)
  expect(theirs.status).toBe(201)

  as('admin')
  const seen = (await ask('lists', 'GET')).body.items as { value: string; createdBy: string }[]
  expect(seen).toMatchObject([{ value: 'evil.test', createdBy: 'admin@here.example' }])
  expect(await ask('list', 'DELETE', { id: String(theirs.body.id) })).toMatchObject({ status: 404 })
  expect(await ask('list', 'DELETE', { id: 'x' })).toMatchObject({ status: 404 })
  expect(await ask('list', 'DELETE', { id: String(added.body.id) })).toMatchObject({ status: 200 })
  expect((await ask('lists', 'GET')).body.items).toEqual([])

  const audited = await t.db.selectFrom('audit').select(['action', 'target']).orderBy('at').execute()
  expect(audited).toMatchObject([
    { action: 'list.add', target: 'evil.test' },
    { action: 'list.add', target: 'a.test' },
    { action: 'list.remove', target: 'evil.test' },
  ])
})

test('and says what their domains want of the scan', async () => {
  as('admin')
  const domain = 'here.example'
  expect(await ask('scan', 'GET', { domain })).toMatchObject({
    body: { policy: { dmarc: 'honour' }, own: [] },
  })
  expect(await ask('scan', 'PATCH', { domain }, { dmarc: 'mark', blockedEndings: ['iso'] })).toMatchObject({
    status: 200,
    body: { policy: { dmarc: 'mark', blockedEndings: ['iso'] }, own: ['dmarc', 'blockedEndings'] },
  })
  expect(await ask('scan', 'PATCH', { domain }, { dmarc: null })).toMatchObject({
    body: { own: ['blockedEndings'] },
  })
  expect(await ask('scan', 'PATCH', { domain }, { dmarc: 'maybe' })).toMatchObject({
    status: 400,
    body: { detail: 'dmarc must be one of honour, mark, ignore, not "maybe"' },
  })
  expect(await ask('scan', 'PATCH', { domain }, { colour: 'red' })).toMatchObject({ status: 400 })
  for (const other of ['there.example', 'unknown.example', 'x y'])
    expect(await ask('scan', 'GET', { domain: other })).toMatchObject({ status: 404 })
})
