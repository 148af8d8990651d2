/** What opens other ways in may be changed by who has just shown who they are: a page left open is not enough. */
import type { SignedIn } from '../server/session.ts'

/** ms. */
const RECENT = 30 * 60_000

export function isRecent(person: Pick<SignedIn, 'signedInAt'>, now: number = Date.now()): boolean {
  return now - person.signedInAt.getTime() < RECENT
}
