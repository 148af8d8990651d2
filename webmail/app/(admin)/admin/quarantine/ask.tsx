'use client'
/** What an action is going to do, to how many and whose messages, before it is done. */
import type { QuarantineFilter } from '@restante/core/queue/quarantine.ts'
import { useTranslations } from 'next-intl'
import dialog from '../dialog.module.css'
import { AskDialog } from '../dialog.tsx'
import { useWords } from '../words.ts'
import type { Item } from './quarantine.tsx'

export type Act = 'release' | 'delete' | 'allow'
export type Target =
  | { type: 'items'; count: number; items: readonly Item[] }
  | { type: 'filter'; count: number; filter: QuarantineFilter }

/** Named in the question. */
const NAMED = 3

export function Ask(props: {
  action: Act
  target: Target
  busy: boolean
  onDo: () => void
  onClose: () => void
}) {
  const { action, target } = props
  const t = useTranslations('admin.quarantine')
  const all = useTranslations('admin')
  const words = useWords()
  const { count } = target
  const items = target.type === 'items' ? target.items : []
  const names = [
    ...new Set(
      items.flatMap(item => (action === 'allow' ? (item.sender ? [item.sender] : []) : item.recipients)),
    ),
  ]
  const unscanned =
    action === 'release' &&
    (target.type === 'items'
      ? items.filter(item => item.kind === 'unscanned').length
      : target.filter.kind === 'unscanned' || target.filter.holds?.every(hold => hold === 'scan')
        ? count
        : 0)
  const risky = action === 'release' && items.filter(item => item.kind === 'virus').length
  return (
    <AskDialog
      title={t(`${action}Title`, { count: action === 'allow' ? names.length : count })}
      doing={t(action)}
      danger={Boolean(action === 'delete' || risky || unscanned)}
      busy={props.busy}
      above
      onClose={props.onClose}
      onDo={props.onDo}
    >
      <p className={dialog.text}>{t(`${action}Text`, { count })}</p>
      <p className={dialog.text}>
        {target.type === 'filter'
          ? all('action.whoseFilter')
          : t(names.length > NAMED ? 'concernsMore' : 'concerns', {
              names: words.list(names.slice(0, NAMED)),
            })}
      </p>
      {risky ? (
        <p className={dialog.error} role="alert">
          {t('releaseVirus', { count: risky })}
        </p>
      ) : null}
      {unscanned ? (
        <p className={dialog.error} role="alert">
          {t('releaseUnscanned', { count: unscanned })}
        </p>
      ) : null}
    </AskDialog>
  )
}
