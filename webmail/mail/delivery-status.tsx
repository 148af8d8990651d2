'use client'
/**
 * How far a message that was sent from here has come, for each recipient, and what its sender can do about it. It
 * says what is known and no more: that the next server accepted it, not that somebody has it. Loaded when such a
 * message is opened, because the sentences come in four languages.
 */
import { explain } from '@restante/core/outcome/sentences.ts'
import { IconAlertTriangle, IconBan, IconCheck, IconClockHour4 } from '@tabler/icons-react'
import { useLocale, useTranslations } from 'next-intl'
import type { DeliveryStatus, Email, Id } from '../jmap/types.ts'
import styles from './delivery.module.css'
import { SentActions } from './delivery-actions.tsx'
import { type SentTo, useSentTo } from './queries.ts'

export default function SentStatus({ account, email }: { account: Id; email: Email }) {
  const t = useTranslations('delivery')
  const { data } = useSentTo(account, email.id, true)
  if (!data || data.length === 0) return null
  return (
    <section className={styles.statuses} aria-label={t('region')} aria-live="polite">
      <ul>
        {data.map(sent => (
          <Line key={`${sent.submissionId} ${sent.address}`} account={account} email={email.id} sent={sent} />
        ))}
      </ul>
    </section>
  )
}

type Progress = 'waiting' | 'accepted' | 'failed' | 'cancelled'

/** Four things can be seen at a glance; the words say the rest. */
export function progressOf(status: DeliveryStatus): Progress {
  switch (status['restante:state']) {
    case 'delivered':
      return 'accepted'
    case 'failed':
      return 'failed'
    case 'cancelled':
      // Its addressee has it here (delivered "yes"), or somebody stopped it.
      return status.delivered === 'yes' ? 'accepted' : 'cancelled'
    case 'queued':
    case 'held':
    case 'deferred':
      return 'waiting'
  }
  return status.delivered === 'no' ? 'failed' : status.delivered === 'queued' ? 'waiting' : 'accepted'
}

const ICONS = { waiting: IconClockHour4, accepted: IconCheck, failed: IconAlertTriangle, cancelled: IconBan }

function Line({ account, email, sent }: { account: Id; email: Id; sent: SentTo }) {
  const t = useTranslations('delivery')
  const locale = useLocale()
  const { address, status } = sent
  const progress = progressOf(status)
  const Icon = ICONS[progress]
  const outcome = status['restante:outcome']
  const reply = outcome && [outcome.code, outcome.enhanced, outcome.text].filter(Boolean).join(' ')
  return (
    // It takes the focus when the button that had it is gone.
    <li data-state={progress} tabIndex={-1}>
      <Icon size={17} stroke={1.8} aria-hidden />
      <div className={styles.statusText}>
        <p>
          <b>{address}</b> · {t(`state.${progress}`)}
        </p>
        <p className={styles.told}>{wordsOf(sent, progress, locale, t)}</p>
        {reply && (
          <details className={styles.reply}>
            <summary>{t('said')}</summary>
            <code>{reply}</code>
          </details>
        )}
        <SentActions account={account} email={email} sent={sent} />
      </div>
    </li>
  )
}

function wordsOf(
  { address, status }: SentTo,
  progress: Progress,
  locale: ReturnType<typeof useLocale>,
  t: ReturnType<typeof useTranslations<'delivery'>>,
): string {
  const outcome = status['restante:outcome']
  const moment = (text: string | null) => (text ? new Date(text) : null)
  const said =
    outcome &&
    explain(
      outcome,
      {
        recipient: address,
        nextAt: moment(status['restante:nextAttempt']),
        until: moment(status['restante:until']),
        timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      },
      locale,
    )
  switch (progress) {
    case 'accepted':
      if (status['restante:state'] === 'cancelled') return t('here')
      return outcome?.category === 'accepted' && said ? said.what : t('accepted')
    case 'failed':
      return said ? `${said.what} ${said.side} ${said.advice}` : t('failed')
    case 'cancelled':
      return said && outcome?.category === 'cancelled' ? said.what : t('failed')
    case 'waiting':
      if (status['restante:state'] === 'held') return t(status['restante:until'] ? 'heldHere' : 'held')
      if (!said || outcome?.category === 'accepted') return t('waiting')
      return [said.what, said.side, said.next, said.advice].filter(Boolean).join(' ')
  }
}
