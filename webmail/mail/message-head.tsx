'use client'
/** Subject, people and time of a message; the rest of its conversation; what became of it on its way. */
import { IconClockHour4 } from '@tabler/icons-react'
import { useTranslations } from 'next-intl'
import { type RefObject, useId, useState } from 'react'
import type { Email, EmailAddress, Id } from '../jmap/types.ts'
import { Avatar } from './avatar.tsx'
import { SentStatus } from './delivery-status.tsx'
import type { Scene } from './desk.tsx'
import styles from './message.module.css'
import { displayName, shortNames } from './people.ts'
import { useThread } from './queries.ts'
import { RawHeaders } from './raw-headers.tsx'
import { useFormats, useNow } from './viewer.tsx'

export function MessageHead(props: {
  scene: Scene
  email: Email
  titleRef: RefObject<HTMLHeadingElement | null>
  onOpen: (id: Id) => void
}) {
  const { scene, email } = props
  const t = useTranslations('message')
  const formats = useFormats()
  const now = useNow()
  const [headers, setHeaders] = useState(false)
  const headersId = useId()
  const author = email.from?.[0] ?? { name: null, email: '' }
  const at = new Date(email.sentAt && Date.parse(email.sentAt) ? email.sentAt : email.receivedAt)
  const sent = scene.folders.some(folder => folder.role === 'sent' && folder.id in email.mailboxIds)
  return (
    <header className={styles.head}>
      <h2 className={styles.subject} ref={props.titleRef} tabIndex={-1} dir="auto">
        {email.subject?.trim() || t('noSubject')}
      </h2>
      <Conversation scene={scene} email={email} onOpen={props.onOpen} />
      <div className={styles.people}>
        <Avatar person={author} size={40} />
        <div className={styles.lines}>
          <p className={styles.author}>
            <strong dir="auto">{author.email ? displayName(author) : t('noSender')}</strong>
            {author.name && <span className={styles.address}>{author.email}</span>}
          </p>
          <People label={t('to')} people={email.to} />
          <People label={t('cc')} people={email.cc} />
          <People label={t('bcc')} people={email.bcc} />
          <p className={styles.when}>
            <time dateTime={at.toISOString()}>{formats.full(at)}</time>
            <span aria-hidden="true"> · </span>
            <span>{formats.relative(at, now)}</span>
            <span aria-hidden="true"> · </span>
            <button
              type="button"
              className={styles.textButton}
              aria-expanded={headers}
              aria-controls={headersId}
              onClick={() => setHeaders(value => !value)}
            >
              {headers ? t('hideHeaders') : t('showHeaders')}
            </button>
          </p>
        </div>
      </div>
      <div id={headersId}>{headers && <RawHeaders account={scene.account} id={email.id} />}</div>
      {sent && !email.keywords.$draft && <SentStatus account={scene.account} email={email} />}
      <Waiting email={email} />
    </header>
  )
}

function People({ label, people }: { label: string; people: EmailAddress[] | null }) {
  const t = useTranslations('message')
  const [all, setAll] = useState(false)
  if (!people?.length) return null
  const shown = all ? people : people.slice(0, 4)
  return (
    <p className={styles.recipients}>
      <span className={styles.label}>{label}</span>{' '}
      {shown.map((person, index) => (
        <span key={`${person.email}-${index}`} title={person.email} dir="auto">
          {all && person.name ? `${person.name} <${person.email}>` : displayName(person)}
          {index < shown.length - 1 ? ', ' : ''}
        </span>
      ))}
      {(people.length > 4 || people.some(person => person.name)) && (
        <>
          {' '}
          <button
            type="button"
            className={styles.textButton}
            aria-expanded={all}
            onClick={() => setAll(value => !value)}
          >
            {all ? t('fewer') : people.length > 4 ? t('more', { count: people.length - 4 }) : t('addresses')}
          </button>
        </>
      )}
    </p>
  )
}

/** The other messages of the conversation, a line each. */
function Conversation({ scene, email, onOpen }: { scene: Scene; email: Email; onOpen: (id: Id) => void }) {
  const t = useTranslations('message')
  const formats = useFormats()
  const now = useNow()
  const trash = scene.folders.find(folder => folder.role === 'trash')?.id
  const { data } = useThread(scene.account, email.threadId)
  const thread = (data ?? []).filter(one => one.id === email.id || !(trash && trash in one.mailboxIds))
  if (thread.length < 2) return null
  return (
    <details className={styles.conversation}>
      <summary>{t('conversation', { count: thread.length })}</summary>
      <ol>
        {thread.map(one => (
          <li key={one.id}>
            <button
              type="button"
              aria-current={one.id === email.id ? 'true' : undefined}
              data-unread={!one.keywords.$seen || undefined}
              onClick={() => onOpen(one.id)}
            >
              <span className={styles.threadWho}>{shortNames(one.from ?? [])}</span>
              <span className={styles.threadWords}>{one.preview}</span>
              <time dateTime={one.receivedAt}>{formats.short(new Date(one.receivedAt), now)}</time>
            </button>
          </li>
        ))}
      </ol>
    </details>
  )
}

function Waiting({ email }: { email: Email }) {
  const t = useTranslations('message')
  const mark = email['restante:delivery']
  if (mark !== 'held' && mark !== 'queued' && mark !== 'deferred') return null
  return (
    <p className={styles.waiting}>
      <IconClockHour4 size={17} stroke={1.8} aria-hidden />
      {mark === 'queued' ? t('queuedForServer') : t('waitingForServer')}
    </p>
  )
}
