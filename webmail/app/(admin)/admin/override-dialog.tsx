'use client'
/** Asks before a backend is called up or down: what it will do, to how many messages and of whom. */
import type { Affected } from '@restante/core/queue/overview-story.ts'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import { notify } from '../../../mail/toasts.tsx'
import type { Backend } from './advice.ts'
import { call } from './api.ts'
import styles from './dialog.module.css'
import { FormDialog } from './dialog.tsx'
import { Choice, Text } from './fields.tsx'
import { useWords } from './words.ts'

export type OverrideTo = 'up' | 'down' | 'auto'

/** Minutes offered; null: until it is taken back. */
const LENGTHS = [30, 120, 480, 1440, null] as const

export function OverrideDialog({
  backend,
  to,
  onClose,
}: {
  backend: Backend
  to: OverrideTo
  onClose: () => void
}) {
  const t = useTranslations('admin.override')
  const all = useTranslations('admin')
  const words = useWords()
  const [reason, setReason] = useState('')
  const [minutes, setMinutes] = useState<number | null>(120)
  const affected = useQuery({
    queryKey: ['affected', backend.id],
    queryFn: () => call<{ affected: Affected }>(`backends/${backend.id}`),
    staleTime: 0,
  })
  const save = useMutation({
    mutationFn: () =>
      call<{ health: Backend['health'] }>(`backends/${backend.id}/override`, {
        to,
        ...(reason.trim() && { reason: reason.trim() }),
        ...(to !== 'auto' && minutes !== null && { minutes }),
      }),
    onSuccess: result => {
      notify({ text: t('done', { name: backend.name, health: all(`health.${result.health}`) }) })
      onClose()
    },
  })
  const touched = affected.data?.affected
  const count = touched?.waiting ?? backend.depth.total
  const names = words.list(touched?.messagesTo.slice(0, 3).map(one => one.address) ?? [])
  const length = (value: number | null) => {
    if (value === null) return t('forever')
    if (value < 60) return t('minutes', { count: value })
    return value < 1440 ? t('hours', { count: value / 60 }) : t('days', { count: value / 1440 })
  }
  return (
    <FormDialog
      title={t(`${to}Title`, { name: backend.name })}
      doing={t(`${to}Do`)}
      danger={to === 'down'}
      busy={save.isPending}
      error={save.error}
      onClose={onClose}
      onSend={() => save.mutate()}
    >
      <p className={styles.text}>
        {to === 'up' && t('upText', { count })}
        {to === 'down' && t('downText', { count })}
        {to === 'down' &&
          touched &&
          touched.mailboxes > 0 &&
          ` ${t('downPeople', { people: touched.mailboxes })}`}
        {to === 'auto' && t('autoText', { count, health: all(`health.${backend.measured}`) })}
      </p>
      {touched && touched.recipients > 0 && (
        <p className={styles.text}>
          {t(touched.recipients > 3 ? 'whoseMore' : 'whose', { recipients: touched.recipients, names })}
        </p>
      )}
      {backend.domains.length > 0 && (
        <p className={styles.text}>{t('domains', { names: words.list(backend.domains) })}</p>
      )}
      {to !== 'auto' && (
        <>
          <Choice
            label={t('for')}
            value={String(minutes ?? '')}
            onChange={value => setMinutes(value ? Number(value) : null)}
          >
            {LENGTHS.map(value => (
              <option key={value} value={value ?? ''}>
                {length(value)}
              </option>
            ))}
          </Choice>
          <Text label={t('reason')} value={reason} onChange={setReason} />
        </>
      )}
    </FormDialog>
  )
}
