'use client'
/**
 * An address, and off to its organization's sign-in. The way there is fetched and then gone by the page itself: a
 * form that is answered with another site's address would be stopped by the page's policy (form-action).
 */
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import { findCompany } from '../../../auth/company.ts'
import styles from '../sign-in.module.css'

type State = 'fresh' | 'going' | 'none' | 'failed'

export function CompanyForm({ next }: { next: string }) {
  const t = useTranslations('signIn')
  const [state, setState] = useState<State>('fresh')

  async function go(form: FormData): Promise<void> {
    setState('going')
    try {
      const provider = await findCompany(String(form.get('address') ?? ''))
      if (!provider) {
        setState('none')
        return
      }
      const { csrfToken } = (await (await fetch('/api/auth/csrf')).json()) as { csrfToken: string }
      const answer = await fetch(`/api/auth/signin/${provider}`, {
        method: 'POST',
        body: new URLSearchParams({ csrfToken, callbackUrl: next, json: 'true' }),
      })
      const { url } = (await answer.json()) as { url: string }
      location.assign(url)
    } catch {
      setState('failed')
    }
  }

  return (
    <form action={go} className={styles.form}>
      <p className={styles.alert} role="alert" hidden={state !== 'none' && state !== 'failed'}>
        {state === 'none' && t('organizationNone')}
        {state === 'failed' && t('organizationFailed')}
      </p>
      <label className={styles.field}>
        <span>{t('address')}</span>
        <input name="address" type="email" autoComplete="username" required maxLength={320} />
      </label>
      <button type="submit" className={styles.submit} disabled={state === 'going'}>
        {t('organizationGo')}
      </button>
    </form>
  )
}
