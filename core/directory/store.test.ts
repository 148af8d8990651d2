/** The directory's tables on the real database: what is added is found, what would be wrong is refused. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '../db/testing.ts'
import { listBackends, loadBackend, loadSmarthosts } from './backends.ts'
import { addDomain, listDomains, removeDomain, setDomainBackend, setDomainHistory } from './domains.ts'
import type { DirectoryCode } from './errors.ts'
import { addAlias, addMailbox, addMember, listMailboxes, removeMailbox } from './mailboxes.ts'
import { addOrganization, listOrganizations, removeOrganization, setOrganization } from './organizations.ts'
import { passwordMatches } from './passwords.ts'
import { addPerson, findPerson, listPeople, removePerson, setPerson } from './people.ts'

let database: TestDatabase
const key = randomBytes(32)
const code = (expected: DirectoryCode) => expect.objectContaining({ name: 'DirectoryError', code: expected })

beforeAll(async () => {
  database = await testDatabase()
  const { db } = database
  await addOrganization(db, { name: 'Acme' })
  await addOrganization(db, { name: 'Other' })
  await addDomain(
    db,
    { domain: 'acme.example', organization: 'Acme', backends: ['smtp://127.0.0.1:2500'] },
    key,
  )
  await addDomain(
    db,
    { domain: 'other.example', organization: 'Other', backends: ['smtp://127.0.0.1:2500'] },
    key,
  )
})
afterAll(() => database?.close())

describe('organizations', () => {
  test('are set and listed', async () => {
    const { db } = database
    const organization = await setOrganization(
      db,
      'Acme',
      { smarthosts: ['smtps://u:p@smart.example'], historyDays: 7 },
      key,
    )
    expect(organization).toMatchObject({
      name: 'Acme',
      historyDays: 7,
      hasSmarthosts: true,
      domains: ['acme.example'],
    })
    expect(await loadSmarthosts(db, organization.id, key)).toEqual([
      { protocol: 'smtp', host: 'smart.example', port: 465, tls: 'implicit', user: 'u', password: 'p' },
    ])
    const stored = await db
      .selectFrom('organization')
      .select('smarthosts')
      .where('name', '=', 'Acme')
      .executeTakeFirstOrThrow()
    expect(stored.smarthosts).not.toContain('smart')
    expect((await setOrganization(db, 'Acme', { smarthosts: [] }, key)).hasSmarthosts).toBe(false)
    expect(await loadSmarthosts(db, organization.id, key)).toEqual([])
    expect((await listOrganizations(db)).map(one => one.name)).toEqual(['Acme', 'Other'])
  })

  test('are refused twice, without a name, with wrong settings, while in use', async () => {
    const { db } = database
    await expect(addOrganization(db, { name: ' Acme ' })).rejects.toEqual(code('organization-exists'))
    await expect(addOrganization(db, { name: '  ' })).rejects.toEqual(code('bad-name'))
    await expect(setOrganization(db, 'Nobody', {}, key)).rejects.toEqual(code('unknown-organization'))
    await expect(setOrganization(db, 'Acme', { historyDays: 91 }, key)).rejects.toEqual(code('bad-history'))
    await expect(setOrganization(db, 'Acme', { smarthosts: ['lmtp://x'] }, key)).rejects.toEqual(
      code('bad-smarthost'),
    )
    await expect(removeOrganization(db, 'Acme')).rejects.toEqual(code('organization-in-use'))
  })
})

describe('domains', () => {
  test('with the same hosts in one organization share a backend, in two they do not', async () => {
    const { db } = database
    const second = await addDomain(
      db,
      {
        domain: 'Español.example.',
        organization: 'Acme',
        backends: ['smtp://127.0.0.1:2500/'],
        imap: 'imap://127.0.0.1',
      },
      key,
    )
    expect(second.domain).toBe('xn--espaol-zwa.example')
    const domains = await listDomains(db)
    const backendOf = (name: string) => domains.find(domain => domain.name === name)?.backendId
    expect(backendOf('xn--espaol-zwa.example')).toBe(backendOf('acme.example'))
    expect(backendOf('other.example')).not.toBe(backendOf('acme.example'))
    expect(await loadBackend(db, second.backendId, key)).toEqual({
      id: second.backendId,
      organizationId: domains.find(domain => domain.name === 'acme.example')?.organizationId,
      name: 'acme.example',
      hosts: [{ protocol: 'smtp', host: '127.0.0.1', port: 2500, tls: 'opportunistic', client: 'xforward' }],
      imap: { host: '127.0.0.1', port: 143, tls: 'starttls' },
    })
    expect(await listBackends(db, key)).toHaveLength(2)
    await expect(loadBackend(db, second.backendId, randomBytes(32))).rejects.toThrow()
  })

  test('have a history of their own when they want', async () => {
    const { db } = database
    await setDomainHistory(db, 'other.example', 0)
    expect((await listDomains(db)).find(domain => domain.name === 'other.example')?.historyDays).toBe(0)
    await setDomainHistory(db, 'other.example', null)
    expect((await listDomains(db)).find(domain => domain.name === 'other.example')?.historyDays).toBe(14)
  })

  test('move to another server, with all that share it, and keep their backend', async () => {
    const { db } = database
    const add = (domain: string) =>
      addDomain(db, { domain, organization: 'Acme', backends: ['smtp://old.example'] }, key)
    const { backendId } = await add('moves.example')
    await add('along.example')
    const moved = await setDomainBackend(
      db,
      'moves.example',
      { backends: ['lmtp://127.0.0.1:24', 'smtp://new.example'], imap: 'imaps://new.example' },
      key,
    )
    expect(moved).toEqual(['along.example', 'moves.example'])
    const backend = await loadBackend(db, backendId, key)
    expect(backend?.hosts.map(host => host.host)).toEqual(['127.0.0.1', 'new.example'])
    expect(backend?.imap?.host).toBe('new.example')
    await setDomainBackend(db, 'moves.example', { imap: null }, key)
    expect((await loadBackend(db, backendId, key))?.imap).toBeFalsy()
    await expect(setDomainBackend(db, 'moves.example', { backends: ['http://x'] }, key)).rejects.toEqual(
      code('bad-backend'),
    )
    await removeDomain(db, 'moves.example')
    await removeDomain(db, 'along.example')
  })

  test('are refused twice, with bad names and bad backends', async () => {
    const { db } = database
    const add = (domain: string, backends: string[], organization = 'Acme') =>
      addDomain(db, { domain, organization, backends }, key)
    await expect(add('ACME.example', ['smtp://x.example'])).rejects.toEqual(code('domain-exists'))
    await expect(add('localhost', ['smtp://x.example'])).rejects.toEqual(code('bad-domain'))
    await expect(add('new.example', [])).rejects.toEqual(code('bad-backend'))
    await expect(add('new.example', ['http://x.example'])).rejects.toEqual(code('bad-backend'))
    await expect(add('new.example', ['smtp://x.example'], 'Nobody')).rejects.toEqual(
      code('unknown-organization'),
    )
  })

  test('go when they are empty, and the last one takes its backend along', async () => {
    const { db } = database
    const { backendId } = await addDomain(
      db,
      { domain: 'short.example', organization: 'Acme', backends: ['smtp://127.0.0.1:9'] },
      key,
    )
    await addMailbox(db, { address: 'a@short.example' })
    await expect(removeDomain(db, 'short.example')).rejects.toEqual(code('domain-in-use'))
    await removeMailbox(db, 'a@short.example')
    await removeDomain(db, 'short.example')
    await expect(loadBackend(db, backendId, key)).rejects.toEqual(code('unknown-backend'))
  })
})

describe('people and mailboxes', () => {
  test('a person has a mailbox with the six standard folders', async () => {
    const { db } = database
    const anna = await addPerson(db, {
      address: 'Anna@acme.example',
      name: 'Anna',
      password: 'correct horse',
      role: 'admin',
      locale: 'ca',
      aliases: ['a.serra@acme.example', 'team@acme.example'],
    })
    expect(anna).toMatchObject({ address: 'anna@acme.example', role: 'admin', locale: 'ca', sessionEpoch: 0 })
    const folders = await db
      .selectFrom('folder')
      .select(['role', 'name'])
      .where('mailbox_id', '=', anna.mailboxId)
      .orderBy('sort_order')
      .execute()
    expect(folders.map(folder => folder.role)).toEqual([
      'inbox',
      'drafts',
      'sent',
      'archive',
      'junk',
      'trash',
    ])
    const stored = await db
      .selectFrom('person')
      .select('password_hash')
      .where('id', '=', anna.id)
      .executeTakeFirstOrThrow()
    expect(stored.password_hash).toMatch(/^\$argon2id\$/)
    expect(await passwordMatches(stored.password_hash!, 'correct horse')).toBe(true)
    expect(await passwordMatches(stored.password_hash!, 'wrong horse')).toBe(false)
  })

  test("an alias of two mailboxes is a group; a mailbox's own address is no alias", async () => {
    const { db } = database
    await addPerson(db, { address: 'bea@acme.example', aliases: ['team@acme.example'] })
    const rows = await db
      .selectFrom('address')
      .select('mailbox_id')
      .where('address', '=', 'team@acme.example')
      .execute()
    expect(rows).toHaveLength(2)
    await expect(addAlias(db, 'bea@acme.example', 'anna@acme.example')).rejects.toEqual(code('address-taken'))
    await expect(addMailbox(db, { address: 'team@acme.example' })).rejects.toEqual(code('address-taken'))
    await expect(addAlias(db, 'bea@acme.example', 'x@other.example')).rejects.toEqual(
      code('other-organization'),
    )
  })

  test('a shared mailbox has members of its organization', async () => {
    const { db } = database
    await addMailbox(db, {
      address: 'info@acme.example',
      name: 'Info',
      shared: true,
      aliases: ['hello@acme.example'],
      members: ['anna@acme.example'],
    })
    await addMember(db, 'info@acme.example', 'bea@acme.example')
    expect((await listMailboxes(db)).find(mailbox => mailbox.address === 'info@acme.example')).toMatchObject({
      kind: 'shared',
      name: 'Info',
      aliases: ['hello@acme.example'],
      members: ['anna@acme.example', 'bea@acme.example'],
    })
    await addPerson(db, { address: 'zoe@other.example' })
    await expect(addMember(db, 'info@acme.example', 'zoe@other.example')).rejects.toEqual(
      code('other-organization'),
    )
    await expect(addMember(db, 'info@acme.example', 'no@acme.example')).rejects.toEqual(
      code('unknown-person'),
    )
    await expect(addPerson(db, { address: 'info@acme.example' })).rejects.toEqual(code('address-taken'))
  })

  test('a refused change leaves nothing behind', async () => {
    const { db } = database
    await expect(
      addMailbox(db, { address: 'half@acme.example', members: ['no@acme.example'] }),
    ).rejects.toEqual(code('unknown-person'))
    expect((await listMailboxes(db)).some(mailbox => mailbox.address === 'half@acme.example')).toBe(false)
  })

  test('an operator may live elsewhere and has no organization', async () => {
    const { db } = database
    const operator = await addPerson(db, { address: 'root@elsewhere.example', role: 'operator' })
    expect(operator).toMatchObject({ organizationId: null, mailboxId: null })
    await expect(addPerson(db, { address: 'x@elsewhere.example' })).rejects.toEqual(code('unknown-domain'))
  })

  test('a new password or role ends the sessions, a new name does not', async () => {
    const { db } = database
    expect((await setPerson(db, 'bea@acme.example', { name: 'Bea' })).sessionEpoch).toBe(0)
    expect((await setPerson(db, 'bea@acme.example', { password: 'another horse' })).sessionEpoch).toBe(1)
    expect((await setPerson(db, 'bea@acme.example', { role: 'admin' })).sessionEpoch).toBe(2)
    await expect(setPerson(db, 'bea@acme.example', { role: 'operator' })).rejects.toEqual(code('bad-role'))
    await expect(setPerson(db, 'bea@acme.example', { password: 'short' })).rejects.toEqual(
      code('weak-password'),
    )
    expect((await listPeople(db)).find(person => person.address === 'bea@acme.example')?.canSignIn).toBe(true)
  })

  test('a person is removed with or without the mailbox', async () => {
    const { db } = database
    await addPerson(db, { address: 'gone@acme.example' })
    await expect(removeMailbox(db, 'gone@acme.example')).rejects.toEqual(code('mailbox-in-use'))
    await removePerson(db, 'gone@acme.example', { mailbox: false })
    await addPerson(db, { address: 'gone@acme.example' })
    await removePerson(db, 'gone@acme.example', { mailbox: true })
    await expect(findPerson(db, 'gone@acme.example')).rejects.toEqual(code('unknown-person'))
    expect((await listMailboxes(db)).some(mailbox => mailbox.address === 'gone@acme.example')).toBe(false)
  })
})
