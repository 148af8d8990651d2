import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '../db/testing.ts'
import { addDomain } from '../directory/domains.ts'
import { setImapCredentials } from '../directory/imap-credentials.ts'
import { addOrganization } from '../directory/organizations.ts'
import { addPerson } from '../directory/people.ts'
import { everything } from '../queue/scope.ts'
import { type Item, readReadiness, type World } from './readiness.ts'

const now = new Date('2026-11-22T12:00:00Z')
const sealKey = Buffer.alloc(32, 7)
const GIB = 2 ** 30
const well: World = {
  leadsHere: async () => true,
  certificate: async () => ({ validTo: new Date('2027-02-22T12:00:00Z'), selfSigned: false }),
  freeBytes: async () => 300 * GIB,
  snapshotAge: async () => 4_200,
}
let t: TestDatabase

beforeAll(async () => {
  t = await testDatabase()
  await addOrganization(t.db, { name: 'Bakery' })
  const backends = ['smtp://mx.bakery.test']
  await addDomain(t.db, { domain: 'bakery.test', organization: 'Bakery', backends }, sealKey)
  for (const name of ['ann', 'ben']) await addPerson(t.db, { address: `${name}@bakery.test`, name })
})
afterAll(() => t.close())

async function item<N extends Item['name']>(name: N, world: Partial<World> = {}) {
  const all = await readReadiness(t.db, everything, { ...well, ...world }, now)
  return all.find((one): one is Item & { name: N } => one.name === name)
}

test('who has no password here could not sign in', async () => {
  expect(await item('people')).toMatchObject({
    level: 'fail',
    people: 2,
    ready: 0,
    without: ['ann@bakery.test', 'ben@bakery.test'],
  })
  await t.db.updateTable('person').set({ password_hash: 'x' }).execute()
  await t.db
    .updateTable('person')
    .set({ last_seen_at: now })
    .where('address', '=', 'ann@bakery.test')
    .execute()
  expect(await item('people')).toMatchObject({ level: 'ok', ready: 2, neverCame: 1 })
})

test('the free space is told in hours of outage at the rate of the last day', async () => {
  expect(await item('disk')).toMatchObject({ level: 'ok', hours: null })
  const { id } = await t.db.selectFrom('organization').select('id').executeTakeFirstOrThrow()
  await t.db
    .insertInto('message')
    .values({
      id: '01990000-0000-7000-8000-000000000001',
      organization_id: id,
      kind: 'inbound',
      sender: 'a@b.test',
      size: GIB,
      received_at: new Date(now.getTime() - 3_600_000),
      segment: 'x',
      position: 0,
    })
    .execute()
  // 300 GiB at one and a half a day.
  expect(await item('disk')).toMatchObject({ level: 'ok', hours: 4_800 })
  expect(await item('disk', { freeBytes: async () => 10 * GIB })).toMatchObject({ level: 'warn', hours: 160 })
  expect(await item('disk', { freeBytes: async () => GIB })).toMatchObject({ level: 'fail', hours: 16 })
})

test.each<[Item['name'], Partial<World>, object]>([
  ['dns', {}, { level: 'ok', domains: 1 }],
  ['dns', { leadsHere: async () => false }, { level: 'fail', elsewhere: ['bakery.test'] }],
  ['dns', { leadsHere: async () => null }, { level: 'warn', unanswered: ['bakery.test'] }],
  ['dns', { leadsHere: () => Promise.reject(new Error('no')) }, { level: 'warn' }],
  ['certificate', {}, { level: 'ok', daysLeft: 92 }],
  [
    'certificate',
    { certificate: async () => ({ validTo: new Date('2026-11-25T12:00:00Z'), selfSigned: false }) },
    { level: 'warn', daysLeft: 3 },
  ],
  [
    'certificate',
    { certificate: async () => ({ validTo: new Date('2026-11-20T12:00:00Z'), selfSigned: false }) },
    { level: 'fail', daysLeft: -2 },
  ],
  [
    'certificate',
    { certificate: () => Promise.reject(new Error('none')) },
    { level: 'warn', daysLeft: null },
  ],
  ['snapshot', {}, { level: 'ok', ageSeconds: 4 }],
  ['snapshot', { snapshotAge: async () => 3_600_000 }, { level: 'warn', ageSeconds: 3_600 }],
  ['snapshot', { snapshotAge: () => Promise.reject(new Error('away')) }, { level: 'warn', ageSeconds: null }],
  ['drill', {}, { level: 'warn', daysAgo: null }],
  ['contacts', {}, { level: 'warn', people: 2, confirmed: 0 }],
])('%s, case %#', async (name, world, expected) => {
  expect(await item(name, world)).toMatchObject(expected)
})

test('who has given their own credentials is named, and whose are not good', async () => {
  expect(await item('access')).toBeUndefined()
  for (const name of ['ann', 'ben']) {
    await setImapCredentials(t.db, `${name}@bakery.test`, { secret: 'x' }, 'test', sealKey)
  }
  await t.db
    .updateTable('imap_credentials')
    .set({ checked_at: now, problem: 'refused' })
    .where('user_name', '=', 'ben@bakery.test')
    .execute()
  expect(await item('access')).toEqual({
    name: 'access',
    level: 'warn',
    given: 2,
    who: ['ann@bakery.test', 'ben@bakery.test'],
    bad: ['ben@bakery.test'],
  })
})
