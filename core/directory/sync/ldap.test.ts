/** A real OpenLDAP, read into a real directory again and again while people come, move and leave there. */
import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  LDAP_BASE,
  LDAP_PASSWORD,
  LDAP_READER,
  type LdapEntry,
  type Slapd,
  startSlapd,
} from '../../../e2e/servers/slapd.ts'
import { certificate } from '../../../worker/testing/certificate.ts'
import { type TestDatabase, testDatabase } from '../../db/testing.ts'
import { addDomain } from '../domains.ts'
import { listMailboxes } from '../mailboxes.ts'
import { addOrganization } from '../organizations.ts'
import { addPerson, listPeople } from '../people.ts'
import { checkLdap, type LdapSettings, readLdap } from './ldap.ts'
import { findLdap, setLdap, syncLdap, takeDue } from './sources.ts'

const sealKey = randomBytes(32)
let slapd: Slapd
let database: TestDatabase

const many: LdapEntry[] = Array.from({ length: 40 }, (_, at) => ({
  cn: `Person ${at}`,
  entryUUID: `00000000-0000-4000-8000-0000000000${String(at).padStart(2, '0')}`,
  mail: `person${at}@example.test`,
}))
const anna: LdapEntry = {
  cn: 'Anna',
  entryUUID: '00000000-0000-4000-8000-0000000000aa',
  displayName: 'Anna Bosch i Vilà',
  mail: 'Anna@Example.test',
  proxyAddresses: [
    'SMTP:anna@example.test',
    'smtp:a.bosch@example.test',
    'sip:anna@example.test',
    'smtp:anna@elsewhere.test',
  ],
}
const info: LdapEntry = { cn: 'Info', objectClass: 'organizationalRole', mail: 'info@example.test' }

beforeAll(async () => {
  slapd = await startSlapd({ certificate, people: [anna, info, ...many] })
})
afterAll(async () => {
  await slapd?.remove()
})
beforeEach(async () => {
  database = await testDatabase()
  await addOrganization(database.db, { name: 'Example' })
  await addDomain(
    database.db,
    { domain: 'example.test', organization: 'Example', backends: ['smtp://127.0.0.1'] },
    sealKey,
  )
})
afterEach(async () => {
  await database.close()
})

const settings = (more: Partial<LdapSettings> = {}): LdapSettings =>
  checkLdap({
    url: `ldaps://127.0.0.1:${slapd.securePort}`,
    ca: certificate.cert,
    base: LDAP_BASE,
    bindDn: LDAP_READER,
    password: LDAP_PASSWORD,
    sharedFilter: '(&(objectClass=organizationalRole)(mail=*))',
    ...more,
  })

async function sync(options: { dryRun?: boolean; acceptRemovals?: boolean } = {}) {
  const found = await syncLdap(database.db, await findLdap(database.db, sealKey, 'Example'), options)
  if (found.type === 'failed') throw new Error(found.reason)
  return found.result
}
async function people(next: LdapEntry[]) {
  await slapd.stop()
  slapd.setPeople(next)
  await slapd.start()
}

describe('reading', () => {
  test.each([
    ['LDAPS', () => settings()],
    ['STARTTLS', () => settings({ url: `ldap://127.0.0.1:${slapd.port}` })],
    ['clear text on this machine', () => settings({ url: `ldap://127.0.0.1:${slapd.port}?tls=none` })],
  ])('goes by %s', async (_, make) => {
    const read = await readLdap(make())
    if (read.type === 'failed') throw new Error(read.reason)
    expect(read.wanted).toHaveLength(42)
    expect(read.wanted).toContainEqual({
      key: anna.entryUUID,
      addresses: ['Anna@Example.test', 'anna@example.test', 'a.bosch@example.test', 'anna@elsewhere.test'],
      name: 'Anna Bosch i Vilà',
      kind: 'personal',
    })
  })

  test.each([
    ['a certificate that nobody known has signed', () => settings({ ca: '' }), /certificate/],
    [
      'the same by STARTTLS',
      () => settings({ url: `ldap://127.0.0.1:${slapd.port}`, ca: '' }),
      /certificate/,
    ],
    ['a wrong password', () => settings({ password: 'wrong' }), /InvalidCredentials/],
    ['a base that is not there', () => settings({ base: 'dc=nowhere' }), /NoSuchObject/],
    ['a server that is not there', () => settings({ url: 'ldaps://127.0.0.1:1' }), /ECONNREFUSED/],
  ])('fails for %s and says why', async (_, make, why) => {
    const read = await readLdap(make())
    expect(read.type).toBe('failed')
    expect(read).toHaveProperty('reason', expect.stringMatching(why))
    expect(JSON.stringify(read)).not.toContain(LDAP_PASSWORD)
  })

  test('fails as a whole when the server gives only a part', async () => {
    const short = await startSlapd({ certificate, people: many, limit: 20 })
    try {
      const read = await readLdap(
        settings({ url: `ldaps://127.0.0.1:${short.securePort}`, sharedFilter: undefined }),
      )
      expect(read).toMatchObject({ type: 'failed', reason: expect.stringMatching(/LimitExceeded/) })
    } finally {
      await short.remove()
    }
  })
})

test('people come, are renamed, and leave; what was added by hand stays', { timeout: 60_000 }, async () => {
  const { db } = database
  await addPerson(db, { address: 'byhand@example.test' })
  await addPerson(db, { address: 'person1@example.test', password: 'correct horse battery', role: 'admin' })
  await setLdap(db, 'Example', { settings: settings() }, sealKey)

  const tried = await sync({ dryRun: true })
  expect(tried).toMatchObject({ done: false, problems: [], removed: [] })
  expect(tried.added).toHaveLength(42)
  expect(await listPeople(db)).toHaveLength(2)

  expect(await sync()).toMatchObject({ done: true, problems: [] })
  expect(await sync()).toMatchObject({ added: [], changed: [], removed: [], unchanged: 42 })
  const mailboxes = await listMailboxes(db)
  expect(mailboxes.find(one => one.address === 'anna@example.test')).toMatchObject({
    name: 'Anna Bosch i Vilà',
    kind: 'personal',
    aliases: ['a.bosch@example.test'],
  })
  expect(mailboxes.find(one => one.address === 'info@example.test')).toMatchObject({
    kind: 'shared',
    members: [],
  })
  const admin = (await listPeople(db)).find(one => one.address === 'person1@example.test')
  expect(admin).toMatchObject({ role: 'admin', canSignIn: true })

  // Anna marries, her old address stays hers; three others leave, one of them an admin here.
  await people([
    {
      ...anna,
      displayName: 'Anna Puig',
      mail: 'anna.puig@example.test',
      proxyAddresses: ['smtp:anna@example.test'],
    },
    info,
    ...many.slice(3),
  ])
  const anewId = mailboxes.find(one => one.address === 'anna@example.test')?.id
  const changed = await sync()
  expect(changed).toMatchObject({
    // The shared mailbox has another entryUUID after each new start: it is the same one.
    changed: ['anna.puig@example.test', 'info@example.test'],
    added: [],
    problems: [],
  })
  expect(changed.removed.toSorted()).toEqual(['person0@example.test', 'person2@example.test'])
  const after = await listMailboxes(db)
  expect(after.find(one => one.id === anewId)).toMatchObject({
    address: 'anna.puig@example.test',
    name: 'Anna Puig',
    aliases: ['anna@example.test'],
    members: ['anna.puig@example.test'],
  })
  const names = (await listPeople(db)).map(one => one.address)
  expect(names).toContain('byhand@example.test')
  expect(names).toContain('person1@example.test')

  // Half of it is gone: an accident, until somebody says otherwise.
  await people([anna, info, ...many.slice(20)])
  const aside = await sync()
  expect(aside.removed).toEqual([])
  expect(aside.setAside).toMatchObject({ reason: 'too-many' })
  expect((await findLdap(db, sealKey, 'Example')).lastResult).toMatchObject({
    type: 'synced',
    setAside: { reason: 'too-many' },
  })
  expect(await listPeople(db)).toHaveLength(names.length)
  const accepted = await sync({ acceptRemovals: true })
  expect(accepted.removed).toHaveLength(17)

  // Nothing at all is never believed.
  await people([])
  expect(await sync({ acceptRemovals: true })).toMatchObject({ removed: [], setAside: { reason: 'empty' } })
})

test('an entry with a fault is told and keeps nobody else back', async () => {
  const { db } = database
  await addPerson(db, { address: 'own@example.test', aliases: ['sales@example.test'] })
  await setLdap(db, 'Example', { settings: settings() }, sealKey)
  await people([
    { cn: 'A', mail: 'sales@example.test' },
    { cn: 'B', mail: 'b@example.test' },
    { cn: 'C', mail: 'b@example.test' },
    { cn: 'D', mail: 'not an address@example.test' },
    { cn: 'E', mail: 'e@elsewhere.test' },
    { cn: 'F', mail: 'f@example.test', mailAlternateAddress: 'b@example.test' },
  ])
  const result = await sync()
  expect(result.added.toSorted()).toEqual(['b@example.test', 'f@example.test'])
  expect(result.elsewhere).toBe(2)
  expect(result.problems.map(one => one.code).toSorted()).toEqual([
    'address-taken',
    'address-taken',
    'address-taken',
    'bad-address',
  ])
})

test('what is due is taken by one worker, and the password is sealed', async () => {
  const { db } = database
  await setLdap(db, 'Example', { settings: settings(), everyMinutes: 30 }, sealKey)
  const row = await db.selectFrom('people_source').selectAll().executeTakeFirstOrThrow()
  expect(row.settings).not.toContain('secret')
  const now = new Date(Date.now() + 1_000)
  expect(await takeDue(db, sealKey, now)).toHaveLength(1)
  expect(await takeDue(db, sealKey, now)).toHaveLength(0)
  expect(await takeDue(db, sealKey, new Date(now.getTime() + 30 * 60_000))).toHaveLength(1)
})
