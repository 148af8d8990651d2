/**
 * How often somebody may try. Failures are counted by network, by address together with network, and by address
 * alone; but the last only where neither the browser nor the network is known for that address. So guessing from
 * many places ends, and yet shuts nobody out of where they usually sign in.
 *
 * A known browser has a count of its own and none of the others: its network may be full of strangers.
 */
import { networkOf } from '../config/networks.ts'
import type { Db } from '../db/connection.ts'
import type { SignInMethod } from '../db/schema/sign-in.ts'
import { normalizeAddress } from '../directory/addresses.ts'
import type { Person } from '../directory/people.ts'
import type { Limit, Limiter } from './limits.ts'

export type Attempt = {
  address: string
  password: string
  /** The client's IP address, after trusted proxies. */
  remoteAddress: string
  /** Which known browser of this address it is (devices.ts). */
  device?: string | null
}
export type Proven = {
  person: Person
  /** Whether that was not enough yet. */
  secondFactor: boolean
  by: SignInMethod | 'app-password'
  /** Of the app password. */
  credentialId?: string
}
export type SignIn =
  | ({ type: 'ok' } & Proven)
  | { type: 'refused' }
  /** Seconds. */
  | { type: 'limited'; retryAfter: number }

const WINDOW = 15 * 60_000
export const FAILURES_PER_ADDRESS_AND_NETWORK: Limit = { name: 'signin-pair', limit: 10, window: WINDOW }
export const FAILURES_PER_NETWORK: Limit = { name: 'signin-network', limit: 100, window: WINDOW }
export const FAILURES_PER_DEVICE: Limit = { name: 'signin-device', limit: 10, window: WINDOW }
/** Of one-time codes, which have chance enough: whoever guesses at a password must not shut this way too. */
export const FAILURES_OF_CODES: Limit = { name: 'signin-code', limit: 10, window: WINDOW }
/** From all unknown networks together. */
export const FAILURES_PER_ADDRESS: Limit = { name: 'signin-address', limit: 30, window: 60 * 60_000 }
/** A network is known for so long after a sign-in from there, in ms. */
const NETWORK_AGE = 90 * 86_400_000

/** Runs a check of a secret under the limits of sign-in. @throws Error when the database is away */
export async function limited(
  { db, limiter }: { db: Db; limiter: Limiter },
  attempt: Omit<Attempt, 'password'>,
  check: (address: string | null) => Promise<Proven | null>,
  secret: 'password' | 'code' = 'password',
): Promise<SignIn> {
  const network = networkOf(attempt.remoteAddress)
  const address = normalizeAddress(attempt.address)
  const counted: [Limit, string][] = []
  if (attempt.device) {
    counted.push([FAILURES_PER_DEVICE, `${attempt.device}:${address ?? ''}`])
  } else if (secret === 'code') {
    counted.push([FAILURES_PER_NETWORK, network], [FAILURES_OF_CODES, `${network}:${address ?? ''}`])
  } else {
    counted.push(
      [FAILURES_PER_NETWORK, network],
      [FAILURES_PER_ADDRESS_AND_NETWORK, `${network}:${address ?? ''}`],
    )
    if (address && !(await knowsNetwork(db, address, network))) counted.push([FAILURES_PER_ADDRESS, address])
  }
  for (const [limit, key] of counted) {
    const taken = await limiter.take(limit, key)
    if (!taken.allowed) return { type: 'limited', retryAfter: taken.retryAfter }
  }
  const proven = await check(address)
  if (!proven) return { type: 'refused' }
  for (const [limit, key] of counted) await limiter.giveBack(limit, key)
  return { type: 'ok', ...proven }
}

async function knowsNetwork(db: Db, address: string, network: string): Promise<boolean> {
  const row = await db
    .selectFrom('known_network')
    .innerJoin('person', 'person.id', 'known_network.person_id')
    .select('network')
    .where('person.address', '=', address)
    .where('network', '=', network)
    .where('last_at', '>', new Date(Date.now() - NETWORK_AGE))
    .executeTakeFirst()
  return row !== undefined
}
