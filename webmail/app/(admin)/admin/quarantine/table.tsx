'use client'
import { Checkbox } from '@mantine/core'
/** What is held, a row each; on a phone a card each. */
import type { Locale } from '@restante/core/db/schema/directory.ts'
import { useLocale, useTranslations } from 'next-intl'
import { Mark } from '../mark.tsx'
import table from '../message-table.module.css'
import { useNow } from '../use-picture.ts'
import { useWords } from '../words.ts'
import styles from './quarantine.module.css'
import type { Item } from './quarantine.tsx'
import { whyOf } from './why.ts'

export function Table(props: {
  items: readonly Item[]
  old: boolean
  current: string | null
  selected: ReadonlySet<string>
  onSelect: (ids: ReadonlySet<string>) => void
  onOpen: (id: string) => void
}) {
  const { items, selected, onSelect } = props
  const t = useTranslations('admin.quarantine')
  const all = useTranslations('admin.list')
  const words = useWords()
  const locale = useLocale() as Locale
  const now = useNow(10_000)
  const every = items.every(item => selected.has(item.id))
  const toggle = (id: string) => {
    const next = new Set(selected)
    if (!next.delete(id)) next.add(id)
    onSelect(next)
  }
  return (
    <table className={`${table.table} ${styles.table}`} data-old={props.old} aria-busy={props.old}>
      <colgroup>
        <col className={table.wCheck} />
        <col className={styles.wKind} />
        <col className={table.wAge} />
        <col className={table.wFrom} />
        <col className={table.wTo} />
        <col className={table.wSubject} />
        <col className={table.wReason} />
      </colgroup>
      <thead>
        <tr>
          <th className={table.check}>
            <Checkbox
              size="xs"
              aria-label={all('selectAll')}
              checked={every}
              indeterminate={!every && selected.size > 0}
              onChange={() => onSelect(every ? new Set() : new Set(items.map(item => item.id)))}
            />
          </th>
          <th>{t('found')}</th>
          <th className={table.right}>{all('columnAge')}</th>
          <th>{all('columnFrom')}</th>
          <th>{all('columnTo')}</th>
          <th>{all('columnSubject')}</th>
          <th>{all('columnReason')}</th>
        </tr>
      </thead>
      <tbody>
        {items.map(item => {
          const sender = item.sender || all('nobody')
          const others = item.recipientCount - 1
          const why = whyOf(item.scan, locale)
          return (
            // The subject is a real button; a click anywhere on the row is a convenience for the pointer.
            <tr
              key={item.id}
              data-selected={selected.has(item.id)}
              data-current={props.current === item.id}
              onClick={event => {
                if (!(event.target as Element).closest('button, input, a, label')) props.onOpen(item.id)
              }}
            >
              <td className={table.check}>
                <Checkbox
                  size="xs"
                  aria-label={all('select', { sender })}
                  checked={selected.has(item.id)}
                  onChange={() => toggle(item.id)}
                />
              </td>
              <td className={table.state}>
                <Mark sign={item.kind === 'unscanned' ? 'wait' : item.kind === 'spam' ? 'held' : 'warn'}>
                  {t(`kind.${item.kind}`)}
                </Mark>
              </td>
              <td className={`${table.right} ${table.age}`}>
                <time dateTime={item.receivedAt} title={words.full(item.receivedAt)}>
                  {words.age(item.receivedAt, now, 1)}
                </time>
              </td>
              <td className={table.from} title={sender}>
                {sender}
              </td>
              <td className={table.to} title={item.recipients.join('\n')}>
                {item.recipients[0]}
                {others > 0 && <span className={table.soft}> {all('more', { count: others })}</span>}
              </td>
              <td className={table.subject}>
                <button type="button" title={item.subject} onClick={() => props.onOpen(item.id)}>
                  {item.subject || all('noSubject')}
                </button>
              </td>
              <td className={table.reason} title={why ?? undefined}>
                {why ?? t('whyUnknown')}
              </td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}
