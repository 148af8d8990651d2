'use server'
/** One-time codes: asking for one at the second contact, and coming in with one, sent or printed. */
import { verifyCode } from '@restante/core/access/codes.ts'
import type { Limit } from '@restante/core/access/limits.ts'
import { networkOf } from '@restante/core/config/networks.ts'
import { normalizeAddress } from '@restante/core/directory/addresses.ts'
import { sendSignInCode, tellSecurity } from '@restante/core/telling/sign-in.ts'
import { redirect } from 'next/navigation'
import { services } from '../server/services.ts'
import { asCheck, attemptBy } from './check.ts'
import { proceed } from './finish.ts'
import { localPath } from './local-path.ts'

export type CodeState =
  | { type: 'fresh' }
  | { type: 'sent' | 'refused' | 'unavailable'; address: string }
  | { type: 'limited'; address: string; retryAfter: number }

const HOUR = 3_600_000
/** Each costs a mail to somebody who may not have asked. */
const ASKED_PER_ADDRESS: Limit = { name: 'code-asked', limit: 4, window: HOUR }
const ASKED_PER_NETWORK: Limit = { name: 'code-asked-network', limit: 20, window: HOUR }

/** Says the same, as fast, whoever is asked for. */
export async function askCode(_previous: CodeState, form: FormData): Promise<CodeState> {
  const address = String(form.get('address') ?? '').slice(0, 320)
  const { db, limiter, sealKey, log } = await services()
  const attempt = await attemptBy(address)
  const network = networkOf(attempt.remoteAddress)
  // A known browser has its own count: a stranger's asking must not use up its owner's.
  const counted: [Limit, string][] = attempt.device
    ? [[ASKED_PER_ADDRESS, `device:${attempt.device}`]]
    : [
        [ASKED_PER_NETWORK, network],
        [ASKED_PER_ADDRESS, normalizeAddress(address) ?? ''],
      ]
  for (const [limit, key] of counted) {
    const taken = await limiter.take(limit, key)
    if (!taken.allowed) return { type: 'limited', address, retryAfter: taken.retryAfter }
  }
  // Not waited for: how long it takes would tell who is there.
  void sendSignInCode(db, address, { codeKey: sealKey, sealKey }, new Date()).catch(error =>
    log.error({ event: 'webmail.code-not-sent', error }),
  )
  return { type: 'sent', address }
}

export async function enterSignInCode(_previous: CodeState, form: FormData): Promise<CodeState> {
  const address = String(form.get('address') ?? '').slice(0, 320)
  const code = String(form.get('code') ?? '').slice(0, 100)
  const { db, limiter, sealKey, log } = await services()
  const attempt = { ...(await attemptBy(address)), password: code }
  const found = await verifyCode({ db, limiter, codeKey: sealKey }, attempt, new Date()).catch(error => {
    log.error({ event: 'webmail.sign-in-failed', error })
    return { type: 'unavailable' as const }
  })
  const result = found.type === 'unavailable' ? found : asCheck(found)
  switch (result.type) {
    case 'refused':
    case 'unavailable':
      return { type: result.type, address }
    case 'limited':
      return { type: 'limited', address, retryAfter: result.retryAfter }
    case 'ok': {
      await tellSecurity(db, result.person.id, 'code-used', new Date()).catch(error =>
        log.error({ event: 'webmail.not-told', error }),
      )
      redirect(await proceed(result, localPath(String(form.get('next') ?? ''))))
    }
  }
}
