'use client'
/** Addresses outside that are not written to for a while, and the way back. */
import type { Suppressed as Entry } from '@restante/core/queue/suppression.ts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { useRef } from 'react'
import { notify } from '../../../../mail/toasts.tsx'
import type { Wire } from '../../../api/v1/picture.ts'
import { call } from '../api.ts'
import section from '../section.module.css'
import { useNow } from '../use-picture.ts'
import { useWords } from '../words.ts'
import styles from './outgoing.module.css'

export function Suppressed() {
  const t = useTranslations('admin.outgoing')
  const words = useWords()
  const now = useNow(60_000)
  const queries = useQueryClient()
  const title = useRef<HTMLHeadingElement>(null)
  const { data } = useQuery({
    queryKey: ['suppressed'],
    queryFn: () => call<{ items: Wire<Entry>[] }>('suppressed'),
    refetchInterval: 30_000,
  })
  const lift = useMutation({
    mutationFn: (address: string) => call('suppressed', { addresses: [address] }),
    onSuccess: (_answer, address) => {
      title.current?.focus()
      notify({ text: t('lifted', { address }) })
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['suppressed'] }),
  })
  const items = data?.items ?? []
  return (
    <section className={section.section} aria-labelledby="suppressed-title">
      <h2 className={section.title} id="suppressed-title" ref={title} tabIndex={-1}>
        {t('suppressed')}
      </h2>
      <p className={styles.help}>{t('suppressedHelp')}</p>
      {items.length === 0 ? (
        <p className={section.none}>{t('noSuppressed')}</p>
      ) : (
        <ul className={styles.rows}>
          {items.map(item => (
            <li key={`${item.organizationId} ${item.address}`} className={styles.entry}>
              <div>
                <p>
                  <strong>{item.address}</strong>
                </p>
                <p className={styles.over}>
                  {t('failures')}: {words.number(item.failures)} · {t('until')}{' '}
                  {words.moment(item.until, now)}
                </p>
                {item.outcome?.text && (
                  <code className={styles.said}>
                    {[item.outcome.code, item.outcome.enhanced, item.outcome.text].filter(Boolean).join(' ')}
                  </code>
                )}
              </div>
              <button
                type="button"
                className={section.button}
                disabled={lift.isPending}
                aria-label={`${t('lift')}: ${item.address}`}
                onClick={() => lift.mutate(item.address)}
              >
                {t('lift')}
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
