'use client'
/** The forms of "Security and sign-in". Each works without script but for passkeys, which need it. */
import { useTranslations } from 'next-intl'
import { type ReactNode, useActionState, useId } from 'react'
import styles from '../telling/contact.module.css'
import own from './account.module.css'
import {
  type AccountState,
  addAppPassword,
  changePassword,
  dropApp,
  dropAppPassword,
  dropOtherSessions,
  dropPasskey,
  dropSession,
  finishApp,
  renewRecovery,
  switchFactor,
} from './actions.ts'

const fresh: AccountState = { type: 'fresh' }
type Action = (previous: AccountState, form: FormData) => Promise<AccountState>

/** What came of it, for eyes and screen readers. */
function Outcome({ state, done }: { state: AccountState; done?: string }) {
  const t = useTranslations('security')
  return (
    <>
      <p className={styles.alert} role="alert" hidden={state.type !== 'refused'}>
        {state.type === 'refused' && t(`refusedBecause.${state.code}`)}
      </p>
      <p className={styles.help} role="status">
        {state.type === 'done' && done}
      </p>
      {state.type === 'recovery' && <RecoveryCodes codes={state.codes} />}
      {state.type === 'app-password' && (
        <div className={own.notice}>
          <p>{t('appPasswordMade', { name: state.name })}</p>
          <p className={own.secret}>{state.password}</p>
        </div>
      )}
    </>
  )
}

function RecoveryCodes({ codes }: { codes: readonly string[] }) {
  const t = useTranslations('security')
  return (
    <div>
      <p className={own.notice}>{t('recoveryMade')}</p>
      <ul className={own.codes} aria-label={t('recovery')}>
        {codes.map(code => (
          <li key={code} className={own.secret}>
            {code}
          </li>
        ))}
      </ul>
    </div>
  )
}

/** A button that does one thing. */
function OneButton(props: {
  action: Action
  fields?: Record<string, string>
  label?: string
  done?: string
  children: ReactNode
}) {
  const [state, action, pending] = useActionState(props.action, fresh)
  return (
    <form action={action}>
      {Object.entries(props.fields ?? {}).map(([name, value]) => (
        <input key={name} type="hidden" name={name} value={value} />
      ))}
      <button type="submit" disabled={pending} aria-label={props.label}>
        {props.children}
      </button>
      {state.type !== 'fresh' && <Outcome state={state} {...(props.done && { done: props.done })} />}
    </form>
  )
}

function Field(props: { label: string; name: string; autoComplete: string; type?: string }) {
  const id = useId()
  return (
    <div>
      <label htmlFor={id}>{props.label}</label>
      <input
        id={id}
        name={props.name}
        type={props.type ?? 'password'}
        autoComplete={props.autoComplete}
        required
        maxLength={1_000}
      />
    </div>
  )
}

export function PasswordForm({ has, address }: { has: boolean; address: string }) {
  const t = useTranslations('security')
  const [state, action, pending] = useActionState(changePassword, fresh)
  return (
    <form action={action} className={styles.form}>
      <Outcome state={state} done={t('passwordChanged')} />
      {/* So that a password manager knows whose it is. */}
      <input type="text" name="username" autoComplete="username" defaultValue={address} hidden readOnly />
      <div className={own.fields}>
        {has && <Field label={t('passwordNow')} name="current" autoComplete="current-password" />}
        <Field label={t('passwordNew')} name="new" autoComplete="new-password" />
        <Field label={t('passwordAgain')} name="again" autoComplete="new-password" />
      </div>
      <button type="submit" disabled={pending} className={styles.primary}>
        {t(has ? 'passwordChange' : 'passwordSet')}
      </button>
    </form>
  )
}

/** @param done the app is in use: what remains to show are its recovery codes */
export function AppCodeForm({ done }: { done: boolean }) {
  const t = useTranslations('security')
  const id = useId()
  const [state, action, pending] = useActionState(finishApp, fresh)
  if (state.type === 'recovery') return <RecoveryCodes codes={state.codes} />
  if (done) return null
  return (
    <form action={action} className={styles.form}>
      <Outcome state={state} />
      <label htmlFor={id}>{t('appCode')}</label>
      <div className={styles.line}>
        <input
          id={id}
          name="code"
          inputMode="numeric"
          autoComplete="one-time-code"
          pattern="[0-9 ]{6,8}"
          required
          maxLength={8}
        />
        <button type="submit" disabled={pending} className={styles.primary}>
          {t('appFinish')}
        </button>
      </div>
    </form>
  )
}

export function FactorButtons({ on, app }: { on: boolean; app: boolean }) {
  const t = useTranslations('security')
  return (
    <div className={own.buttons}>
      <OneButton action={switchFactor} fields={{ on: on ? 'no' : 'yes' }}>
        {t(on ? 'factorOff' : 'factorOn')}
      </OneButton>
      {on && <OneButton action={renewRecovery}>{t('recoveryRenew')}</OneButton>}
      {app && (
        <OneButton action={dropApp} done={t('appRemoved')}>
          {t('appRemove')}
        </OneButton>
      )}
    </div>
  )
}

export function RemovePasskey({ id, name }: { id: string; name: string }) {
  const t = useTranslations('security')
  return (
    <OneButton action={dropPasskey} fields={{ id }} label={t('removeNamed', { name })}>
      {t('remove')}
    </OneButton>
  )
}

export function RemoveAppPassword({ id, name }: { id: string; name: string }) {
  const t = useTranslations('security')
  return (
    <OneButton action={dropAppPassword} fields={{ id }} label={t('removeNamed', { name })}>
      {t('remove')}
    </OneButton>
  )
}

export function AppPasswordForm() {
  const t = useTranslations('security')
  const id = useId()
  const [state, action, pending] = useActionState(addAppPassword, fresh)
  return (
    <form action={action} className={styles.form}>
      <Outcome state={state} />
      <label htmlFor={id}>{t('appPasswordFor')}</label>
      <div className={styles.line}>
        <input id={id} name="name" required maxLength={100} autoComplete="off" />
        <button type="submit" disabled={pending}>
          {t('appPasswordMake')}
        </button>
      </div>
    </form>
  )
}

export function EndSession({ id, name }: { id: string; name: string }) {
  const t = useTranslations('security')
  return (
    <OneButton action={dropSession} fields={{ id }} label={t('sessionEndNamed', { name })}>
      {t('sessionEnd')}
    </OneButton>
  )
}

export function EndOthers() {
  const t = useTranslations('security')
  return (
    <OneButton action={dropOtherSessions} done={t('sessionsEnded')}>
      {t('sessionsEndOthers')}
    </OneButton>
  )
}
