'use client'
/** Address and password. Real labels, the browser's own validation, and one message that says what to do. */
import { useTranslations } from 'next-intl'
import { useActionState, useEffect, useRef } from 'react'
import { type SignInState, signIn } from '../../auth/sign-in.ts'
import styles from './sign-in.module.css'

export function SignInForm({ next }: { next: string }) {
  const t = useTranslations('signIn')
  const [state, action, pending] = useActionState<SignInState, FormData>(signIn, { type: 'fresh' })
  const password = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (state.type !== 'fresh') password.current?.focus()
  }, [state])
  return (
    <form action={action} className={styles.form}>
      <input type="hidden" name="next" value={next} />
      <p className={styles.alert} role="alert" hidden={state.type === 'fresh'} id="sign-in-message">
        {state.type === 'refused' && t('refused')}
        {state.type === 'unavailable' && t('unavailable')}
        {state.type === 'limited' && t('limited', { minutes: Math.max(1, Math.ceil(state.retryAfter / 60)) })}
      </p>
      <label className={styles.field}>
        <span>{t('address')}</span>
        <input
          name="address"
          type="email"
          autoComplete="username"
          inputMode="email"
          autoCapitalize="none"
          spellCheck={false}
          required
          maxLength={320}
          defaultValue={state.type === 'fresh' ? '' : state.address}
          aria-describedby="sign-in-message"
        />
      </label>
      <label className={styles.field}>
        <span>{t('password')}</span>
        <input
          ref={password}
          name="password"
          type="password"
          autoComplete="current-password"
          required
          maxLength={1024}
          aria-describedby="sign-in-message"
        />
      </label>
      <button type="submit" className={styles.submit} disabled={pending}>
        {pending ? t('checking') : t('submit')}
      </button>
    </form>
  )
}
