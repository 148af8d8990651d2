/**
 * App passwords: long random ones for programs (JMAP clients, scripts), a name each, shown once and kept as a
 * hash. 140 bits of chance need no slow hash: SHA-256 is looked up by equality.
 */
import { createHash, randomInt } from 'node:crypto'
import { sql } from 'kysely'
import type { Db, Executor } from '../db/connection.ts'
import { newId } from '../db/id.ts'
import { normalizeAddress } from '../directory/addresses.ts'
import { DirectoryError } from '../directory/errors.ts'
import { personColumns } from '../directory/people.ts'
import type { SignInDeps } from './passwords.ts'
import { type Attempt, limited, type SignIn } from './sign-in-limits.ts'

/** Crockford's base 32: no letters that are taken for others. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const GROUPS = 4
const GROUP_LENGTH = 7
/** How it begins, so that people and scanners of leaked secrets know it. */
const PREFIX = 'restante-'

export type AppPassword = { id: string; name: string; createdAt: Date; lastUsedAt: Date | null }

/** The password is in the answer only, never again. @throws DirectoryError `bad-name` */
export async function createAppPassword(
  db: Executor,
  personId: string,
  name: string,
): Promise<{ id: string; name: string; password: string }> {
  const label = name.trim()
  if (label === '' || label.length > 100) {
    throw new DirectoryError('bad-name', 'an app password needs a name of at most 100 characters')
  }
  const password = makePassword()
  const id = newId()
  await db
    .insertInto('app_password')
    .values({ id, person_id: personId, name: label, hash: hashOf(password) })
    .execute()
  return { id, name: label, password }
}

/**
 * Only what does not fit is counted, with the limits of sign-in: an app password can't be guessed, and whoever
 * tries must not keep its owner's devices out, not even from behind the same address.
 * @throws Error when the database is away
 */
export async function verifyAppPassword(deps: SignInDeps, attempt: Attempt): Promise<SignIn> {
  const address = normalizeAddress(attempt.address)
  const row = address
    ? await deps.db
        .selectFrom('app_password')
        .innerJoin('person', 'person.id', 'app_password.person_id')
        .select([...personColumns, 'app_password.id as appPasswordId'])
        .where('app_password.hash', '=', hashOf(attempt.password))
        .where('person.address', '=', address)
        .executeTakeFirst()
    : undefined
  if (!row) return limited(deps, attempt, async () => null)
  const { appPasswordId, ...person } = row
  await touch(deps.db, appPasswordId)
  return { type: 'ok', person, secondFactor: false, by: 'app-password', credentialId: appPasswordId }
}

/** Whether it is there still, and its person's sessions were not ended since. */
export async function appPasswordHolds(db: Executor, id: string, epoch: number): Promise<boolean> {
  const row = await db
    .selectFrom('app_password')
    .innerJoin('person', 'person.id', 'app_password.person_id')
    .select('app_password.id')
    .where('app_password.id', '=', id)
    .where('person.session_epoch', '=', epoch)
    .executeTakeFirst()
  return row !== undefined
}

export async function listAppPasswords(db: Executor, personId: string): Promise<AppPassword[]> {
  return db
    .selectFrom('app_password')
    .select(['id', 'name', 'created_at as createdAt', 'last_used_at as lastUsedAt'])
    .where('person_id', '=', personId)
    .orderBy('created_at')
    .execute()
}

/** Only the person's own. @returns whether there was one */
export async function removeAppPassword(db: Executor, personId: string, id: string): Promise<boolean> {
  const result = await db
    .deleteFrom('app_password')
    .where('id', '=', id)
    .where('person_id', '=', personId)
    .executeTakeFirst()
  return result.numDeletedRows > 0n
}

function makePassword(): string {
  const group = () =>
    Array.from({ length: GROUP_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
  return PREFIX + Array.from({ length: GROUPS }, group).join('-')
}

/** Spaces and upper case come from copying by hand. */
function hashOf(password: string): string {
  return createHash('sha256').update(password.replace(/\s/g, '').toLowerCase()).digest('hex')
}

/** Once a minute is enough to know whether it is in use. */
async function touch(db: Db, id: string): Promise<void> {
  await db
    .updateTable('app_password')
    .set({ last_used_at: sql`now()` })
    .where('id', '=', id)
    .where(sql<boolean>`(last_used_at is null or last_used_at < now() - interval '1 minute')`)
    .execute()
}
