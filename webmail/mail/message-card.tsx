'use client'
/** One message of a conversation: a line while it is folded, else who wrote to whom, its text and attachments. */
import { useTranslations } from 'next-intl'
import { useEffect, useRef } from 'react'
import type { EmailRow, Id } from '../jmap/types.ts'
import { useActions } from './actions.ts'
import { Attachments } from './attachments.tsx'
import { Avatar } from './avatar.tsx'
import type { Scene } from './desk.tsx'
import styles from './message.module.css'
import { MessageBody } from './message-body.tsx'
import { MessageHead } from './message-head.tsx'
import { patched, useOverlay } from './pending.ts'
import { displayName } from './people.ts'
import { useEmail } from './queries.ts'
import { ScanNote } from './scan-note.tsx'
import { useFormats, useNow } from './viewer.tsx'

export function MessageCard(props: {
  scene: Scene
  row: EmailRow
  open: boolean
  /** The only one: there is nothing to fold. */
  alone: boolean
  onToggle: (open: boolean) => void
  onClose: () => void
  onRemove: (ids: readonly Id[]) => void
}) {
  const { row, open, alone } = props
  const t = useTranslations('message')
  const formats = useFormats()
  const now = useNow()
  const author = row.from?.[0] ?? { name: null, email: '' }
  const who = author.email ? displayName(author) : t('noSender')
  const at = new Date(row.receivedAt)
  if (alone) return <Whole {...props} />
  return (
    <section
      className={styles.card}
      id={`message-${row.id}`}
      tabIndex={-1}
      data-open={open || undefined}
      aria-label={t('messageOf', { name: who, at: formats.full(at) })}
    >
      <button
        type="button"
        className={styles.fold}
        aria-expanded={open}
        data-unread={!row.keywords.$seen || undefined}
        onClick={() => props.onToggle(!open)}
      >
        {!open && <Avatar person={author} size={28} />}
        <span className={styles.threadWho}>{who}</span>
        {row.keywords.$draft && <span className={styles.draft}>{t('draft')}</span>}
        <span className={styles.threadWords}>{open ? '' : row.preview}</span>
        <time dateTime={row.receivedAt}>{formats.short(at, now)}</time>
      </button>
      {open && <Whole {...props} />}
    </section>
  )
}

function Whole(props: {
  scene: Scene
  row: EmailRow
  onClose: () => void
  onRemove: (ids: readonly Id[]) => void
}) {
  const { scene, row } = props
  const t = useTranslations('message')
  const actions = useActions()
  const overlay = useOverlay()
  const { data, isPending, isError } = useEmail(scene.account, row.id)
  const fresh = useRef(!row.keywords.$seen)
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each message that is opened
  useEffect(() => {
    if (fresh.current) void actions.keyword(scene.account, [row], '$seen', true)
  }, [row.id])
  if (!data) {
    return isPending ? (
      <div className={styles.skeleton} aria-hidden="true">
        <span style={{ width: '35%' }} />
        <span style={{ width: '84%' }} />
      </div>
    ) : (
      <p className={styles.note}>{isError ? t('failed') : t('gone')}</p>
    )
  }
  const email = patched(data, overlay.get(row.id))
  const html = email.htmlBody.some(part => part.type === 'text/html')
  return (
    <div data-html={html || undefined}>
      <MessageHead scene={scene} email={email} onRemove={props.onRemove} />
      <ScanNote scene={scene} email={email} onMoved={props.onClose} />
      <MessageBody account={scene.account} email={email} html={html} />
      <Attachments account={scene.account} emailId={email.id} parts={email.attachments} />
    </div>
  )
}
