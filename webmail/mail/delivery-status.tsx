'use client'
/**
 * How far a message that was sent from here has come, for each recipient. It says what is known and no more:
 * that the next server accepted it, not that somebody has it. Loaded when such a message is opened, because
 * the sentences come in four languages.
 */
import { explain } from '@restante/core/outcome/sentences.ts'
import { IconAlertTriangle, IconCheck, IconClockHour4 } from '@tabler/icons-react'
import { useLocale, useTranslations } from 'next-intl'
import type { DeliveryStatus, Email, Id } from '../jmap/types.ts'
import styles from './message.module.css'
import { useSubmission } from './queries.ts'

export default function SentStatus({ account, email }: { account: Id; email: Email }) {
  const t = useTranslations('delivery')
  const { data } = useSubmission(account, email.id, true)
  const entries = Object.entries(data?.deliveryStatus ?? {})
  if (entries.length === 0) return null
  return (
    <section className={styles.statuses} aria-label={t('region')} aria-live="polite">
      <ul>
        {entries.map(([address, status]) => (
          <Line key={address} address={address} status={status} />
        ))}
      </ul>
    </section>
  )
}

type Progress = 'waiting' | 'accepted' | 'failed'

/** Three things can be seen at a glance; the words say the rest. */
export function progressOf(status: DeliveryStatus): Progress {
  switch (status['restante:state']) {
    case 'delivered':
      return 'accepted'
    case 'failed':
      return 'failed'
    case 'cancelled':
      // Its addressee has it here (delivered "yes"), or an admin stopped it.
      return status.delivered === 'yes' ? 'accepted' : 'failed'
    case 'queued':
    case 'held':
    case 'deferred':
      return 'waiting'
  }
  return status.delivered === 'no' ? 'failed' : status.delivered === 'queued' ? 'waiting' : 'accepted'
}

const ICONS = { waiting: IconClockHour4, accepted: IconCheck, failed: IconAlertTriangle }

function Line({ address, status }: { address: string; status: DeliveryStatus }) {
  const t = useTranslations('delivery')
  const locale = useLocale()
  const progress = progressOf(status)
  const Icon = ICONS[progress]
  const outcome = status['restante:outcome']
  const nextAttempt = status['restante:nextAttempt']
  const said =
    outcome &&
    explain(
      outcome,
      {
        recipient: address,
        nextAt: nextAttempt ? new Date(nextAttempt) : null,
        timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      },
      locale,
    )
  const words = (): string => {
    switch (progress) {
      case 'accepted':
        if (status['restante:state'] === 'cancelled') return t('here')
        return outcome?.category === 'accepted' && said ? said.what : t('accepted')
      case 'failed':
        return said ? `${said.what} ${said.advice}` : t('failed')
      case 'waiting':
        if (status['restante:state'] === 'held') return t('held')
        if (!said || outcome?.category === 'accepted') return t('waiting')
        return [
          said.what,
          nextAttempt ? t('nextAttempt', { time: momentOf(nextAttempt, locale) }) : '',
          said.advice,
        ]
          .filter(Boolean)
          .join(' ')
    }
  }
  return (
    <li data-state={progress}>
      <Icon size={17} stroke={1.8} aria-hidden />
      <div>
        <p>
          <b>{address}</b> · {t(`state.${progress}`)}
        </p>
        <p className={styles.told}>{words()}</p>
      </div>
    </li>
  )
}

function momentOf(at: string, locale: string): string {
  const date = new Date(at)
  const today = date.toDateString() === new Date().toDateString()
  return new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : locale, {
    ...(!today && { day: 'numeric', month: 'long' }),
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
  }).format(date)
}
