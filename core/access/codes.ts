/**
 * One-time codes that stand in for a password: sent to the confirmed second contact (for some minutes), or made by an
 * admin and printed (for days). Each counts once; kept as a MAC under a key that is not in the database.
 */
import { createHmac, randomInt } from 'node:crypto'
import type { Db, Executor } from '../db/connection.ts'
import { newId } from '../db/id.ts'
import { personColumns } from '../directory/people.ts'
import { audit } from './audit.ts'
import type { Limiter } from './limits.ts'
import { type Attempt, limited, type SignIn } from './sign-in-limits.ts'

/** How long one counts, in ms. */
export const SENT_LIFE = 15 * 60_000
export const PRINTED_LIFE = 30 * 86_400_000
/** What is sent holds for minutes and is limited: 8 letters, 40 bits. What is printed lies about: 16, 80 bits. */
const LENGTH = { sent: 8, printed: 16 } as const
/** Codes of one person at once. */
const MOST = { sent: 3, printed: 20 } as const
/** Crockford's base 32: no letters that are taken for others. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

export type MadeCode = { id: string; code: string; expiresAt: Date }

/** @returns in groups of four letters; it can't be had again */
export async function makeCode(
  db: Executor,
  personId: string,
  kind: 'sent' | 'printed',
  { by, key, now, life }: { by: string; key: Buffer; now: Date; life?: number },
): Promise<MadeCode> {
  const code = Array.from({ length: LENGTH[kind] }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
  const id = newId()
  const expiresAt = new Date(now.getTime() + (life ?? (kind === 'sent' ? SENT_LIFE : PRINTED_LIFE)))
  await db
    .insertInto('sign_in_code')
    .values({
      id,
      person_id: personId,
      kind,
      hash: macOf(key, personId, code),
      created_by: by,
      created_at: now,
      expires_at: expiresAt,
    })
    .execute()
  // The newest count: a code that was asked for again puts the others out of force.
  await db
    .deleteFrom('sign_in_code')
    .where('person_id', '=', personId)
    .where('kind', '=', kind)
    .where('used_at', 'is', null)
    .where(({ eb, not, selectFrom }) =>
      not(
        eb(
          'id',
          'in',
          selectFrom('sign_in_code')
            .select('id')
            .where('person_id', '=', personId)
            .where('kind', '=', kind)
            .where('used_at', 'is', null)
            .orderBy('created_at', 'desc')
            .orderBy('id', 'desc')
            .limit(MOST[kind]),
        ),
      ),
    )
    .execute()
  return { id, code: code.match(/.{4}/g)!.join('-'), expiresAt }
}

/** Takes a code for sign-in, under its limits. `attempt.password` is the code. @throws Error when the database is away */
export async function verifyCode(
  deps: { db: Db; limiter: Limiter; codeKey: Buffer },
  attempt: Attempt,
  now: Date,
): Promise<SignIn> {
  const { db, codeKey } = deps
  const code = normal(attempt.password)
  return await limited(
    deps,
    attempt,
    async address => {
      const row = await db
        .selectFrom('person')
        .select([...personColumns, 'person.second_factor as secondFactor'])
        .where('person.address', '=', address ?? '')
        .executeTakeFirst()
      // For an unknown address the same statement is made, and finds nothing.
      const personId = row?.id ?? '00000000-0000-7000-8000-000000000000'
      const used = await db
        .updateTable('sign_in_code')
        .set({ used_at: now })
        .where('person_id', '=', personId)
        .where('hash', '=', macOf(codeKey, personId, code))
        .where('used_at', 'is', null)
        .where('expires_at', '>', now)
        .returning(['kind', 'created_by'])
        .executeTakeFirst()
      if (!row || !used) return null
      const { secondFactor, ...person } = row
      await audit(db, {
        organizationId: person.organizationId,
        actor: person.address,
        action: 'sign-in-code.used',
        target: person.address,
        detail: { kind: used.kind, madeBy: used.created_by },
      })
      return { person, secondFactor, by: 'code' }
    },
    'code',
  )
}

/** Printed codes that count still. */
export async function countCodes(db: Executor, personId: string, now: Date): Promise<number> {
  const { n } = await db
    .selectFrom('sign_in_code')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .where('person_id', '=', personId)
    .where('kind', '=', 'printed')
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow()
  return Number(n)
}

/** Puts all printed codes of a person out of force. @returns how many */
export async function revokeCodes(db: Executor, personId: string): Promise<number> {
  const gone = await db
    .deleteFrom('sign_in_code')
    .where('person_id', '=', personId)
    .where('used_at', 'is', null)
    .executeTakeFirst()
  return Number(gone.numDeletedRows)
}

/** As people type it: O for 0, I and L for 1 (Crockford). */
const normal = (text: string) =>
  text.toLowerCase().replace(/[\s-]/g, '').replace(/o/g, '0').replace(/[il]/g, '1').slice(0, 64)

const macOf = (key: Buffer, personId: string, code: string) =>
  createHmac('sha256', key).update(`code ${personId} ${code}`).digest('hex')
