/** Who may send with what: a password is not enough for whoever wants to be asked twice; an app password is. */
import { createAppPassword } from '@restante/core/access/app-passwords.ts'
import { createLimiter } from '@restante/core/access/limits.ts'
import { type TestDatabase, testDatabase } from '@restante/core/db/testing.ts'
import { addDomain } from '@restante/core/directory/domains.ts'
import { addOrganization } from '@restante/core/directory/organizations.ts'
import { addPerson, setPerson } from '@restante/core/directory/people.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSenders } from './senders.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
  const { db } = database
  await addOrganization(db, { name: 'Acme' })
  const domain = { domain: 'acme.example', organization: 'Acme', backends: ['smtp://127.0.0.1:1'] }
  await addDomain(db, domain, Buffer.alloc(32))
})
afterAll(() => database?.close())

test('with a second factor only an app password sends', async () => {
  const { db } = database
  const address = 'anna@acme.example'
  const person = await addPerson(db, { address, password: 'correct horse' })
  const made = await createAppPassword(db, person.id, 'Thunderbird')
  const senders = createSenders({ db, limiter: createLimiter({ log: silentLog }) })
  const sign = async (password: string) =>
    (await senders.signIn({ address, password, remoteAddress: '192.0.2.1' })).type
  expect(await sign('correct horse')).toBe('ok')
  await db.updateTable('person').set({ second_factor: true }).where('id', '=', person.id).execute()
  expect(await sign('correct horse')).toBe('refused')
  expect(await sign(made.password)).toBe('ok')
})

test('a password that was right a moment ago is refused as soon as it is changed, and its person gone', async () => {
  const { db } = database
  const address = 'bruno@acme.example'
  const person = await addPerson(db, { address, password: 'correct horse' })
  const senders = createSenders({ db, limiter: createLimiter({ log: silentLog }) })
  const sign = async (password: string) =>
    (await senders.signIn({ address, password, remoteAddress: '192.0.2.1' })).type
  expect(await sign('correct horse')).toBe('ok')
  expect(await sign('correct horse')).toBe('ok')
  await setPerson(db, address, { password: 'battery staple' })
  expect(await sign('correct horse')).toBe('refused')
  expect(await sign('battery staple')).toBe('ok')
  await db.deleteFrom('person').where('id', '=', person.id).execute()
  expect(await sign('battery staple')).toBe('refused')
})
