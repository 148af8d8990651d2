import { type TestDatabase, testDatabase } from '@restante/core/db/testing.ts'
import { DnsError } from '@restante/core/dns/dns.ts'
import {
  type SeededOrganization,
  seedDelivery,
  seedOrganization,
} from '@restante/core/queue/overview-seed.ts'
import { countFailure } from '@restante/core/queue/suppression.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Asking, hintFor } from './address-hints.ts'

let t: TestDatabase
let here: SeededOrganization
let there: SeededOrganization
const now = new Date()
const records: Record<string, unknown[]> = {
  'MX takes.test': [{ exchange: 'mx.takes.test', priority: 10 }],
  'MX gmial.com': [{ exchange: 'mx.gmial.com', priority: 10 }],
  'MX bakrey.example': [{ exchange: 'mx.bakrey.example', priority: 10 }],
  'MX null.test': [{ exchange: '', priority: 0 }],
  'A address.test': ['192.0.2.1'],
}
/** Names that exist, though not with what was asked. */
const withOther = new Set(['address.test', 'empty.test'])
const dns = {
  async resolve(name: string, type: string) {
    const found = records[`${type} ${name}`]
    if (found) return found
    if (name === 'slow.test') throw new DnsError('ETIMEOUT', name, type)
    throw new DnsError(withOther.has(name) ? 'ENODATA' : 'ENOTFOUND', name, type)
  },
} as unknown as Asking['dns']

beforeAll(async () => {
  t = await testDatabase()
  here = await seedOrganization(t.db, 'bakery.example')
  there = await seedOrganization(t.db, 'there.example')
})
afterAll(() => t.close())

const hint = (address: string, of = here) =>
  hintFor(address, {
    db: t.db,
    dns,
    isOurs: text => text.endsWith('@bakery.example'),
    person: { organizationId: of.organizationId, locale: 'it' },
    now,
  })

test.each([
  ['x@takes.test', null],
  ['x@address.test', null],
  ['x@bakery.example', null],
  ['not an address', null],
  // Nobody knows: nothing is said.
  ['x@slow.test', null],
  ['x@gone.test', { kind: 'no-domain', instead: null, why: null }],
  ['x@empty.test', { kind: 'no-mail', instead: null, why: null }],
  ['x@null.test', { kind: 'no-mail', instead: null, why: null }],
  ['x@gmail.con', { kind: 'no-domain', instead: 'x@gmail.com', why: null }],
  ['x@gmial.com', { kind: 'typo', instead: 'x@gmail.com', why: null }],
  ['x@bakrey.example', { kind: 'typo', instead: 'x@bakery.example', why: null }],
])('%s', async (address, expected) => {
  expect(await hint(address)).toEqual(expected)
})

test('where mail was accepted before is no mistake, however it looks', async () => {
  await seedDelivery(t.db, here, {
    state: 'delivered',
    backend_id: null,
    destination: 'gmial.com',
    settled_at: now,
  })
  expect(await hint('x@gmial.com')).toBe(null)
  expect(await hint('x@gmial.com', there)).toMatchObject({ kind: 'typo' })
})

test('what failed last time is said in words, to those of the same organization', async () => {
  const outcome = { category: 'bad-address', side: 'sender', permanent: true }
  const address = 'left@takes.test'
  const fail = async () => {
    const id = await seedDelivery(
      t.db,
      here,
      { state: 'failed', backend_id: null, destination: 'takes.test', settled_at: now },
      { recipients: [address] },
    )
    await t.db
      .updateTable('recipient')
      .set({ state: 'failed', settled_at: now, outcome: JSON.stringify(outcome) })
      .where('delivery_id', '=', id)
      .execute()
  }
  await fail()
  expect(await hint('Left@takes.test')).toEqual({
    kind: 'failed',
    instead: null,
    why: 'La casella left@takes.test non esiste.',
  })
  expect(await hint(address, there)).toBe(null)
  await fail()
  const failure = { address, outcome, deliveryId: here.backendId }
  expect(await countFailure(t.db, here.organizationId, failure, now)).not.toBe(null)
  expect(await hint(address)).toEqual({ kind: 'suppressed', instead: null, why: null })
})
