'use client'
/**
 * How far a message that was sent from here has come, for each recipient. It says what is known and no more:
 * that the next server accepted it, not that somebody has it.
 */
import { IconAlertTriangle, IconCheck, IconClockHour4 } from '@tabler/icons-react'
import { useTranslations } from 'next-intl'
import type { DeliveryStatus, Email, Id } from '../jmap/types.ts'
import styles from './message.module.css'
import { useSubmission } from './queries.ts'
import { replyText, type Status } from './reply-text.ts'
import { useFormats, useNow } from './viewer.tsx'

export function SentStatus({ account, email }: { account: Id; email: Email }) {
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

function Line({ address, status }: { address: string; status: DeliveryStatus & Partial<Status> }) {
  const t = useTranslations('delivery')
  const formats = useFormats()
  const now = useNow()
  const Icon = { queued: IconClockHour4, yes: IconCheck, no: IconAlertTriangle, unknown: IconClockHour4 }[
    status.delivered
  ]
  const reply = replyText(status)
  const time = (at: string | null) => (at ? formats.moment(new Date(at), now) : '')
  const words = () => {
    switch (status.delivered) {
      case 'yes':
        if (reply.host && reply.at) return t('acceptedByAt', { host: reply.host, time: time(reply.at) })
        return reply.host ? t('acceptedBy', { host: reply.host }) : t('accepted')
      case 'no':
        return reply.reason ? t('failedWhy', { reason: reply.reason }) : t('failed')
      case 'unknown':
        return t('unknown')
      case 'queued':
        if (reply.reason && reply.next) return t('waitingWhyNext', { reason: reply.reason, time: time(reply.next) })
        if (reply.reason) return t('waitingWhy', { reason: reply.reason })
        return t('waiting')
    }
  }
  return (
    <li data-state={status.delivered}>
      <Icon size={17} stroke={1.8} aria-hidden />
      <span>
        <b>{address}</b> {words()}
      </span>
    </li>
  )
}
