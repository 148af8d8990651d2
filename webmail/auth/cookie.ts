/** The session's cookie: its name, its life, its key. One place, because sign-in and every request need it. */
import type { Settings } from '@restante/core/config/settings.ts'

/** A session lasts this long without being used, in seconds. */
export const SESSION_AGE = 30 * 24 * 3600

export function isSecure(settings: Pick<Settings, 'PUBLIC_URL'>): boolean {
  return settings.PUBLIC_URL.startsWith('https:')
}

/** Browsers take a cookie named `__Host-…` only with Secure, Path=/ and no Domain. */
export function sessionCookieName(settings: Pick<Settings, 'PUBLIC_URL'>): string {
  return isSecure(settings) ? '__Host-restante-session' : 'restante-session'
}

export function cookieOptions(settings: Pick<Settings, 'PUBLIC_URL'>) {
  return { httpOnly: true, sameSite: 'lax', path: '/', secure: isSecure(settings) } as const
}

export function sessionSecret(key: Buffer): string {
  return key.toString('base64url')
}
