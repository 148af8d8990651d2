import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '../db/testing.ts'
import {
  clientSetup,
  clientUserName,
  listPrograms,
  noteSetupSeen,
  parseClientServer,
  serviceRecords,
  setClientSettings,
} from './client-settings.ts'
import { addDomain } from './domains.ts'
import { addOrganization } from './organizations.ts'
import { addPerson } from './people.ts'

describe('a server', () => {
  test.each([
    ['imap', 'imaps://Mail.Example.com', { host: 'mail.example.com', port: 993, tls: 'implicit' }],
    ['imap', ' imap://mail.example.com:1143/ ', { host: 'mail.example.com', port: 1143, tls: 'starttls' }],
    ['pop', 'pop3s://mail.example.com', { host: 'mail.example.com', port: 995, tls: 'implicit' }],
    ['smtp', 'smtp://mail.example.com', { host: 'mail.example.com', port: 587, tls: 'starttls' }],
    ['smtp', 'smtps://pošta.example.com', { host: 'xn--pota-h6a.example.com', port: 465, tls: 'implicit' }],
  ] as const)('%s %s', (protocol, text, server) => {
    expect(parseClientServer(protocol, text)).toEqual(server)
  })
  test.each([
    ['imap', 'smtp://mail.example.com'],
    ['imap', 'mail.example.com'],
    ['smtp', 'smtp://user:word@mail.example.com'],
    ['smtp', 'smtp://mail.example.com:0'],
    ['smtp', 'smtp://mail.example.com:99999'],
    ['smtp', 'smtp://mail'],
    ['smtp', 'smtp://mail.example.com/path'],
    ['pop', ''],
  ] as const)('%s %s is refused', (protocol, text) => {
    expect(() => parseClientServer(protocol, text)).toThrow(/must look like/)
  })
})

test('the records say what there is, and what there is not', () => {
  const settings = {
    user: 'address' as const,
    imap: parseClientServer('imap', 'imaps://mail.example.com'),
    smtp: parseClientServer('smtp', 'smtp://mail.example.com'),
  }
  expect(serviceRecords('acme.example', settings)).toEqual([
    { name: '_imaps._tcp.acme.example', value: '0 1 993 mail.example.com.' },
    { name: '_imap._tcp.acme.example', value: '0 0 0 .' },
    { name: '_pop3s._tcp.acme.example', value: '0 0 0 .' },
    { name: '_pop3._tcp.acme.example', value: '0 0 0 .' },
    { name: '_submissions._tcp.acme.example', value: '0 0 0 .' },
    { name: '_submission._tcp.acme.example', value: '0 1 587 mail.example.com.' },
  ])
})

test('what people sign in as', () => {
  expect(clientUserName({ user: 'address' }, 'ann@acme.example')).toBe('ann@acme.example')
  expect(clientUserName({ user: 'local' }, 'ann@acme.example')).toBe('ann')
})

describe('of a domain', () => {
  let t: TestDatabase
  beforeAll(async () => {
    t = await testDatabase()
    await addOrganization(t.db, { name: 'Acme' })
    await addDomain(
      t.db,
      { domain: 'acme.example', organization: 'Acme', backends: ['smtp://mx.acme.example'] },
      randomBytes(32),
    )
  })
  afterAll(() => t.close())

  test('there is nothing to set up before there is a way in and a way out', async () => {
    expect(await clientSetup(t.db, 'acme.example')).toBeNull()
    await setClientSettings(t.db, 'acme.example', { imap: 'imaps://mail.acme.example' })
    expect(await clientSetup(t.db, 'acme.example')).toBeNull()
    await setClientSettings(t.db, 'acme.example', { smtp: 'smtps://mail.acme.example', user: 'local' })
    expect(await clientSetup(t.db, 'ACME.example')).toEqual({
      domain: 'acme.example',
      organization: 'Acme',
      user: 'local',
      imap: { host: 'mail.acme.example', port: 993, tls: 'implicit' },
      smtp: { host: 'mail.acme.example', port: 465, tls: 'implicit' },
    })
    expect(await clientSetup(t.db, 'other.example')).toBeNull()
  })

  test('a wrong server changes nothing, null takes one away', async () => {
    const wrong = setClientSettings(t.db, 'acme.example', { pop: 'pop3s://mail.acme.example', smtp: 'no' })
    await expect(wrong).rejects.toThrow(/must look like smtps:\/\/host or smtp:\/\/host/)
    expect((await listPrograms(t.db)).get('acme.example')?.pop).toBeNull()
    await setClientSettings(t.db, 'acme.example', { imap: null })
    expect(await clientSetup(t.db, 'acme.example')).toBeNull()
  })

  test('who has looked is counted', async () => {
    const ann = await addPerson(t.db, { address: 'ann@acme.example', role: 'user', locale: 'en' })
    await addPerson(t.db, { address: 'ben@acme.example', role: 'user', locale: 'en' })
    await noteSetupSeen(t.db, ann.id, new Date())
    expect((await listPrograms(t.db)).get('acme.example')).toMatchObject({
      people: 2,
      seen: 1,
      user: 'local',
    })
  })
})
