/** The one check of a password that all ways of signing in with one stand on. */
import { deviceOf } from '@restante/core/access/devices.ts'
import { verifyPassword } from '@restante/core/access/passwords.ts'
import type { Proven } from '@restante/core/access/sign-in-limits.ts'
import type { SignInMethod } from '@restante/core/db/schema/sign-in.ts'
import { normalizeAddress } from '@restante/core/directory/addresses.ts'
import { cookies } from 'next/headers'
import { currentClient } from '../server/client.ts'
import { services } from '../server/services.ts'
import { deviceCookieName } from './cookie.ts'

export type Check =
  | ({ type: 'ok' } & Proven & { by: SignInMethod })
  | { type: 'refused' }
  /** Too many attempts; `retryAfter` in seconds. */
  | { type: 'limited'; retryAfter: number }

/** Whether address and password belong together. A wrong password and an unknown address look the same. */
export async function checkPassword(address: string, password: string): Promise<Check> {
  const { db, limiter, askServer, sealKey } = await services()
  const result = await verifyPassword(
    { db, limiter, mailbox: { ask: askServer, sealKey } },
    { ...(await attemptBy(address)), password },
  )
  return asCheck(result)
}

/** Who tries, and from where. */
export async function attemptBy(
  address: string,
): Promise<{ address: string; remoteAddress: string; device: string | null }> {
  const { settings, signInKey } = await services()
  const known = (await cookies()).get(deviceCookieName(settings))?.value
  const normal = normalizeAddress(address.trim())
  return {
    address: address.trim(),
    remoteAddress: (await currentClient()).address,
    device: normal ? deviceOf(signInKey, known, normal) : null,
  }
}

type Result = Awaited<ReturnType<typeof verifyPassword>>

/** App passwords open no session of a browser. */
export function asCheck(result: Result): Check {
  if (result.type !== 'ok') return result
  const { by } = result
  return by === 'app-password' ? { type: 'refused' } : { ...result, by }
}
