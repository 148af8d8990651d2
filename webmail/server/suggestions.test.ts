import { randomBytes } from 'node:crypto'
import { newId } from '@restante/core/db/id.ts'
import { type TestDatabase, testDatabase } from '@restante/core/db/testing.ts'
import { addDomain } from '@restante/core/directory/domains.ts'
import { addOrganization } from '@restante/core/directory/organizations.ts'
import { addPerson } from '@restante/core/directory/people.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { suggestPeople } from './suggestions.ts'

let database: TestDatabase
const people: Record<string, { id: string; organizationId: string | null }> = {}

beforeAll(async () => {
  database = await testDatabase()
  const { db } = database
  const key = randomBytes(32)
  for (const name of ['one', 'two']) {
    await addOrganization(db, { name })
    await addDomain(
      db,
      { domain: `${name}.example`, organization: name, backends: ['smtp://127.0.0.1:25'] },
      key,
    )
    for (const person of ['marta', 'mario']) {
      const address = `${person}@${name}.example`
      await addPerson(db, { address, name: `${person} of ${name}`, role: 'user', locale: 'en' })
      const row = await db
        .selectFrom('person')
        .select(['id', 'organization_id'])
        .where('address', '=', address)
        .executeTakeFirstOrThrow()
      people[address] = { id: row.id, organizationId: row.organization_id }
    }
  }
  await seen('marta@one.example', { name: 'Marc Roca', email: 'Marc@shop.example' })
  await seen('marta@one.example', { name: null, email: '100%@odd.example' })
  await seen('marta@two.example', { name: 'Margherita', email: 'margherita@secret.example' })
})
afterAll(() => database.close())

/** Puts a message from somebody into a mailbox. */
async function seen(address: string, from: { name: string | null; email: string }) {
  const { db } = database
  const mailbox = await db
    .selectFrom('mailbox')
    .select(['id', 'organization_id'])
    .where('address', '=', address)
    .executeTakeFirstOrThrow()
  const folder = await db
    .selectFrom('folder')
    .select('id')
    .where('mailbox_id', '=', mailbox.id)
    .where('role', '=', 'inbox')
    .executeTakeFirstOrThrow()
  const message = newId()
  const now = new Date()
  await db
    .insertInto('message')
    .values({
      id: message,
      organization_id: mailbox.organization_id,
      kind: 'inbound',
      sender: from.email,
      size: 1,
      received_at: now,
      segment: 's',
      position: 1,
    })
    .execute()
  await db
    .insertInto('email')
    .values({
      id: newId(),
      mailbox_id: mailbox.id,
      message_id: message,
      folder_id: folder.id,
      thread_id: newId(),
      received_at: now,
      size: 1,
      from_list: JSON.stringify([from]),
      created_modseq: 2,
      updated_modseq: 2,
    })
    .execute()
}

const found = async (who: string, typed: string) =>
  (await suggestPeople(database.db, people[who]!, typed)).map(one => one.email)

test('colleagues come first, then people seen in one’s own mail', async () => {
  expect(await found('marta@one.example', 'mar')).toEqual([
    'mario@one.example',
    'marta@one.example',
    'marc@shop.example',
  ])
})

test('neither another organization’s people nor another person’s mail is suggested', async () => {
  expect(await found('mario@one.example', 'mar')).toEqual(['mario@one.example', 'marta@one.example'])
  expect(await found('marta@one.example', 'secret')).toEqual([])
  expect(await found('marta@one.example', 'two')).toEqual([])
})

test('a percent sign is a percent sign', async () => {
  expect(await found('marta@one.example', '%')).toEqual(['100%@odd.example'])
  expect(await found('marta@one.example', ' ')).toEqual([])
})
