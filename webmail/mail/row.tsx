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
import { endDrag, MESSAGES, startDrag } from './drag.ts'
import styles from './list.module.css'
import { shortNames, unique } from './people.ts'
import { formatPlace } from './place.ts'
import { isUnread, messagesOf, someHave } from './rows.ts'
import { markedRuns } from './search.ts'
import { useSweep } from './sweep.ts'
import { useFormats, useNow } from './viewer.tsx'

/** What the reader's server has not got and will not get this moment; `queued` is over in a second. */
const WAITING = new Set(['held', 'deferred'])

export const Row = memo(function Row(props: {
  email: EmailRow
  scene: Scene
  open: boolean
  tabStop: boolean
  selected: boolean
  onOpen: (id: Id) => void
  onRemove: (ids: readonly Id[]) => void
  onSelect: (id: Id, range: boolean) => void
  onFocus: (id: Id) => void
  /** The rows that go along when this one is dragged. */
  onDrag: (id: Id) => readonly Id[]
}) {
  const { email, scene, open, onOpen, onRemove } = props
  const t = useTranslations('list')
  const formats = useFormats()
  const now = useNow()
  const actions = useActions()
  const role = scene.folder?.role
  const outgoing = !scene.search && (role === 'sent' || role === 'drafts')
  const here = scene.search ? null : (scene.folder?.id ?? null)
  const count = email.members?.length ?? 1
  const authors = count > 1 && !outgoing ? email.members?.flatMap(one => one.from ?? []) : email.from
  const people = unique((outgoing ? email.to : authors) ?? [])
  const unread = isUnread(email, here)
  const starred = someHave(email, here, '$flagged')
  const at = new Date(email.receivedAt)
  const who = shortNames(people) || (outgoing ? t('noRecipient') : t('noSender'))
  // In Junk it waits for nobody's server, but for its reader's word.
  const inJunk = scene.folders.some(folder => folder.role === 'junk' && folder.id in email.mailboxIds)
  const mark = !outgoing && !inJunk && WAITING.has(email['restante:delivery'] ?? '')
  const sendAt = email['restante:sendAt']
  const sweep = useSweep({
    left: () => onRemove([email.id]),
    right: () => actions.mark(scene.account, messagesOf(email, here), '$seen', unread),
  })
  const subject = email.subject?.trim() || t('noSubject')
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dragging is one way of several to move a message
    <div
      className={styles.row}
      data-unread={unread || undefined}
      data-open={open || undefined}
      data-selected={props.selected || undefined}
      draggable
      onDragStart={event => {
        startDrag({ account: scene.account, ids: props.onDrag(email.id) })
        event.dataTransfer.effectAllowed = 'move'
        event.dataTransfer.setData(MESSAGES, '')
      }}
      onDragEnd={endDrag}
      {...sweep}
    >
      <label className={styles.select}>
        <input
          type="checkbox"
          aria-label={t('selectRow', { subject, who })}
          checked={props.selected}
          tabIndex={props.tabStop ? 0 : -1}
          onChange={event => props.onSelect(email.id, (event.nativeEvent as MouseEvent).shiftKey)}
        />
      </label>
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
        onFocus={() => props.onFocus(email.id)}
        onClick={event => {
          if (event.metaKey || event.ctrlKey) return
          event.preventDefault()
          if (event.shiftKey) props.onSelect(email.id, true)
          else onOpen(email.id)
        }}
      >
        <span className={styles.line}>
          {unread && <span className="unseen">{t('unread')}</span>}
          <span className={styles.who}>
            {outgoing ? t('to', { names: who }) : who}
            {count > 1 && (
              <span className={styles.count}>
                <span aria-hidden="true">{count}</span>
                <span className="unseen">{t('messagesIn', { count })}</span>
              </span>
            )}
          </span>
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
          {email.snippet?.subject ? <Marked snippet={email.snippet.subject} /> : subject}
        </span>
        <span className={styles.line}>
          {mark && (
            <span className={styles.mark}>
              <IconClockHour4 size={13} stroke={2} aria-hidden />
              {t('waiting')}
            </span>
          )}
          {sendAt && (
            <span className={styles.mark}>
              <IconClockHour4 size={13} stroke={2} aria-hidden />
              {t('goesOut', { time: formats.ahead(new Date(sendAt), now) })}
            </span>
          )}
          <span className={styles.preview} dir="auto">
            {email.snippet?.preview ? <Marked snippet={email.snippet.preview} /> : email.preview}
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
          onClick={() =>
            actions.mark(scene.account, starred ? messagesOf(email, here) : [email], '$flagged', !starred)
          }
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

/** What a search found, with its words marked. */
function Marked({ snippet }: { snippet: string }) {
  return markedRuns(snippet).map(({ text, found }, index) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: a text does not change
    found ? <mark key={index}>{text}</mark> : text,
  )
}
