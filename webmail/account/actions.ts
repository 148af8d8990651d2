'use server'
/** A person's own ways in, by form. Each action asks itself who is there, and how long ago they showed who they are. */
import { createAppPassword, removeAppPassword } from '@restante/core/access/app-passwords.ts'
import { audit } from '@restante/core/access/audit.ts'
import { removePasskey } from '@restante/core/access/passkeys.ts'
import {
  beginApp,
  confirmApp,
  newRecoveryCodes,
  removeApp,
  secondFactorOf,
  setSecondFactor,
} from '@restante/core/access/second-factor.ts'
import { carryOver, endOtherSessions, endSession } from '@restante/core/access/sessions.ts'
import { DirectoryError } from '@restante/core/directory/errors.ts'
import { setPerson } from '@restante/core/directory/people.ts'
import type { SecurityEvent } from '@restante/core/telling/say.ts'
import { tellSecurity } from '@restante/core/telling/sign-in.ts'
import { revalidatePath } from 'next/cache'
import { redirect } from 'next/navigation'
import { checkPassword } from '../auth/check.ts'
import { type Services, services } from '../server/services.ts'
import { currentPerson, forgetPerson, forgetSession, type SignedIn } from '../server/session.ts'
import { isRecent } from './recent.ts'

export type Refusal = 'again' | 'wrong' | 'weak' | 'differ' | 'limited' | 'name' | 'unavailable'
export type AccountState =
  | { type: 'fresh' }
  | { type: 'done' }
  | { type: 'refused'; code: Refusal }
  /** Shown this once. */
  | { type: 'recovery'; codes: string[] }
  | { type: 'app-password'; name: string; password: string }

type Deed = {
  action: string
  /** Opens or closes a way in: only soon after a sign-in. */
  recent: boolean
  tell?: SecurityEvent
  work: (person: SignedIn, services: Services, now: Date) => Promise<AccountState>
}

async function act({ action, recent, tell, work }: Deed): Promise<AccountState> {
  const person = await currentPerson()
  if (!person) redirect(`/sign-in?next=${encodeURIComponent('/account/security')}`)
  if (recent && !isRecent(person)) return { type: 'refused', code: 'again' }
  const opened = await services()
  const now = new Date()
  let state: AccountState
  try {
    state = await work(person, opened, now)
    if (state.type !== 'refused') {
      await audit(opened.db, {
        organizationId: person.organizationId,
        actor: person.address,
        action,
        target: person.address,
      })
      if (tell) await tellSecurity(opened.db, person.id, tell, now)
    }
  } catch (error) {
    opened.log.error({ event: 'webmail.account-failed', action, error })
    state = { type: 'refused', code: 'unavailable' }
  }
  revalidatePath('/account/security')
  return state
}

const text = (form: FormData, name: string, most: number) => String(form.get(name) ?? '').slice(0, most)

export async function changePassword(_previous: AccountState, form: FormData): Promise<AccountState> {
  return await act({
    action: 'password.change',
    recent: true,
    tell: 'password',
    async work(person, { db }) {
      const next = text(form, 'new', 2_000)
      if (next !== text(form, 'again', 2_000)) return { type: 'refused', code: 'differ' }
      const current = form.get('current')
      if (current !== null) {
        const checked = await checkPassword(person.address, String(current))
        if (checked.type === 'limited') return { type: 'refused', code: 'limited' }
        if (checked.type === 'refused') return { type: 'refused', code: 'wrong' }
      }
      try {
        // Ends all sessions but this one.
        const changed = await setPerson(db, person.address, { password: next })
        await carryOver(db, person.sessionId, changed.sessionEpoch)
        forgetPerson(person.id)
      } catch (error) {
        if (error instanceof DirectoryError && error.code === 'weak-password')
          return { type: 'refused', code: 'weak' }
        throw error
      }
      return { type: 'done' }
    },
  })
}

export async function startApp(): Promise<void> {
  await act({
    action: 'totp.begin',
    recent: true,
    async work(person, { db, sealKey }, now) {
      if (!(await secondFactorOf(db, person.id)).app) await beginApp(db, person.id, sealKey, now)
      return { type: 'done' }
    },
  })
}

export async function finishApp(_previous: AccountState, form: FormData): Promise<AccountState> {
  return await act({
    action: 'totp.add',
    recent: true,
    async work(person, { db, limiter, sealKey }, now) {
      const result = await confirmApp({ db, limiter, sealKey }, person.id, text(form, 'code', 20), now)
      if (result.type === 'ok') return { type: 'recovery', codes: result.recovery }
      return { type: 'refused', code: result.type === 'limited' ? 'limited' : 'wrong' }
    },
  })
}

export async function dropApp(_previous: AccountState): Promise<AccountState> {
  return await act({
    action: 'totp.remove',
    recent: true,
    tell: 'factor-off',
    async work(person, { db }) {
      await removeApp(db, person.id)
      return { type: 'done' }
    },
  })
}

export async function switchFactor(_previous: AccountState, form: FormData): Promise<AccountState> {
  const on = form.get('on') === 'yes'
  return await act({
    action: on ? 'second-factor.on' : 'second-factor.off',
    recent: true,
    ...(!on && { tell: 'factor-off' as const }),
    async work(person, { db, sealKey }) {
      if (
        (await setSecondFactor(db, person.id, on)) &&
        (await secondFactorOf(db, person.id)).recovery === 0
      ) {
        return { type: 'recovery', codes: await newRecoveryCodes(db, person.id, sealKey) }
      }
      return { type: 'done' }
    },
  })
}

export async function renewRecovery(_previous: AccountState): Promise<AccountState> {
  return await act({
    action: 'recovery-codes.renew',
    recent: true,
    work: async (person, { db, sealKey }) => ({
      type: 'recovery',
      codes: await newRecoveryCodes(db, person.id, sealKey),
    }),
  })
}

export async function dropPasskey(_previous: AccountState, form: FormData): Promise<AccountState> {
  return await act({
    action: 'passkey.remove',
    recent: true,
    async work(person, { db }) {
      await removePasskey(db, person.id, text(form, 'id', 40))
      return { type: 'done' }
    },
  })
}

export async function addAppPassword(_previous: AccountState, form: FormData): Promise<AccountState> {
  return await act({
    action: 'app-password.add',
    recent: true,
    tell: 'app-password',
    async work(person, { db }) {
      try {
        const { name, password } = await createAppPassword(db, person.id, text(form, 'name', 200))
        return { type: 'app-password', name, password }
      } catch (error) {
        if (error instanceof DirectoryError) return { type: 'refused', code: 'name' }
        throw error
      }
    },
  })
}

export async function dropAppPassword(_previous: AccountState, form: FormData): Promise<AccountState> {
  return await act({
    action: 'app-password.remove',
    recent: false,
    async work(person, { db }) {
      await removeAppPassword(db, person.id, text(form, 'id', 40))
      return { type: 'done' }
    },
  })
}

export async function dropSession(_previous: AccountState, form: FormData): Promise<AccountState> {
  return await act({
    action: 'session.end',
    recent: false,
    async work(person, { db }) {
      const id = text(form, 'id', 40)
      await endSession(db, person.id, id)
      forgetSession(id)
      return { type: 'done' }
    },
  })
}

export async function dropOtherSessions(_previous: AccountState): Promise<AccountState> {
  return await act({
    action: 'session.end-others',
    recent: false,
    async work(person, { db }) {
      await endOtherSessions(db, person.id, person.sessionId)
      forgetPerson(person.id)
      return { type: 'done' }
    },
  })
}
