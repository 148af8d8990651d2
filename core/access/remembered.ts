/**
 * Passwords that matched a stored hash a moment ago: a mail program signs in anew for each message it sends, and Argon2id
 * costs 20 ms and 19 MiB each time, by intent.
 *
 * What is remembered is the pair of hash and password, under a key of this process alone. The hash is read from its row
 * at each sign-in, as are the role, the second factor and the limits: a password that was changed, or a person who was
 * removed, is refused at once, whatever is remembered. Wrong ones are not remembered, so a guess costs what it did.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { passwordMatches } from '../directory/passwords.ts'

/** ms */
const AGE = 60_000
/** Pairs at most; the oldest go first. */
const MOST = 10_000

export type Matches = (hash: string, password: string) => Promise<boolean>

export function rememberMatches(
  matches: Matches = passwordMatches,
  now: () => number = Date.now,
  most: number = MOST,
): Matches {
  const key = randomBytes(32)
  /** Until when, oldest first. */
  const known = new Map<string, number>()
  return async (hash, password) => {
    const pair = createHmac('sha256', key).update(`${hash} ${password}`).digest('base64')
    if ((known.get(pair) ?? 0) > now()) return true
    if (!(await matches(hash, password))) return false
    known.delete(pair)
    known.set(pair, now() + AGE)
    for (const [old, until] of known) {
      if (known.size <= most && until > now()) break
      known.delete(old)
    }
    return true
  }
}
