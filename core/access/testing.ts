/** An organization with two people on the real database, and counters in memory, for the tests of this folder. */
import { randomBytes } from 'node:crypto'
import { type TestDatabase, testDatabase } from '../db/testing.ts'
import { addDomain } from '../directory/domains.ts'
import { addOrganization } from '../directory/organizations.ts'
import { addPerson, type Person } from '../directory/people.ts'
import { silentLog } from '../observe/log.ts'
import { createLimiter, type Limiter } from './limits.ts'

export type Acme = TestDatabase & {
  sealKey: Buffer
  /** Has a password here: `correct horse`. */
  anna: Person
  /** Has none. */
  bea: Person
  /** In the middle of a window: what was counted before its end would weigh less right after it. */
  limiter(): Limiter
}

export async function acme(options: { imap?: string } = {}): Promise<Acme> {
  const database = await testDatabase()
  const { db } = database
  const sealKey = randomBytes(32)
  await addOrganization(db, { name: 'Acme' })
  await addDomain(
    db,
    { domain: 'acme.example', organization: 'Acme', backends: ['smtp://127.0.0.1:1'], ...options },
    sealKey,
  )
  const anna = await addPerson(db, { address: 'anna@acme.example', password: 'correct horse' })
  const bea = await addPerson(db, { address: 'bea@acme.example' })
  return {
    ...database,
    sealKey,
    anna,
    bea,
    limiter: () => createLimiter({ log: silentLog, now: () => 500_000.5 * 3_600_000 + 450_000 }),
  }
}
