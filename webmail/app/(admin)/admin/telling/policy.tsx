'use client'
/** How often the same is told, when others hear of it, whether people do, and the public status page. */
import type { PolicyView } from '@restante/core/telling/policy.ts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { useId, useState } from 'react'
import { notify } from '../../../../mail/toasts.tsx'
import { call } from '../api.ts'
import dialog from '../dialog.module.css'
import styles from '../fields.module.css'
import { Check } from '../fields.tsx'
import section from '../section.module.css'
import own from './policy.module.css'

const MINUTES = ['repeatMinutes', 'escalateMinutes', 'queueMinutes'] as const

export function Policy({ policy }: { policy: PolicyView }) {
  const t = useTranslations('admin.telling')
  const client = useQueryClient()
  const id = useId()
  const [wanted, setWanted] = useState(policy)
  const save = useMutation({
    mutationFn: () => call<PolicyView>('telling', wanted, 'PATCH'),
    onSuccess: () => {
      notify({ text: t('saved') })
      void client.invalidateQueries({ queryKey: ['telling'] })
    },
  })
  return (
    <section className={section.section} aria-labelledby="policy-title">
      <h2 className={section.title} id="policy-title">
        {t('policy')}
      </h2>
      <form
        className={own.form}
        onSubmit={event => {
          event.preventDefault()
          save.mutate()
        }}
      >
        {MINUTES.map(name => (
          <div key={name}>
            <label className={dialog.label} htmlFor={`${id}${name}`}>
              {t(name)}
            </label>
            <input
              id={`${id}${name}`}
              className={dialog.field}
              type="number"
              min={0}
              max={10080}
              required
              aria-describedby={`${id}never`}
              value={wanted[name]}
              onChange={event => setWanted({ ...wanted, [name]: Number(event.target.value) })}
            />
          </div>
        ))}
        <p className={styles.help} id={`${id}never`}>
          {t('never0')}
        </p>
        <Check
          label={t('people')}
          checked={wanted.people}
          onChange={people => setWanted({ ...wanted, people })}
        />
        <div>
          <label className={dialog.label} htmlFor={`${id}slug`}>
            {t('slug')}
          </label>
          <input
            id={`${id}slug`}
            className={dialog.field}
            maxLength={63}
            pattern="[a-z0-9][a-z0-9\-]*[a-z0-9]"
            spellCheck={false}
            autoCapitalize="none"
            aria-describedby={`${id}slughelp`}
            value={wanted.statusSlug ?? ''}
            onChange={event => setWanted({ ...wanted, statusSlug: event.target.value || null })}
          />
          <p className={styles.help} id={`${id}slughelp`}>
            {policy.statusSlug ? (
              <a href={`/status/${policy.statusSlug}`}>{t('slugThere')}</a>
            ) : (
              t('slugHelp')
            )}
          </p>
        </div>
        {save.error && (
          <p className={dialog.error} role="alert">
            {t('failed', { detail: save.error.message })}
          </p>
        )}
        <div className={own.save}>
          <button type="submit" className={`${section.button} ${section.primary}`} disabled={save.isPending}>
            {t('save')}
          </button>
        </div>
      </form>
    </section>
  )
}
