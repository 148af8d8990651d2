/**
 * Who asks. The session is next-auth's encrypted cookie; it names a row, which is held against the database, at most
 * 4 s stale: an ended session, a changed password or role is out soon.
 *
 * Every page, action and handler that shows or changes anything asks here itself; no layout does it for them.
 */
import { noteSeen } from '@restante/core/access/permissions.ts'
import { personOfSession, touchSession } from '@restante/core/access/sessions.ts'
import type { Person } from '@restante/core/directory/people.ts'
import { cookies } from 'next/headers'
import { decode } from 'next-auth/jwt'
import { cache } from 'react'
import { sessionCookieName, sessionSecret } from '../auth/cookie.ts'
import { currentClient } from './client.ts'
import { services } from './services.ts'

export type { Person }
export type SignedIn = Person & {
  sessionId: string
  /** When they proved who they are. */
  signedInAt: Date
}

/** How long what was read about a session holds, in ms. */
const FRESH = 4_000
/** Sessions remembered at most; the oldest reading is dropped first. */
const REMEMBERED = 5_000
const known = new Map<string, { at: number; person: SignedIn | null }>()

/** The person who is signed in, or null. Never throws for a cookie that is old, foreign or damaged. */
export const currentPerson = cache(async (): Promise<SignedIn | null> => {
  const store = await cookies()
  const opened = await services()
  const value = store.get(sessionCookieName(opened.settings))?.value
  if (!value) return null
  const token = await decode({ token: value, secret: sessionSecret(opened.sessionKey) }).catch(() => null)
  return token?.session ? await readSession(token.session) : null
})

/** Forgets what is known about a person, after their record was changed here. */
export function forgetPerson(id: string): void {
  for (const [session, { person }] of known) if (person?.id === id) known.delete(session)
}

/** Forgets what is known of a session, after it was ended here. */
export function forgetSession(id: string): void {
  known.delete(id)
}

async function readSession(id: string): Promise<SignedIn | null> {
  const remembered = known.get(id)
  if (remembered && Date.now() - remembered.at < FRESH) return remembered.person
  const { db } = await services()
  const now = new Date()
  const found = await personOfSession(db, id, now)
  const person = found && toSignedIn(id, found)
  if (person) {
    void noteSeen(db, person.id).catch(() => {})
    void touchSession(db, id, await currentClient(), now).catch(() => {})
  }
  known.delete(id)
  known.set(id, { at: Date.now(), person })
  const oldest = known.size > REMEMBERED ? known.keys().next().value : undefined
  if (oldest !== undefined) known.delete(oldest)
  return person
}

function toSignedIn(
  id: string,
  { session, ...person }: NonNullable<Awaited<ReturnType<typeof personOfSession>>>,
): SignedIn {
  return { ...person, sessionId: id, signedInAt: session.createdAt }
}
