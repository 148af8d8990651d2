'use client'
/** What a drill found. */
import type { Use } from '@restante/core/continuity/drill.ts'
import { useTranslations } from 'next-intl'
import dialog from '../dialog.module.css'
import { Dialog } from '../dialog.tsx'
import { useNow } from '../use-picture.ts'
import { useWords } from '../words.ts'
import styles from './plans.module.css'
import type { PeriodView } from './plans-page.tsx'

export function ReportDialog({ period, onClose }: { period: PeriodView; onClose: () => void }) {
  const t = useTranslations('admin.plans')
  const words = useWords()
  const now = useNow(60_000)
  const report = period.report as unknown as Use & { from: string; to: string }
  const problems = [
    report.withoutPassword.length > 0 && t('without', { names: words.list(report.withoutPassword) }),
    report.absent.length > 0 && t('absent', { names: words.list(report.absent) }),
    report.sentFailed > 0 && t('sentFailed', { count: report.sentFailed }),
    report.notDelivered > 0 && t('notDelivered', { count: report.notDelivered }),
    report.refused > 0 && t('refused', { count: report.refused }),
  ].filter(line => line !== false)
  const { came, people, received, read, answered, starred, moved, deleted, sent } = report
  return (
    <Dialog title={t('reportTitle', { name: period.name })} onClose={onClose}>
      <p className={dialog.text}>
        {t('reportWhen', { from: words.moment(report.from, now), to: words.moment(report.to, now) })}
      </p>
      <p className={dialog.text}>
        {t('came', { came, people })} {t('got', { received })}{' '}
        {t('did', { read, answered, starred, moved, deleted, sent })}
      </p>
      <h3 className={styles.problems}>{t('problems')}</h3>
      {problems.length === 0 ? (
        <p className={dialog.text}>{t('noProblems')}</p>
      ) : (
        <ul className={styles.list}>
          {problems.map(line => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
    </Dialog>
  )
}
