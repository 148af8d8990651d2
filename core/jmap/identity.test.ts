/** Signatures (RFC 8621 §6): each person's own under each address, made safe, and nobody else's. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chooseSignature, ownSignatures, saveSignature } from '../access/signatures.ts'
import { type Client, type Company, clientFor, type Json, openCompany } from './testing.ts'

let company: Company
let anna: Client
let ben: Client
beforeAll(async () => {
  company = await openCompany()
  anna = clientFor(company, company.people.anna)
  ben = clientFor(company, company.people.ben)
})
afterAll(async () => {
  await company.close()
})

const identity = async (client: Client, accountId: string, email: string): Promise<Json> =>
  (await client.call('Identity/get', { accountId })).list.find((one: Json) => one.email === email)

test('a client sets the signature of an address; the HTML is made safe, the state changes', async () => {
  const accountId = company.mailboxes.anna
  const before = await anna.call('Identity/get', { accountId })
  const { id } = await identity(anna, accountId, 'anna@example.org')
  const set = await anna.call('Identity/set', {
    accountId,
    update: {
      [id]: {
        htmlSignature:
          '<p><strong>Anna</strong><script>alert(1)</script><img src="https://x.example/p.gif"></p>',
        textSignature: 'Anna',
      },
    },
  })
  expect(set).toMatchObject({ oldState: before.state, updated: { [id]: null }, notUpdated: null })
  expect(set.newState).not.toBe(before.state)
  const signed = await identity(anna, accountId, 'anna@example.org')
  expect(signed).toMatchObject({
    textSignature: 'Anna',
    'restante:signatures': [{ name: 'anna@example.org' }],
  })
  expect(signed.htmlSignature).toMatch(/^<p><strong>Anna<\/strong>(<img>)?<\/p>$/)
  await anna.call('Identity/set', { accountId, update: { [id]: { textSignature: 'Anna Puig' } } })
  expect(await ownSignatures(company.db, company.people.anna.id)).toMatchObject([{ text: 'Anna Puig' }])
  await anna.call('Identity/set', { accountId, update: { [id]: { textSignature: '', htmlSignature: '' } } })
  expect(await identity(anna, accountId, 'anna@example.org')).toMatchObject({ htmlSignature: '' })
})

test('in a shared mailbox each member has their own, and nobody another’s', async () => {
  const accountId = company.mailboxes.info
  const id = await saveSignature(company.db, company.people.anna.id, null, {
    name: 'Info',
    html: '<p>Anna, Information</p>',
    text: 'Anna, Information',
  })
  await chooseSignature(company.db, company.people.anna.id, 'info@example.org', id)
  expect((await identity(anna, accountId, 'info@example.org')).textSignature).toBe('Anna, Information')
  expect(await identity(ben, accountId, 'info@example.org')).toMatchObject({
    textSignature: '',
    'restante:signatures': [],
  })
  const benId = company.people.ben.id
  await expect(chooseSignature(company.db, benId, 'info@example.org', id)).rejects.toThrow('unknown')
  await expect(saveSignature(company.db, benId, id, { name: 'x', html: '', text: '' })).rejects.toThrow(
    'unknown',
  )
})

test.each([
  ['no text', { textSignature: 5 }, 'invalidProperties'],
  ['too long', { htmlSignature: 'x'.repeat(20_001) }, 'tooLarge'],
  ['more than the signature', { textSignature: 'x', name: 'Boss' }, 'forbidden'],
])('%s is refused', async (_, patch, type) => {
  const accountId = company.mailboxes.anna
  const { id } = await identity(anna, accountId, 'anna@example.org')
  const { notUpdated } = await anna.call('Identity/set', { accountId, update: { [id]: patch } })
  expect(notUpdated[id].type).toBe(type)
})
