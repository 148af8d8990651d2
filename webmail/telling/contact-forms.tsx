'use client'
/** The forms of a second contact: an address, the code that came there, and a way to forget it. */
import { useTranslations } from 'next-intl'
import { useActionState, useId } from 'react'
import styles from './contact.module.css'
import { askContact, type ContactState, enterCode, forgetContact } from './contact.ts'

const fresh: ContactState = { type: 'fresh' }

function Refused({ state }: { state: ContactState }) {
  const t = useTranslations('contact')
  return (
    <p className={styles.alert} role="alert" hidden={state.type !== 'refused'}>
      {state.type === 'refused' && t(`refused.${state.code}`)}
    </p>
  )
}

export function AddressForm({ again }: { again: boolean }) {
  const t = useTranslations('contact')
  const id = useId()
  const [state, action, pending] = useActionState(askContact, fresh)
  return (
    <form action={action} className={styles.form}>
      <Refused state={state} />
      <label htmlFor={id}>{t(again ? 'other' : 'address')}</label>
      <div className={styles.line}>
        <input id={id} name="address" type="email" autoComplete="email" required maxLength={320} />
        <button type="submit" disabled={pending}>
          {t('send')}
        </button>
      </div>
      <p className={styles.help} role="status">
        {state.type === 'done' ? t('sent') : t('addressHelp')}
      </p>
    </form>
  )
}

export function CodeForm({ code }: { code: string }) {
  const t = useTranslations('contact')
  const id = useId()
  const [state, action, pending] = useActionState(enterCode, fresh)
  return (
    <form action={action} className={styles.form}>
      <Refused state={state} />
      <label htmlFor={id}>{t('code')}</label>
      <div className={styles.line}>
        <input
          id={id}
          name="code"
          required
          maxLength={20}
          autoComplete="one-time-code"
          autoCapitalize="characters"
          spellCheck={false}
          defaultValue={code}
        />
        <button type="submit" disabled={pending} className={styles.primary}>
          {t('confirm')}
        </button>
      </div>
    </form>
  )
}

export function RemoveForm({ id, name }: { id: string; name: string }) {
  const t = useTranslations('contact')
  const [, action, pending] = useActionState(forgetContact, fresh)
  return (
    <form action={action}>
      <input type="hidden" name="id" value={id} />
      <button type="submit" disabled={pending} aria-label={t('removeFor', { name })}>
        {t('remove')}
      </button>
    </form>
  )
}
