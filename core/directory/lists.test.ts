import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newId } from '../db/id.ts'
import { type TestDatabase, testDatabase } from '../db/testing.ts'
import { domainScan, listDomainScans, parseScanSetting, setDomainScan } from './domain-scan.ts'
import { addDomain } from './domains.ts'
import { type Claim, List, type ListEntry, matchLists } from './list-match.ts'
import { addListEntry, listEntries, normalizeListValue, removeListEntry } from './lists.ts'
import { addMailbox } from './mailboxes.ts'
import { addOrganization } from './organizations.ts'
import { Directory, readDirectory } from './snapshot.ts'

describe('a value', () => {
  test.each([
    ['Anna@Example.COM', 'anna@example.com'],
    ['@example.com', 'example.com'],
    ['*.example.com', 'example.com'],
    ['.Example.com.', 'example.com'],
    ['español.example', 'xn--espaol-zwa.example'],
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.7/24', '192.0.2.0/24'],
    ['10.200.3.4/9', '10.128.0.0/9'],
    ['2001:DB8::1', '2001:db8::1'],
    ['2001:db8:1:2:3::/48', '2001:db8:1::/48'],
    ['2001:db8:ffff::/33', '2001:db8:8000::/33'],
  ])('%s is kept as %s', (text, value) => {
    expect(normalizeListValue(text)).toBe(value)
  })
  test.each([
    ['', /neither an address, nor a domain, nor a network/],
    ['com', /neither/],
    ['anna@', /not an address/],
    ['a b@example.com', /not an address/],
    ['192.0.2.0/33', /not a network/],
    ['192.0.2.0/24/8', /not a network/],
    ['0.0.0.0/0', /too large/],
    ['::/0', /too large/],
  ])('%j is refused', (text, message) => {
    expect(() => normalizeListValue(text)).toThrow(message)
  })
})

describe('what an entry does', () => {
  const list = new List([
    { kind: 'block', value: 'example.com' },
    { kind: 'allow', value: 'friend@example.com' },
    { kind: 'allow', value: 'news.example.com' },
    { kind: 'allow', value: 'partner.test' },
    { kind: 'block', value: '198.51.100.0/24' },
    { kind: 'allow', value: '198.51.100.7' },
    { kind: 'block', value: '2001:db8::/32' },
  ])
  test.each<[string, Partial<Claim>, string | undefined]>([
    ['a domain', { names: ['x@example.com'] }, 'block example.com'],
    ['its subdomains', { names: ['x@a.b.example.com'] }, 'block example.com'],
    ['not what only ends so', { names: ['x@notexample.com'] }, undefined],
    [
      'an address before its domain',
      { names: ['friend@example.com'], proven: ['friend@example.com'] },
      'allow friend@example.com',
    ],
    ['a name that is only claimed', { names: ['friend@example.com'] }, 'block example.com'],
    [
      'a subdomain before its parent',
      { names: ['x@news.example.com'], proven: ['x@news.example.com'] },
      'allow news.example.com',
    ],
    ['a forger of a partner', { names: ['boss@partner.test'], network: '203.0.113.1' }, undefined],
    ['the partner', { names: ['boss@partner.test'], proven: ['boss@partner.test'] }, 'allow partner.test'],
    [
      'of two names the one that blocks',
      { names: ['boss@partner.test', 'x@example.com'], proven: ['boss@partner.test'] },
      'block example.com',
    ],
    ['a network', { network: '198.51.100.9' }, 'block 198.51.100.0/24'],
    ['an address in it', { network: '198.51.100.7' }, 'allow 198.51.100.7'],
    ['as IPv4 in IPv6', { network: '::ffff:198.51.100.9' }, 'block 198.51.100.0/24'],
    ['IPv6', { network: '2001:db8:1::5' }, 'block 2001:db8::/32'],
    [
      'a name before a network',
      { names: ['boss@partner.test'], proven: ['boss@partner.test'], network: '198.51.100.9' },
      'allow partner.test',
    ],
    ['nobody', {}, undefined],
  ])('%s', (_name, claim, expected) => {
    const met = list.match({ names: [], proven: [], ...claim })
    expect(met && `${met.kind} ${met.value}`).toBe(expected)
  })

  test("an organization's block stands above a mailbox, a mailbox above an organization's allow", () => {
    const of = (kind: ListEntry['kind']) => new List([{ kind, value: 'a.test' }])
    const claim = { names: ['x@a.test'], proven: ['x@a.test'] }
    const kinds = (organization: List | undefined, ...mailboxes: (List | undefined)[]) =>
      matchLists({ organization, mailboxes }, claim)?.kind
    expect(kinds(of('block'), of('allow'))).toBe('block')
    expect(kinds(of('allow'), of('block'))).toBe('block')
    expect(kinds(of('allow'), undefined)).toBe('allow')
    expect(kinds(undefined, of('allow'))).toBe('allow')
    expect(kinds(undefined, of('block'), undefined)).toBeUndefined()
    expect(kinds(undefined, of('block'), of('block'))).toBe('block')
    expect(kinds(undefined)).toBeUndefined()
  })
})

describe('in the database', () => {
  let t: TestDatabase
  const sealKey = Buffer.alloc(32)
  let organizationId: string
  let mailboxId: string
  beforeAll(async () => {
    t = await testDatabase()
    organizationId = (await addOrganization(t.db, { name: 'Acme' })).id
    await addDomain(
      t.db,
      { domain: 'acme.test', organization: 'Acme', backends: ['smtp://127.0.0.1'] },
      sealKey,
    )
    mailboxId = (await addMailbox(t.db, { address: 'anna@acme.test' })).id
  })
  afterAll(() => t.close())

  test('entries are added once a list, shown, carried to the relay, and removed', async () => {
    const add = (kind: 'allow' | 'block', value: string, own?: string) =>
      addListEntry(t.db, { organizationId, mailboxId: own, kind, value, createdBy: 'cli' })
    const first = await add('block', '@Evil.test')
    expect(first).toMatchObject({ value: 'evil.test', type: 'domain' })
    await add('allow', 'friend@evil.test', mailboxId)
    await expect(add('allow', 'evil.test')).rejects.toMatchObject({ code: 'list-entry-exists' })
    await expect(add('block', 'x y')).rejects.toMatchObject({ code: 'bad-list-entry' })
    await expect(
      addListEntry(t.db, { organizationId: mailboxId, kind: 'allow', value: 'a.test', createdBy: 'cli' }),
    ).rejects.toMatchObject({ code: 'unknown-organization' })
    await expect(add('block', 'a.test', organizationId)).rejects.toMatchObject({ code: 'unknown-mailbox' })
    expect(
      (await listEntries(t.db, { organizationId })).map(row => [row.mailbox, row.kind, row.value]),
    ).toEqual([
      [null, 'block', 'evil.test'],
      ['anna@acme.test', 'allow', 'friend@evil.test'],
    ])

    const directory = new Directory(JSON.parse(JSON.stringify(await readDirectory(t.db))))
    const lists = directory.listsOf('Anna+news@acme.test')
    const meets = (name: string) => lists && matchLists(lists, { names: [name], proven: [name] })?.kind
    expect(meets('x@evil.test')).toBe('block')
    expect(
      lists?.mailboxes[0]?.match({ names: ['friend@evil.test'], proven: ['friend@evil.test'] })?.kind,
    ).toBe('allow')
    expect(directory.listsOf('anna@elsewhere.test')).toBeUndefined()

    await removeListEntry(t.db, { organizationId, mailboxId: null, value: 'EVIL.test' })
    await expect(removeListEntry(t.db, { id: first.id })).rejects.toMatchObject({
      code: 'unknown-list-entry',
    })
    await expect(
      removeListEntry(t.db, { organizationId, mailboxId: null, value: 'friend@evil.test' }),
    ).rejects.toMatchObject({ code: 'unknown-list-entry' })
  })

  test('a domain sets what it wants of the scan, and takes the default again', async () => {
    expect(await domainScan(t.db, 'acme.test')).toMatchObject({ policy: { dmarc: 'honour' }, own: [] })
    const changes = Object.fromEntries(
      ['DMARC=mark', 'greylisting=on', 'blockedEndings=.ISO, js'].map(text => parseScanSetting(text)),
    )
    const changed = await setDomainScan(t.db, 'Acme.test', changes)
    expect(changed).toMatchObject({
      policy: { dmarc: 'mark', greylisting: true, blockedEndings: ['iso', 'js'], spam: 'reject' },
      own: ['dmarc', 'blockedEndings', 'greylisting'],
    })
    expect(await listDomainScans(t.db, organizationId)).toContainEqual(
      expect.objectContaining({ ...changed, organization: expect.any(String) }),
    )
    expect(await listDomainScans(t.db, newId())).toEqual([])
    const directory = new Directory(await readDirectory(t.db))
    expect(directory.scanPolicy('ANNA@Acme.test')).toEqual(changed.policy)
    expect(directory.scanPolicy('x@elsewhere.test').dmarc).toBe('honour')
    expect(await setDomainScan(t.db, 'acme.test', { dmarc: null })).toMatchObject({
      policy: { dmarc: 'honour' },
      own: ['blockedEndings', 'greylisting'],
    })
  })

  test.each([
    ['dmarc=maybe', /^dmarc must be one of honour, mark, ignore, not "maybe"$/],
    ['arc=2', /^arc must be true or false, not "2"$/],
    ['blockedEndings=a/b', /^blockedEndings must be a list of endings/],
    ['colour=red', /^colour is not a scan setting; there are dmarc, spam, /],
    ['dmarc', /not of the form setting=value/],
  ])('%s is refused with a line that helps', (text, message) => {
    expect(() => parseScanSetting(text)).toThrow(message)
  })
})
