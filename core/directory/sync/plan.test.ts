import { expect, test } from 'vitest'
import { checkLdap } from './ldap.ts'
import { type Known, plan, type Wanted } from './plan.ts'

const domains = new Set(['x.test', 'y.test'])
const guarded = { complete: true, removals: 'guarded', mostVanished: 0.1 } as const
const wanted = (key: string, ...addresses: string[]): Wanted => ({ key, addresses, kind: 'personal' })
const known = (key: string, more: Partial<Known> = {}): Known => ({
  key,
  mailboxId: key,
  address: `${key}@x.test`,
  name: '',
  kind: 'personal',
  role: 'user',
  locale: 'en',
  aliases: [],
  ...more,
})
const hundred = Array.from({ length: 100 }, (_, at) => known(`p${at}`))
const without = (n: number) => hundred.slice(n).map(one => wanted(one.key, one.address))

test.each([
  ['as many as may', 10, guarded, 10, undefined],
  ['one more than may', 11, guarded, 0, 'too-many'],
  ['more, and somebody says so', 50, { ...guarded, removals: 'all' }, 50, undefined],
  ['any, and nobody asked for it', 1, { ...guarded, removals: 'none' }, 0, 'not-asked'],
  ['any of a reading that broke off', 1, { ...guarded, complete: false }, 0, 'incomplete'],
  ['all', 100, { ...guarded, removals: 'all' }, 0, 'empty'],
] as const)('when %s vanished', (_, gone, limits, removed, reason) => {
  const made = plan(without(gone), hundred, domains, limits)
  expect(made.remove).toHaveLength(removed)
  expect(made.setAside?.reason).toBe(reason)
  if (reason) expect(made.setAside?.people).toHaveLength(gone)
})

test('one of a few may always leave', () => {
  const few = [known('a'), known('b')]
  expect(plan([wanted('a', 'a@x.test')], few, domains, guarded).remove).toEqual([few[1]])
})

test('admins and entries with a fault are not taken for vanished', () => {
  const before = [known('a'), known('b', { role: 'admin' }), known('c')]
  const made = plan([wanted('a', 'a@x.test'), wanted('c', 'nonsense')], before, domains, guarded)
  expect(made.remove).toEqual([])
  expect(made.problems).toMatchObject([{ key: 'c', code: 'bad-address' }])
})

test('the address is the first of the organization, the others of it are aliases', () => {
  const made = plan([wanted('k', 'a@z.test', 'A@y.test', 'b@x.test', 'a@Y.test')], [], domains, guarded)
  expect(made.add).toMatchObject([{ address: 'a@y.test', aliases: ['b@x.test'] }])
})

test('the same address under a new key is the same mailbox', () => {
  const made = plan([wanted('new', 'a@x.test')], [known('a')], domains, guarded)
  expect(made).toMatchObject({ add: [], remove: [], change: [{ key: 'new', known: { key: 'a' } }] })
})

test.each([
  [{ url: 'http://x', base: 'dc=x' }, /must be a URL/],
  [{ url: 'ldap://ldap.example.com?tls=none', base: 'dc=x' }, /this machine only/],
  [{ url: 'ldaps://user:pw@ldap.example.com', base: 'dc=x' }, /do not go into its URL/],
  [{ url: 'ldaps://ldap.example.com/dc=x', base: 'dc=x' }, /base does not go/],
  [{ url: 'ldaps://ldap.example.com', base: ' ' }, /needs a base/],
  [{ url: 'ldaps://ldap.example.com', base: 'dc=x', bindDn: 'cn=x' }, /go together/],
  [{ url: 'ldaps://ldap.example.com', base: 'dc=x', filter: 'mail=*' }, /no LDAP filter/],
  [{ url: 'ldaps://ldap.example.com', base: 'dc=x', mostVanished: 101 }, /0 to 100/],
  [{ url: 'ldaps://ldap.example.com', base: 'dc=x', name: ['a)(b'] }, /no name of an LDAP attribute/],
])('%o is refused', (input, why) => {
  expect(() => checkLdap(input)).toThrow(why)
})
