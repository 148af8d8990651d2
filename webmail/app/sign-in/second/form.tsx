'use client'
/** The code of the second step, from the app or from the list of recovery codes. */
import { useTranslations } from 'next-intl'
import { useActionState, useEffect, useRef } from 'react'
import { enterSecond, type SecondState } from '../../../auth/second.ts'
import styles from '../sign-in.module.css'

export function SecondForm() {
  const t = useTranslations('signIn')
  const [state, action, pending] = useActionState<SecondState, FormData>(enterSecond, { type: 'fresh' })
  const code = useRef<HTMLInputElement>(null)
  useEffect(() => code.current?.focus(), [])
  useEffect(() => {
    if (state.type !== 'fresh') code.current?.focus()
  }, [state])
  return (
    <form action={action} className={styles.form}>
      <p className={styles.alert} role="alert" hidden={state.type === 'fresh'} id="second-message">
        {state.type !== 'fresh' && t(`second.${state.type}`)}
      </p>
      <label className={styles.field}>
        <span>{t('secondCode')}</span>
        <input
          ref={code}
          name="code"
          autoComplete="one-time-code"
          autoCapitalize="none"
          spellCheck={false}
          required
          maxLength={40}
          aria-describedby="second-message"
        />
      </label>
      <button type="submit" className={styles.submit} disabled={pending}>
        {pending ? t('checking') : t('submit')}
      </button>
    </form>
  )
}
