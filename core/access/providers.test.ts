/** Whom an organization's own sign-in may mean: its own people, by an address that may be believed. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addDomain } from '../directory/domains.ts'
import { addOrganization } from '../directory/organizations.ts'
import { addPerson } from '../directory/people.ts'
import {
  type Claims,
  personOfClaims,
  providerForDomain,
  providerOf,
  removeProvider,
  setProvider,
} from './providers.ts'
import { type Acme, acme } from './testing.ts'

let company: Acme
const now = new Date('2026-11-22T10:00:00Z')
const good = {
  name: 'Acme ID',
  issuer: 'https://id.acme.example/',
  clientId: 'restante',
  clientSecret: 'a secret',
  trustAddress: false,
}

beforeAll(async () => {
  company = await acme()
  const { db, sealKey } = company
  await addOrganization(db, { name: 'Other' })
  await addDomain(
    db,
    { domain: 'other.example', organization: 'Other', backends: ['smtp://127.0.0.1:1'] },
    sealKey,
  )
  await addPerson(db, { address: 'olga@other.example' })
})
afterAll(() => company?.close())

test('it is kept with its secret sealed, found by domain, and goes', async () => {
  const { db, sealKey } = company
  const { organizationId } = await setProvider(db, 'Acme', good, sealKey, now)
  const row = await db.selectFrom('sign_in_provider').selectAll().executeTakeFirstOrThrow()
  expect(row.client_secret).not.toContain('a secret')
  expect(await providerOf(db, organizationId, sealKey)).toMatchObject({
    issuer: 'https://id.acme.example',
    clientSecret: 'a secret',
  })
  expect(await providerForDomain(db, 'acme.example')).toEqual({ organizationId, name: 'Acme ID' })
  expect(await providerForDomain(db, 'other.example')).toBeNull()
  expect(await providerOf(db, 'nonsense', sealKey)).toBeNull()
  expect(await removeProvider(db, 'Acme')).toBe(true)
  expect(await providerForDomain(db, 'acme.example')).toBeNull()
})

test.each<[string, boolean, Claims, string | null]>([
  ['a verified address', false, { email: 'Bea@acme.example', email_verified: true }, 'bea@acme.example'],
  ['one that is called unverified', false, { email: 'bea@acme.example', email_verified: false }, null],
  ['one that is not called anything', false, { email: 'bea@acme.example' }, null],
  ['the same of an issuer that is theirs alone', true, { email: 'bea@acme.example' }, 'bea@acme.example'],
  ['called unverified even by that', true, { email: 'bea@acme.example', email_verified: false }, null],
  ['a name to sign in with', true, { preferred_username: 'bea@acme.example' }, 'bea@acme.example'],
  ['the same of anybody', false, { preferred_username: 'bea@acme.example', email_verified: true }, null],
  ["another organization's person", true, { email: 'olga@other.example', email_verified: true }, null],
  ['nobody', true, { email: 'nobody@acme.example', email_verified: true }, null],
  ['no address', true, { email: 7, email_verified: true }, null],
  ['nothing', true, {}, null],
])('%s (theirs alone: %j)', async (_, trustAddress, claims, expected) => {
  const { db, sealKey } = company
  const { organizationId } = await setProvider(db, 'Acme', { ...good, trustAddress }, sealKey, now)
  const provider = await providerOf(db, organizationId, sealKey)
  expect((await personOfClaims(db, provider!, claims))?.address ?? null).toBe(expected)
})

test.each([{ issuer: 'http://id.acme.example' }, { issuer: 'nonsense' }, { clientId: '' }, { name: ' ' }])(
  '%j is refused',
  async wrong => {
    const { db, sealKey } = company
    await expect(setProvider(db, 'Acme', { ...good, ...wrong }, sealKey, now)).rejects.toMatchObject({
      code: 'bad-provider',
    })
  },
)
