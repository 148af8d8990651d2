'use client'
/** An action on messages: done at once or asked first, and said afterwards in numbers. */
import type { Action, ActionResult } from '@restante/core/queue/actions.ts'
import type { DeliveryFilter } from '@restante/core/queue/overview-deliveries.ts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { notify } from '../../../mail/toasts.tsx'
import { call } from './api.ts'
import styles from './dialog.module.css'
import { AskDialog } from './dialog.tsx'
import type { Line } from './use-deliveries.ts'
import { useWords } from './words.ts'

export type Target =
  | { type: 'ids'; count: number; lines: readonly Line[] }
  | { type: 'filter'; count: number; filter: DeliveryFilter }

/** The API takes so many ids at once. */
const MOST_IDS = 1_000

/** As the API takes it. */
export const targetBody = (target: Target) =>
  target.type === 'ids'
    ? { ids: target.lines.slice(0, MOST_IDS).map(line => line.id) }
    : { filter: target.filter }

export function useAction(onDone: () => void) {
  const t = useTranslations('admin')
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ action, target }: { action: Action; target: Target }) =>
      call<ActionResult>('deliveries/actions', {
        action,
        ...targetBody(target),
      }),
    onSuccess: (result, { action }) => {
      const stillHeld = action === 'retry' || action === 'release' ? (result.states.held ?? 0) : 0
      const count = result.changed - stillHeld
      notify({
        text:
          stillHeld > 0 && count === 0
            ? t('action.retryHeld', { count: stillHeld })
            : t(`action.${action}Done`, { count }),
      })
      onDone()
      void client.invalidateQueries({ queryKey: ['deliveries'] })
      void client.invalidateQueries({ queryKey: ['story'] })
    },
    onError: error => notify({ tone: 'fail', text: t('failed', { detail: error.message }) }),
  })
}

/** Recipients named in the question. */
const NAMED = 3

export function ActionDialog({
  action,
  target,
  onDo,
  onClose,
}: {
  action: Action
  target: Target
  onDo: () => void
  onClose: () => void
}) {
  const t = useTranslations('admin.action')
  const words = useWords()
  const { count } = target
  const recipients = target.type === 'ids' ? [...new Set(target.lines.flatMap(line => line.recipients))] : []
  const more =
    recipients.length > NAMED ||
    (target.type === 'ids' && target.lines.some(line => line.recipientCount > line.recipients.length))
  return (
    <AskDialog
      title={t(`${action}Title`, { count })}
      doing={t(action)}
      danger={action === 'cancel'}
      above
      onClose={onClose}
      onDo={onDo}
    >
      <p className={styles.text}>{t(`${action}Text`, { count })}</p>
      <p className={styles.text}>
        {target.type === 'filter'
          ? t('whoseFilter')
          : t(more ? 'whoseMore' : 'whose', { names: words.list(recipients.slice(0, NAMED)) })}
      </p>
    </AskDialog>
  )
}
