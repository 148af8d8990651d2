import { ingestAll } from '@restante/core/ingest/ingest.ts'
import { type Company, letter, openCompany } from '@restante/core/ingest/testing.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startIndex } from './index.ts'

let company: Company
beforeAll(async () => {
  company = await openCompany()
})
afterAll(async () => {
  await company.close()
})

async function receive(subject: string): Promise<void> {
  await company.accept(letter({ subject }))
  await ingestAll({
    db: company.db,
    reader: company.spool,
    directory: company.directory,
    queues: company.queues,
    log: silentLog,
  })
}

const indexed = async () => {
  const { rows } = await sql<{ subject: string }>`
    select subject from email join email_search on email_search.email_id = email.id order by subject`.execute(
    company.db,
  )
  return rows.map(row => row.subject)
}

test('what was there before is indexed, what comes is soon after, and what goes leaves nothing', async () => {
  await receive('a')
  await receive('b')
  expect(await indexed()).toEqual([])
  const index = startIndex({ db: company.db, databaseUrl: company.databaseUrl, log: silentLog })
  try {
    await expect.poll(indexed, { timeout: 20_000 }).toEqual(['a', 'b'])
    await receive('c')
    await expect.poll(indexed, { timeout: 20_000 }).toEqual(['a', 'b', 'c'])
    await company.db.deleteFrom('email').where('subject', '=', 'b').execute()
    expect(await indexed()).toEqual(['a', 'c'])
  } finally {
    await index.close()
  }
})
