/**
 * The end of every way in: whoever has proven enough gets a session (a row, and a cookie that names it), and the
 * browser is known from then on. Whoever has not yet is led to the second factor.
 */
import { rememberDevice } from '@restante/core/access/devices.ts'
import { endSession, openSession } from '@restante/core/access/sessions.ts'
import type { Proven } from '@restante/core/access/sign-in-limits.ts'
import type { SignInMethod } from '@restante/core/db/schema/sign-in.ts'
import { cookies } from 'next/headers'
import { encode } from 'next-auth/jwt'
import { currentClient } from '../server/client.ts'
import { type Services, services } from '../server/services.ts'
import { currentPerson, forgetSession, type Person } from '../server/session.ts'
import {
  cookieOptions,
  DEVICE_AGE,
  deviceCookieName,
  SESSION_AGE,
  sessionCookieName,
  sessionSecret,
} from './cookie.ts'
import { forgetStep, keepStep } from './step.ts'

/** @param next a path of ours @returns where to go now */
export async function proceed(proven: Proven & { by: SignInMethod }, next: string): Promise<string> {
  const { person, secondFactor, by } = proven
  if (secondFactor) {
    await keepStep({ personId: person.id, epoch: person.sessionEpoch, by, next })
    return '/sign-in/second'
  }
  await openBrowserSession(person, by)
  return next
}

export async function openBrowserSession(person: Person, by: SignInMethod): Promise<void> {
  const opened = await services()
  const { db, settings, signInKey, log } = opened
  // A session that this browser had, somebody else's perhaps, is over.
  const before = await currentPerson().catch(() => null)
  if (before) {
    await endSession(db, before.id, before.sessionId)
    forgetSession(before.sessionId)
  }
  const id = await openSession(db, person, by, await currentClient(), new Date())
  const store = await cookies()
  const options = cookieOptions(settings)
  store.set(sessionCookieName(settings), await sessionToken(id, opened), { ...options, maxAge: SESSION_AGE })
  const known = rememberDevice(signInKey, store.get(deviceCookieName(settings))?.value, person.address)
  store.set(deviceCookieName(settings), known, { ...options, maxAge: DEVICE_AGE })
  await forgetStep()
  log.info({ event: 'webmail.signed-in', person: person.id, by })
}

export async function sessionToken(
  id: string,
  { sessionKey }: Pick<Services, 'sessionKey'>,
): Promise<string> {
  return await encode({ token: { session: id }, secret: sessionSecret(sessionKey), maxAge: SESSION_AGE })
}
