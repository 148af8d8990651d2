/**
 * Small sealed cookies of a sign-in that is under way: who has shown the right password, a passkey's challenge. They
 * run out after minutes, whatever the browser does with them, and each says what it is for.
 */
import { seal, unseal } from '@restante/core/config/secret.ts'
import type { SignInMethod } from '@restante/core/db/schema/sign-in.ts'
import { cookies } from 'next/headers'
import { services } from '../server/services.ts'
import { challengeCookieName, cookieOptions, STEP_AGE, stepCookieName } from './cookie.ts'

export type Step = {
  type: 'second-factor'
  personId: string
  /** The person's session epoch then: a changed password ends this too. */
  epoch: number
  by: SignInMethod
  next: string
}
export type Challenge = { type: 'challenge'; challenge: string; purpose: 'sign-in' | 'second' | 'add' }
type Kept = Step | Challenge

async function keep(name: string, value: Kept): Promise<void> {
  const { settings, signInKey } = await services()
  const sealed = seal(signInKey, JSON.stringify({ ...value, until: Date.now() + STEP_AGE * 1_000 }))
  ;(await cookies()).set(name, sealed, { ...cookieOptions(settings), maxAge: STEP_AGE })
}

async function read<T extends Kept>(name: string, type: T['type']): Promise<T | null> {
  const { signInKey } = await services()
  const sealed = (await cookies()).get(name)?.value
  if (!sealed) return null
  try {
    const value = JSON.parse(unseal(signInKey, sealed)) as T & { until: number }
    return value.type === type && value.until > Date.now() ? value : null
  } catch {
    return null
  }
}

async function forget(name: string): Promise<void> {
  const { settings } = await services()
  // Not delete(): browsers pass over a `__Host-` cookie without Secure, even one that has ended.
  ;(await cookies()).set(name, '', { ...cookieOptions(settings), maxAge: 0 })
}

export async function keepStep(step: Omit<Step, 'type'>): Promise<void> {
  await keep(stepCookieName((await services()).settings), { type: 'second-factor', ...step })
}

/** Who is half in; null: nobody. */
export async function readStep(): Promise<Step | null> {
  return await read<Step>(stepCookieName((await services()).settings), 'second-factor')
}

export async function forgetStep(): Promise<void> {
  await forget(stepCookieName((await services()).settings))
}

export async function keepChallenge(challenge: string, purpose: Challenge['purpose']): Promise<void> {
  await keep(challengeCookieName((await services()).settings), { type: 'challenge', challenge, purpose })
}

/** Takes it: the next answer needs another. */
export async function takeChallenge(purpose: Challenge['purpose']): Promise<string | null> {
  const name = challengeCookieName((await services()).settings)
  const kept = await read<Challenge>(name, 'challenge')
  await forget(name)
  return kept?.purpose === purpose ? kept.challenge : null
}
