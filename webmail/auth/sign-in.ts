'use server'
/**
 * Signing in and out by form. Next refuses a form that another site posts (Origin is compared with Host),
 * and React sends one that was submitted before the script arrived.
 */
import { endSession } from '@restante/core/access/sessions.ts'
import { cookies } from 'next/headers'
import { redirect } from 'next/navigation'
import { services } from '../server/services.ts'
import { currentPerson, forgetSession } from '../server/session.ts'
import { checkPassword } from './check.ts'
import { cookieOptions, sessionCookieName } from './cookie.ts'
import { proceed } from './finish.ts'
import { localPath } from './local-path.ts'

export type SignInState =
  | { type: 'fresh' }
  | { type: 'refused'; address: string }
  | { type: 'limited'; address: string; retryAfter: number }
  | { type: 'unavailable'; address: string }

export async function signIn(_previous: SignInState, form: FormData): Promise<SignInState> {
  const address = String(form.get('address') ?? '')
  const password = String(form.get('password') ?? '')
  const { log } = await services()
  const result = await checkPassword(address, password).catch(error => {
    log.error({ event: 'webmail.sign-in-failed', error })
    return { type: 'unavailable' as const }
  })
  switch (result.type) {
    case 'refused':
    case 'unavailable':
      return { type: result.type, address }
    case 'limited':
      return { type: 'limited', address, retryAfter: result.retryAfter }
    case 'ok':
      redirect(await proceed(result, localPath(String(form.get('next') ?? ''))))
  }
}

export async function signOut(): Promise<void> {
  const { settings, db } = await services()
  const person = await currentPerson().catch(() => null)
  if (person) {
    // Without a database the cookie goes all the same.
    await endSession(db, person.id, person.sessionId).catch(() => false)
    forgetSession(person.sessionId)
  }
  const store = await cookies()
  // Not delete(): browsers pass over a `__Host-` cookie without Secure, even one that has ended.
  store.set(sessionCookieName(settings), '', { ...cookieOptions(settings), maxAge: 0 })
  redirect('/sign-in')
}
