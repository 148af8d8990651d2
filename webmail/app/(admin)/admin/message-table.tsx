'use client'
/** The table of messages: dense, sorted by its heads, on a phone one card a message. */
import { Checkbox } from '@mantine/core'
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react'
import { useTranslations } from 'next-intl'
import { Mark, stateSign } from './mark.tsx'
import styles from './message-table.module.css'
import type { Place } from './place.ts'
import type { Line } from './use-deliveries.ts'
import { useNow } from './use-picture.ts'
import type { Go } from './use-place.ts'
import { useReason } from './use-reason.ts'
import { useWords } from './words.ts'

type Sorted = 'age' | 'sender' | 'size' | 'attempts' | 'next'

export function MessageTable({
  lines,
  place,
  go,
  old,
  selected,
  onSelect,
}: {
  lines: readonly Line[]
  place: Place
  go: Go
  /** They belong to another filter, whose answer is on its way. */
  old: boolean
  selected: ReadonlySet<string>
  /** null: nothing can be selected here. */
  onSelect: ((ids: ReadonlySet<string>) => void) | null
}) {
  const t = useTranslations('admin.list')
  const now = useNow(1_000)
  const open = onSelect !== null
  const every = lines.every(line => selected.has(line.id))
  const head = (column: Sorted, text: string, right = false) => (
    <SortHead column={column} text={text} right={right} place={place} go={go} />
  )
  return (
    <table className={styles.table} data-old={old} aria-busy={old}>
      <colgroup>
        {open && <col className={styles.wCheck} />}
        <col className={styles.wState} />
        <col className={styles.wAge} />
        <col className={styles.wFrom} />
        <col className={styles.wTo} />
        <col className={styles.wSubject} />
        <col className={styles.wSize} />
        <col className={styles.wTries} />
        {open && <col className={styles.wNext} />}
        <col className={styles.wReason} />
      </colgroup>
      <thead>
        <tr>
          {open && (
            <th className={styles.check}>
              <Checkbox
                size="xs"
                aria-label={t('selectAll')}
                checked={every}
                indeterminate={!every && selected.size > 0}
                onChange={() => onSelect(every ? new Set() : new Set(lines.map(line => line.id)))}
              />
            </th>
          )}
          <th>{t('columnState')}</th>
          {head('age', t('columnAge'), true)}
          {head('sender', t('columnFrom'))}
          <th>{t('columnTo')}</th>
          <th>{t('columnSubject')}</th>
          {head('size', t('columnSize'), true)}
          {head('attempts', t('columnTries'), true)}
          {open && head('next', t('columnNext'))}
          <th>{t('columnReason')}</th>
        </tr>
      </thead>
      <tbody>
        {lines.map(line => (
          <Row
            key={line.id}
            line={line}
            now={now}
            go={go}
            current={place.delivery === line.id}
            selected={selected.has(line.id)}
            onToggle={
              onSelect &&
              (() => {
                const next = new Set(selected)
                if (!next.delete(line.id)) next.add(line.id)
                onSelect(next)
              })
            }
          />
        ))}
      </tbody>
    </table>
  )
}

function SortHead({
  column,
  text,
  right,
  place,
  go,
}: {
  column: Sorted
  text: string
  right: boolean
  place: Place
  go: Go
}) {
  const t = useTranslations('admin.list')
  const direction = place.sort === column ? 'up' : place.sort === `-${column}` ? 'down' : null
  const Icon = direction === 'down' ? IconArrowDown : IconArrowUp
  return (
    <th
      className={right ? styles.right : undefined}
      aria-sort={direction === null ? undefined : direction === 'up' ? 'ascending' : 'descending'}
    >
      <button
        type="button"
        className={styles.sort}
        title={t('sortBy', { column: text })}
        onClick={() => go({ sort: direction === 'up' ? `-${column}` : column })}
      >
        {text}
        {direction && <Icon size={14} aria-hidden="true" />}
      </button>
    </th>
  )
}

function Row({
  line,
  now,
  go,
  current,
  selected,
  onToggle,
}: {
  line: Line
  now: number
  go: Go
  current: boolean
  selected: boolean
  onToggle: (() => void) | null
}) {
  const t = useTranslations('admin')
  const words = useWords()
  const reason = useReason(line)
  const open = () => go({ delivery: line.id })
  const sender = line.sender || t('list.nobody')
  const others = line.recipientCount - 1
  return (
    // The subject is a real button; a click anywhere on the row is a convenience for the pointer.
    <tr
      data-selected={selected}
      data-current={current}
      onClick={event => {
        if (!(event.target as Element).closest('button, input, a, label')) open()
      }}
    >
      {onToggle && (
        <td className={styles.check}>
          <Checkbox
            size="xs"
            aria-label={t('list.select', { sender })}
            checked={selected}
            onChange={onToggle}
          />
        </td>
      )}
      <td className={styles.state}>
        <Mark sign={stateSign(line.state, line.moving)}>
          {t(`state.${line.moving ? 'moving' : line.state}`)}
        </Mark>
      </td>
      <td className={`${styles.right} ${styles.age}`}>
        <time dateTime={line.createdAt} title={words.full(line.createdAt)}>
          {words.age(line.createdAt, now, 1)}
        </time>
      </td>
      <td className={styles.from} title={sender}>
        {sender}
      </td>
      <td className={styles.to} title={line.recipients.join('\n')}>
        {line.recipients[0]}
        {others > 0 && <span className={styles.soft}> {t('list.more', { count: others })}</span>}
      </td>
      <td className={styles.subject}>
        <button type="button" onClick={open} title={line.subject}>
          {line.subject || t('list.noSubject')}
        </button>
      </td>
      <td className={`${styles.right} ${styles.size}`}>{words.size(line.size)}</td>
      <td className={`${styles.right} ${styles.tries}`}>{line.attempts}</td>
      {onToggle && (
        <td className={styles.next}>
          <Next line={line} now={now} />
        </td>
      )}
      <td className={styles.reason} title={line.outcome?.text}>
        {reason}
        {line.outcome?.text && line.state !== 'held' && line.state !== 'delivered' && (
          <span className={styles.said}> {line.outcome.text}</span>
        )}
      </td>
    </tr>
  )
}

/** When it is tried next, or what it waits for. */
export function Next({
  line,
  now,
}: {
  line: Pick<Line, 'state' | 'holdReason' | 'nextAttemptAt'>
  now: number
}) {
  const t = useTranslations('admin.list')
  const words = useWords()
  switch (line.state) {
    case 'queued':
      return t('now')
    case 'held':
      return line.holdReason === 'backend' ? t('whenBack') : t('whenReleased')
    case 'deferred': {
      const away = line.nextAttemptAt ? Date.parse(line.nextAttemptAt) - now : 0
      if (away <= 0 || !line.nextAttemptAt) return t('now')
      return (
        <time dateTime={line.nextAttemptAt} title={words.full(line.nextAttemptAt)}>
          {t('nextIn', { span: words.span(away, 1) })}
        </time>
      )
    }
    default:
      return '–'
  }
}
