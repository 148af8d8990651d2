'use client'
/** What is planned, what is open, what was: with its report, and a way to end it. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import { notify } from '../../../../mail/toasts.tsx'
import { ApiFailure } from '../api.ts'
import dialog from '../dialog.module.css'
import { AskDialog } from '../dialog.tsx'
import { Mark } from '../mark.tsx'
import section from '../section.module.css'
import { useNow } from '../use-picture.ts'
import { useWords } from '../words.ts'
import styles from './plans.module.css'
import type { PeriodView } from './plans-page.tsx'
import { ReportDialog } from './report-dialog.tsx'

const signs = { open: 'wait', planned: 'queued', over: 'gone' } as const

export function Periods({ periods, onAdd }: { periods: readonly PeriodView[]; onAdd: () => void }) {
  const t = useTranslations('admin.plans')
  const [ending, setEnding] = useState<PeriodView | null>(null)
  const [report, setReport] = useState<PeriodView | null>(null)
  const order = { open: 0, planned: 1, over: 2 }
  const sorted = [...periods].sort(
    (a, b) =>
      order[a.state] - order[b.state] ||
      (a.state === 'over' ? b.startsAt.localeCompare(a.startsAt) : a.startsAt.localeCompare(b.startsAt)),
  )
  return (
    <section className={section.section} aria-labelledby="periods-title">
      <div className={styles.head}>
        <h2 className={section.title} id="periods-title">
          {t('periods')}
        </h2>
        <button type="button" className={`${section.button} ${section.primary}`} onClick={onAdd}>
          {t('add')}
        </button>
      </div>
      {sorted.length === 0 && <p className={section.none}>{t('none')}</p>}
      <ul className={styles.rows}>
        {sorted.map(period => (
          <li key={period.id} className={styles.row}>
            <div className={styles.what}>
              <h3>
                {t(`kind.${period.kind}`)}: {period.name}
              </h3>
              <p>
                <When period={period} />
              </p>
              {period.reason && <p>{period.reason}</p>}
            </div>
            <Mark sign={signs[period.state]}>{t(`state.${period.state}`)}</Mark>
            <div className={styles.buttons}>
              {period.report && (
                <button type="button" className={section.button} onClick={() => setReport(period)}>
                  {t('report')}
                </button>
              )}
              {period.state !== 'over' && (
                <button
                  type="button"
                  className={section.button}
                  aria-label={t('endFor', { kind: t(`kind.${period.kind}`), name: period.name })}
                  onClick={() => setEnding(period)}
                >
                  {t('end')}
                </button>
              )}
            </div>
          </li>
        ))}
      </ul>
      {ending && <EndDialog period={ending} onClose={() => setEnding(null)} />}
      {report && <ReportDialog period={report} onClose={() => setReport(null)} />}
    </section>
  )
}

function When({ period }: { period: PeriodView }) {
  const t = useTranslations('admin.plans')
  const words = useWords()
  const now = useNow(30_000)
  const from = words.moment(period.startsAt, now)
  const { rule } = period
  const parts = [
    period.endsAt ? t('from', { from, to: words.moment(period.endsAt, now) }) : t('fromOnly', { from }),
    rule ? t(rule.every === 'week' ? 'weekly' : 'monthly', { step: rule.step }) : null,
    t(period.mail),
    t('by', { by: period.createdBy }),
  ]
  return <>{parts.filter(Boolean).join(' · ')}</>
}

function EndDialog({ period, onClose }: { period: PeriodView; onClose: () => void }) {
  const t = useTranslations('admin.plans')
  const client = useQueryClient()
  const end = useMutation({
    mutationFn: async () => {
      const answer = await fetch(`/api/v1/periods/${period.id}`, { method: 'DELETE' })
      if (!answer.ok) throw new ApiFailure(answer.status, String(answer.status))
    },
    onSuccess: () => {
      notify({ text: t('ended') })
      void client.invalidateQueries()
      onClose()
    },
  })
  return (
    <AskDialog
      title={t('endTitle')}
      doing={t('endDo')}
      busy={end.isPending}
      error={end.error}
      onClose={onClose}
      onDo={() => end.mutate()}
    >
      <p className={dialog.text}>{t('endText', { name: period.name })}</p>
    </AskDialog>
  )
}
