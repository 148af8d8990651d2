'use client'
/** Entering a code, and having one sent. What is said of the second is the same whoever is asked for. */
import { useTranslations } from 'next-intl'
import { useActionState, useState } from 'react'
import { askCode, type CodeState, enterSignInCode } from '../../../auth/code.ts'
import styles from '../sign-in.module.css'

const fresh: CodeState = { type: 'fresh' }

function Message({ state }: { state: CodeState }) {
  const t = useTranslations('signIn')
  const bad = state.type !== 'fresh' && state.type !== 'sent'
  return (
    <>
      <p className={styles.alert} role="alert" hidden={!bad}>
        {state.type === 'refused' && t('codeRefused')}
        {state.type === 'unavailable' && t('unavailable')}
        {state.type === 'limited' && t('limited', { minutes: Math.max(1, Math.ceil(state.retryAfter / 60)) })}
      </p>
      <p className={styles.sent} role="status" hidden={state.type !== 'sent'}>
        {state.type === 'sent' && t('codeSent')}
      </p>
    </>
  )
}

function Address(props: { value: string; onChange: (value: string) => void }) {
  const t = useTranslations('signIn')
  return (
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
        value={props.value}
        onChange={event => props.onChange(event.target.value)}
      />
    </label>
  )
}

export function CodeForms(props: { next: string; address: string; code: string }) {
  const t = useTranslations('signIn')
  const [entered, enter, entering] = useActionState(enterSignInCode, fresh)
  const [asked, ask, asking] = useActionState(askCode, fresh)
  const [address, setAddress] = useState(props.address)
  return (
    <>
      <form action={enter} className={styles.form} aria-label={t('codeHave')}>
        <Message state={entered} />
        <input type="hidden" name="next" value={props.next} />
        <Address value={address} onChange={setAddress} />
        <label className={styles.field}>
          <span>{t('code')}</span>
          <input
            name="code"
            autoComplete="one-time-code"
            autoCapitalize="none"
            spellCheck={false}
            required
            maxLength={100}
            defaultValue={props.code}
          />
        </label>
        <button type="submit" className={styles.submit} disabled={entering}>
          {entering ? t('checking') : t('submit')}
        </button>
      </form>
      <section className={styles.part} aria-labelledby="ask-title">
        <h2 id="ask-title">{t('codeNone')}</h2>
        <form action={ask} className={styles.form}>
          <Message state={asked} />
          <Address value={address} onChange={setAddress} />
          <button type="submit" className={styles.other} disabled={asking}>
            {t('codeSend')}
          </button>
        </form>
      </section>
    </>
  )
}
