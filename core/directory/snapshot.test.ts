import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Directory, loadSnapshot, type SnapshotData, saveSnapshot } from './snapshot.ts'

const data: SnapshotData = {
  version: 1,
  readAt: '2026-11-01T10:00:00.000Z',
  domains: [
    { name: 'acme.example', organizationId: 'o1', backendId: 'b1' },
    { name: 'xn--espaol-zwa.example', organizationId: 'o2', backendId: 'b2' },
  ],
  addresses: [
    ['anna@acme.example', ['m1']],
    ['team@acme.example', ['m1', 'm2']],
    ['c+d@acme.example', ['m3']],
    ['ana@xn--espaol-zwa.example', ['m4']],
    ['abuse@acme.example', ['m5']],
  ],
}
const acme = { type: 'local', domain: 'acme.example', organizationId: 'o1', backendId: 'b1' }

describe('routing', () => {
  const directory = new Directory(data)
  test.each([
    ['anna@acme.example', { ...acme, address: 'anna@acme.example', mailboxIds: ['m1'] }],
    ['ANNA@ACME.EXAMPLE', { ...acme, address: 'anna@acme.example', mailboxIds: ['m1'] }],
    ['"Anna"@acme.example.', { ...acme, address: 'anna@acme.example', mailboxIds: ['m1'] }],
    ['anna+News@acme.example', { ...acme, address: 'anna@acme.example', tag: 'news', mailboxIds: ['m1'] }],
    ['c+d@acme.example', { ...acme, address: 'c+d@acme.example', mailboxIds: ['m3'] }],
    ['team@acme.example', { ...acme, address: 'team@acme.example', mailboxIds: ['m1', 'm2'] }],
    ['Postmaster@acme.example', { ...acme, address: 'postmaster@acme.example', mailboxIds: [] }],
    ['abuse@acme.example', { ...acme, address: 'abuse@acme.example', mailboxIds: ['m5'] }],
    ['nobody@acme.example', { type: 'unknown-recipient', domain: 'acme.example' }],
    ['no"body@acme.example', { type: 'unknown-recipient', domain: 'acme.example' }],
    ['anna@elsewhere.example', { type: 'unknown-domain' }],
    ['anna@sub.acme.example', { type: 'unknown-domain' }],
    ['anna@[127.0.0.1]', { type: 'unknown-domain' }],
    ['anna', { type: 'unknown-domain' }],
    ['', { type: 'unknown-domain' }],
  ])('%j', (address, expected) => {
    expect(directory.route(address)).toEqual(expected)
  })

  test('knows a domain as U-label and as A-label', () => {
    expect(directory.route('ana@ESPAÑOL.example')).toMatchObject({ type: 'local', mailboxIds: ['m4'] })
    expect(directory.route('ana@xn--espaol-zwa.example')).toMatchObject({ type: 'local', mailboxIds: ['m4'] })
    expect(directory.hasDomain('español.example')).toBe(true)
    expect(directory.size).toEqual({ domains: 2, addresses: 5 })
  })
})

test('a domain whose recipients are learnt says whom to ask', () => {
  const ask = {
    hosts: [{ protocol: 'smtp' as const, host: '127.0.0.1', port: 25, tls: 'none' as const }],
    unverified: 'hold' as const,
  }
  const [acme, ...others] = data.domains
  const directory = new Directory({ ...data, domains: [{ ...acme!, ask }, ...others] })
  expect(directory.asked('acme.example')).toEqual(ask)
  expect(directory.asked('xn--espaol-zwa.example')).toBeUndefined()
  expect(directory.route('nobody@acme.example').type).toBe('unknown-recipient')
})

describe('on disk', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'restante-snapshot-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  test('what is saved is loaded, by several writers at once, and nothing is left beside it', async () => {
    const file = join(folder, 'a', 'directory.json')
    await Promise.all([saveSnapshot(file, data), saveSnapshot(file, data), saveSnapshot(file, data)])
    expect(await loadSnapshot(file)).toEqual(data)
    expect(await readdir(join(folder, 'a'))).toEqual(['directory.json'])
  })

  test.each(['', '{', '[]', '{"version":2,"domains":[],"addresses":[]}'])(
    '%j is no snapshot',
    async content => {
      const file = join(folder, 'broken.json')
      await writeFile(file, content)
      expect(await loadSnapshot(file)).toBeNull()
    },
  )

  test('none is null', async () => {
    expect(await loadSnapshot(join(folder, 'none.json'))).toBeNull()
  })
})
