/** The cookies of signing in: their names, their lives, their keys. One place, because every request needs one of them. */
import type { Settings } from '@restante/core/config/settings.ts'

/** A session lasts this long without being used, in seconds. */
export const SESSION_AGE = 30 * 24 * 3600
/** A browser is known for so long after its last sign-in, in seconds. */
export const DEVICE_AGE = 400 * 24 * 3600
/** Between the password and the second factor, and for a passkey's challenge, in seconds. */
export const STEP_AGE = 5 * 60

type Public = Pick<Settings, 'PUBLIC_URL'>

export function isSecure(settings: Public): boolean {
  return settings.PUBLIC_URL.startsWith('https:')
}

/** Browsers take a cookie named `__Host-…` only with Secure, Path=/ and no Domain. */
const named = (settings: Public, name: string) =>
  isSecure(settings) ? `__Host-restante-${name}` : `restante-${name}`

export const sessionCookieName = (settings: Public): string => named(settings, 'session')
/** Says for whom this browser has signed in before; opens nothing. */
export const deviceCookieName = (settings: Public): string => named(settings, 'known')
/** What was proven already, while the second factor is asked for. */
export const stepCookieName = (settings: Public): string => named(settings, 'step')
/** A passkey's challenge. */
export const challengeCookieName = (settings: Public): string => named(settings, 'challenge')

export function cookieOptions(settings: Public) {
  return { httpOnly: true, sameSite: 'lax', path: '/', secure: isSecure(settings) } as const
}

export function sessionSecret(key: Buffer): string {
  return key.toString('base64url')
}
