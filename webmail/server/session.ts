/**
 * Who asks. The session is next-auth's encrypted cookie; it says which person and which epoch, and both are
 * held against the database, at most 10 s stale, so that a changed password or role ends sessions soon.
 *
 * Every page, action and handler that shows or changes anything asks here itself; no layout does it for them.
 */
import { personById } from '@restante/core/access/permissions.ts'
import type { Person } from '@restante/core/directory/people.ts'
import { cookies } from 'next/headers'
import { decode } from 'next-auth/jwt'
import { cache } from 'react'
import { sessionCookieName, sessionSecret } from '../auth/cookie.ts'
import { services } from './services.ts'

export type { Person }

/** How long what was read about a person holds, in ms. */
const FRESH = 10_000
/** Persons remembered at most; the oldest reading is dropped first. */
const REMEMBERED = 5_000
const known = new Map<string, { at: number; person: Person | null }>()

/** The person who is signed in, or null. Never throws for a cookie that is old, foreign or damaged. */
export const currentPerson = cache(async (): Promise<Person | null> => {
  const store = await cookies()
  const opened = await services()
  const value = store.get(sessionCookieName(opened.settings))?.value
  if (!value) return null
  const token = await decode({ token: value, secret: sessionSecret(opened.sessionKey) }).catch(() => null)
  if (!token?.personId) return null
  const person = await readPerson(token.personId)
  return person && person.sessionEpoch === token.epoch ? person : null
})

/** Forgets what is known about a person, after their record was changed here. */
export function forgetPerson(id: string): void {
  known.delete(id)
}

async function readPerson(id: string): Promise<Person | null> {
  const remembered = known.get(id)
  if (remembered && Date.now() - remembered.at < FRESH) return remembered.person
  const person = await personById((await services()).db, id)
  known.delete(id)
  known.set(id, { at: Date.now(), person })
  const oldest = known.size > REMEMBERED ? known.keys().next().value : undefined
  if (oldest !== undefined) known.delete(oldest)
  return person
}
