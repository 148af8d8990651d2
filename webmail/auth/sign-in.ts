'use server'
/**
 * Signing in and out by form. Next refuses a form that another site posts (Origin is compared with Host),
 * and React sends one that was submitted before the script arrived.
 */
import { cookies, headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { encode } from 'next-auth/jwt'
import { services } from '../server/services.ts'
import { checkPassword } from './check.ts'
import { cookieOptions, SESSION_AGE, sessionCookieName, sessionSecret } from './cookie.ts'
import { localPath } from './local-path.ts'

export type SignInState =
  | { type: 'fresh' }
  | { type: 'refused'; address: string }
  | { type: 'limited'; address: string; retryAfter: number }
  | { type: 'unavailable'; address: string }

export async function signIn(_previous: SignInState, form: FormData): Promise<SignInState> {
  const address = String(form.get('address') ?? '')
  const password = String(form.get('password') ?? '')
  const { settings, sessionKey, log } = await services()
  const remote = (await headers()).get('x-forwarded-for') ?? ''
  const result = await checkPassword(address, password, remote).catch(error => {
    log.error({ event: 'webmail.sign-in-failed', error })
    return { type: 'unavailable' as const }
  })
  switch (result.type) {
    case 'refused':
    case 'unavailable':
      return { type: result.type, address }
    case 'limited':
      return { type: 'limited', address, retryAfter: result.retryAfter }
    case 'ok': {
      const token = await encode({
        token: { personId: result.personId, epoch: result.epoch },
        secret: sessionSecret(sessionKey),
        maxAge: SESSION_AGE,
      })
      const store = await cookies()
      store.set(sessionCookieName(settings), token, { ...cookieOptions(settings), maxAge: SESSION_AGE })
      redirect(localPath(String(form.get('next') ?? '')))
    }
  }
}

export async function signOut(): Promise<void> {
  const { settings } = await services()
  const store = await cookies()
  // Not delete(): browsers pass over a `__Host-` cookie without Secure, even one that has ended.
  store.set(sessionCookieName(settings), '', { ...cookieOptions(settings), maxAge: 0 })
  redirect('/sign-in')
}
