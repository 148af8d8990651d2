/**
 * Sign-in with an address and a password.
 *
 * A stranger learns nothing: an unknown address takes as long as a wrong password and is answered alike. A
 * stranger locks nobody out: failures are counted by network, and by address together with network, never by
 * the address alone, so guessing from one place does not shut the door in another. What is counted is taken
 * before the password is looked at (else a burst of guesses in parallel would pass) and given back when it
 * was right.
 */
import type { Db } from '../db/connection.ts'
import { normalizeAddress } from '../directory/addresses.ts'
import { hashPassword, passwordMatches } from '../directory/passwords.ts'
import { type Person, personColumns } from '../directory/people.ts'
import { type Limit, type Limiter, networkOf } from './limits.ts'

export type SignInDeps = { db: Db; limiter: Limiter }
export type Attempt = {
  address: string
  password: string
  /** The client's IP address, after trusted proxies. */
  remoteAddress: string
}
export type SignIn =
  | { type: 'ok'; person: Person }
  | { type: 'refused' }
  /** Seconds. */
  | { type: 'limited'; retryAfter: number }

const WINDOW = 15 * 60_000
export const FAILURES_PER_ADDRESS_AND_NETWORK: Limit = { name: 'signin-pair', limit: 10, window: WINDOW }
export const FAILURES_PER_NETWORK: Limit = { name: 'signin-network', limit: 100, window: WINDOW }

/** @throws Error when the database is away */
export async function verifyPassword(deps: SignInDeps, attempt: Attempt): Promise<SignIn> {
  return limited(deps.limiter, attempt, async address => {
    const row = address
      ? await deps.db
          .selectFrom('person')
          .select([...personColumns, 'person.password_hash as passwordHash'])
          .where('person.address', '=', address)
          .executeTakeFirst()
      : undefined
    const matches = await passwordMatches(row?.passwordHash ?? (await nobodysHash()), attempt.password)
    if (!row?.passwordHash || !matches) return null
    const { passwordHash: _, ...person } = row
    return person
  })
}

/** Runs a check of a secret under the limits of sign-in. */
export async function limited(
  limiter: Limiter,
  attempt: Attempt,
  check: (address: string | null) => Promise<Person | null>,
): Promise<SignIn> {
  const network = networkOf(attempt.remoteAddress)
  const address = normalizeAddress(attempt.address)
  const counted: [Limit, string][] = [
    [FAILURES_PER_NETWORK, network],
    [FAILURES_PER_ADDRESS_AND_NETWORK, `${network}:${address ?? ''}`],
  ]
  for (const [limit, key] of counted) {
    const taken = await limiter.take(limit, key)
    if (!taken.allowed) return { type: 'limited', retryAfter: taken.retryAfter }
  }
  const person = await check(address)
  if (!person) return { type: 'refused' }
  for (const [limit, key] of counted) await limiter.giveBack(limit, key)
  return { type: 'ok', person }
}

let nobody: Promise<string> | undefined
/** A hash of nobody's password, with the parameters of today, so that a miss costs what a hit costs. */
function nobodysHash(): Promise<string> {
  nobody ??= hashPassword('the password of nobody at all')
  return nobody
}
