'use server'
/** The second step: a code of the authenticator app, or a recovery code. A passkey goes by app/sign-in/passkey. */
import { personById } from '@restante/core/access/permissions.ts'
import { verifySecondFactor } from '@restante/core/access/second-factor.ts'
import { redirect } from 'next/navigation'
import { services } from '../server/services.ts'
import { openBrowserSession } from './finish.ts'
import { localPath } from './local-path.ts'
import { forgetStep, readStep } from './step.ts'

export type SecondState = { type: 'fresh' | 'refused' | 'limited' | 'over' | 'unavailable' }

export async function enterSecond(_previous: SecondState, form: FormData): Promise<SecondState> {
  const step = await readStep()
  if (!step) return { type: 'over' }
  const { db, limiter, sealKey, log } = await services()
  const code = String(form.get('code') ?? '').slice(0, 40)
  const tried = await verifySecondFactor({ db, limiter, sealKey }, step.personId, code, new Date()).catch(
    error => {
      log.error({ event: 'webmail.second-factor-failed', error })
      return 'unavailable' as const
    },
  )
  if (tried !== 'ok') return { type: tried }
  const person = await personById(db, step.personId)
  if (!person || person.sessionEpoch !== step.epoch) {
    await forgetStep()
    return { type: 'over' }
  }
  await openBrowserSession(person, step.by)
  redirect(localPath(step.next))
}

/** Back to the beginning, perhaps as somebody else. */
export async function giveUpSecond(): Promise<void> {
  await forgetStep()
  redirect('/sign-in')
}
