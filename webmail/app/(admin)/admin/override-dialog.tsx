'use client'
/** Asks before a backend is called up or down: what it will do, to how many messages and of whom. */
import { Modal } from '@mantine/core'
import type { Affected } from '@restante/core/queue/overview-story.ts'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { useId, useState } from 'react'
import { notify } from '../../../mail/toasts.tsx'
import type { Backend } from './advice.ts'
import { call } from './api.ts'
import styles from './dialog.module.css'
import section from './section.module.css'
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
  const ids = useId()
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
    <Modal
      opened
      onClose={onClose}
      title={t(`${to}Title`, { name: backend.name })}
      classNames={{ title: styles.title, content: styles.content, header: styles.header }}
      closeButtonProps={{ 'aria-label': all('close') }}
      lockScroll={false}
      transitionProps={{ duration: 120 }}
      centered
    >
      <form
        onSubmit={event => {
          event.preventDefault()
          save.mutate()
        }}
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
            <label className={styles.label} htmlFor={`${ids}for`}>
              {t('for')}
            </label>
            <select
              id={`${ids}for`}
              className={styles.field}
              value={minutes ?? ''}
              onChange={event => setMinutes(event.target.value ? Number(event.target.value) : null)}
            >
              {LENGTHS.map(value => (
                <option key={value} value={value ?? ''}>
                  {length(value)}
                </option>
              ))}
            </select>
            <label className={styles.label} htmlFor={`${ids}reason`}>
              {t('reason')}
            </label>
            <input
              id={`${ids}reason`}
              className={styles.field}
              maxLength={500}
              value={reason}
              onChange={event => setReason(event.target.value)}
            />
          </>
        )}
        {save.error && (
          <p className={styles.error} role="alert">
            {all('failed', { detail: save.error.message })}
          </p>
        )}
        <div className={styles.buttons}>
          <button type="button" className={section.button} onClick={onClose}>
            {t('back')}
          </button>
          <button
            type="submit"
            className={`${section.button} ${to === 'down' ? section.danger : section.primary}`}
            disabled={save.isPending}
          >
            {t(`${to}Do`)}
          </button>
        </div>
      </form>
    </Modal>
  )
}
