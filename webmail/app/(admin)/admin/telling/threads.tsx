'use client'
/** What there is and was to tell, and a way to say that somebody knows. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { notify } from '../../../../mail/toasts.tsx'
import { call } from '../api.ts'
import { Mark } from '../mark.tsx'
import styles from '../plans/plans.module.css'
import section from '../section.module.css'
import { useNow } from '../use-picture.ts'
import { useWords } from '../words.ts'
import type { Thread } from './telling-page.tsx'

export function Threads({ threads }: { threads: readonly Thread[] }) {
  const t = useTranslations('admin.telling')
  const words = useWords()
  const now = useNow()
  const client = useQueryClient()
  const acknowledge = useMutation({
    mutationFn: (id: string) => call('telling/acknowledge', { id }),
    onSuccess: () => {
      notify({ text: t('acknowledged') })
      void client.invalidateQueries({ queryKey: ['telling'] })
    },
    onError: error => notify({ text: t('failed', { detail: error.message }) }),
  })
  return (
    <section className={section.section} aria-labelledby="threads-title">
      <h2 className={section.title} id="threads-title">
        {t('threads')}
      </h2>
      {threads.length === 0 && <p className={section.none}>{t('noThreads')}</p>}
      <ul className={styles.rows}>
        {threads.map(thread => (
          <li key={thread.id} className={styles.row}>
            <div className={styles.what}>
              <h3>{thread.title}</h3>
              <p>
                {thread.closedAt
                  ? t('lasted', {
                      from: words.moment(thread.openedAt, now),
                      to: words.moment(thread.closedAt, now),
                    })
                  : t('since', { from: words.moment(thread.openedAt, now) })}
                {' · '}
                {t('sent', { count: thread.sent })}
                {thread.acknowledgedBy && ` · ${t('knows', { who: thread.acknowledgedBy })}`}
              </p>
            </div>
            <Mark sign={thread.closedAt ? 'gone' : thread.severity === 0 ? 'queued' : 'wait'}>
              {t(thread.closedAt ? 'over' : 'open')}
            </Mark>
            <div className={styles.buttons}>
              {!thread.closedAt && !thread.acknowledgedAt && thread.severity > 0 && (
                <button
                  type="button"
                  className={section.button}
                  disabled={acknowledge.isPending}
                  aria-label={t('knowFor', { title: thread.title })}
                  onClick={() => acknowledge.mutate(thread.id)}
                >
                  {t('know')}
                </button>
              )}
            </div>
          </li>
        ))}
      </ul>
    </section>
  )
}
