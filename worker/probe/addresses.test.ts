import { type TestDatabase, testDatabase } from '@restante/core/db/testing.ts'
import { addDomain } from '@restante/core/directory/domains.ts'
import { addMailbox } from '@restante/core/directory/mailboxes.ts'
import { addOrganization } from '@restante/core/directory/organizations.ts'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { knownAddresses, readAddresses } from './addresses.ts'

test('that there are none is not remembered; those that there are, for five minutes', async () => {
  let time = 0
  let list: string[] = []
  let reads = 0
  const one = knownAddresses(
    async () => {
      reads++
      return list
    },
    () => time,
    () => 0,
  )
  expect(await one('a')).toBeNull()
  list = ['ann@x.test']
  expect(await one('a')).toBe('ann@x.test')
  list = ['ben@x.test']
  time = 299_999
  expect([await one('a'), reads]).toEqual(['ann@x.test', 2])
  time = 300_001
  expect([await one('a'), reads]).toEqual(['ben@x.test', 3])
})

test('while the database is away those of before will do', async () => {
  let away = false
  let time = 0
  const one = knownAddresses(
    async () => {
      if (away) throw new Error('away')
      return ['ann@x.test']
    },
    () => time,
  )
  await one('a')
  away = true
  time = 600_000
  expect(await one('a')).toBe('ann@x.test')
})

let t: TestDatabase
beforeAll(async () => {
  t = await testDatabase()
})
afterAll(() => t.close())

test('they are the mailboxes of its domains, and recipients that it said it has', async () => {
  const sealKey = Buffer.alloc(32, 1)
  await addOrganization(t.db, { name: 'Example' })
  for (const domain of ['here.test', 'there.test']) {
    await addDomain(t.db, { domain, organization: 'Example', backends: [`smtp://mx.${domain}`] }, sealKey)
  }
  const { backend_id: id } = await t.db
    .selectFrom('domain')
    .select('backend_id')
    .where('name', '=', 'here.test')
    .executeTakeFirstOrThrow()
  expect(await readAddresses(t.db, id!)).toEqual([])
  await sql`insert into learned_recipient (address, learned_at) values ('learnt@here.test', now()), ('other@there.test', now())`.execute(
    t.db,
  )
  expect(await readAddresses(t.db, id!)).toEqual(['learnt@here.test'])
  for (const address of ['ann@here.test', 'eva@there.test']) {
    await addMailbox(t.db, { address, shared: false, aliases: [], members: [] })
  }
  expect((await readAddresses(t.db, id!)).sort()).toEqual(['ann@here.test', 'learnt@here.test'])
})
