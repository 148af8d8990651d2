'use client'
/**
 * One message of the list: who, subject, first words, when. Unread is weight. On a touch screen it can be
 * swept aside: to the left deletes, to the right marks it read or unread.
 */
import {
  IconClockHour4,
  IconCornerUpLeft,
  IconPaperclip,
  IconStar,
  IconStarFilled,
  IconTrash,
} from '@tabler/icons-react'
import { useTranslations } from 'next-intl'
import { memo } from 'react'
import type { EmailRow, Id } from '../jmap/types.ts'
import { useActions } from './actions.ts'
import type { Scene } from './desk.tsx'
import styles from './list.module.css'
import { shortNames } from './people.ts'
import { formatPlace } from './place.ts'
import { useSweep } from './sweep.ts'
import { useFormats, useNow } from './viewer.tsx'

/** What the reader's server has not got and will not get this moment; `queued` is over in a second. */
const WAITING = new Set(['held', 'deferred'])

export const Row = memo(function Row(props: {
  email: EmailRow
  scene: Scene
  open: boolean
  tabStop: boolean
  onOpen: (id: Id) => void
  onRemove: (ids: readonly Id[]) => void
}) {
  const { email, scene, open, onOpen, onRemove } = props
  const t = useTranslations('list')
  const formats = useFormats()
  const now = useNow()
  const actions = useActions()
  const role = scene.folder?.role
  const outgoing = !scene.search && (role === 'sent' || role === 'drafts')
  const people = (outgoing ? email.to : email.from) ?? []
  const unread = !email.keywords.$seen
  const starred = Boolean(email.keywords.$flagged)
  const at = new Date(email.receivedAt)
  const who = shortNames(people) || (outgoing ? t('noRecipient') : t('noSender'))
  const mark = !outgoing && WAITING.has(email['restante:delivery'] ?? '')
  const sweep = useSweep({
    left: () => onRemove([email.id]),
    right: () => void actions.keyword(scene.account, [email], '$seen', unread),
  })
  return (
    <div className={styles.row} data-unread={unread || undefined} data-open={open || undefined} {...sweep}>
      <a
        href={formatPlace({
          account: scene.account,
          folder: scene.folder?.id ?? null,
          email: email.id,
          search: scene.search,
          folders: false,
        })}
        className={styles.link}
        data-id={email.id}
        tabIndex={props.tabStop ? 0 : -1}
        aria-current={open ? 'true' : undefined}
        onClick={event => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return
          event.preventDefault()
          onOpen(email.id)
        }}
      >
        <span className={styles.line}>
          {unread && <span className="unseen">{t('unread')}</span>}
          <span className={styles.who}>{outgoing ? t('to', { names: who }) : who}</span>
          {email.keywords.$answered && (
            <IconCornerUpLeft size={14} stroke={1.8} role="img" aria-label={t('answered')} />
          )}
          {email.hasAttachment && (
            <IconPaperclip size={14} stroke={1.8} role="img" aria-label={t('hasAttachment')} />
          )}
          <time className={styles.when} dateTime={email.receivedAt} title={formats.full(at)}>
            {formats.short(at, now)}
          </time>
        </span>
        <span className={styles.subject} dir="auto">
          {email.subject?.trim() || t('noSubject')}
        </span>
        <span className={styles.line}>
          {mark && (
            <span className={styles.mark}>
              <IconClockHour4 size={13} stroke={2} aria-hidden />
              {t('waiting')}
            </span>
          )}
          <span className={styles.preview} dir="auto">
            {email.preview}
          </span>
        </span>
      </a>
      <div className={styles.tools}>
        <button
          type="button"
          className={styles.tool}
          tabIndex={-1}
          aria-label={t('deleteRow')}
          onClick={() => onRemove([email.id])}
        >
          <IconTrash size={17} stroke={1.7} aria-hidden />
        </button>
        <button
          type="button"
          className={styles.tool}
          data-on={starred || undefined}
          tabIndex={-1}
          aria-pressed={starred}
          aria-label={t('star')}
          onClick={() => void actions.keyword(scene.account, [email], '$flagged', !starred)}
        >
          {starred ? (
            <IconStarFilled size={17} aria-hidden />
          ) : (
            <IconStar size={17} stroke={1.7} aria-hidden />
          )}
        </button>
      </div>
    </div>
  )
})
