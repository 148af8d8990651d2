'use client'
/** Subject, people and time of a message; the rest of its conversation; what became of it on its way. */
import { IconClockHour4 } from '@tabler/icons-react'
import { useTranslations } from 'next-intl'
import { lazy, type RefObject, Suspense, useId, useState } from 'react'
import type { Email, EmailAddress, Id } from '../jmap/types.ts'
import { Avatar } from './avatar.tsx'
import type { Scene } from './desk.tsx'
import styles from './message.module.css'
import { displayName, shortNames } from './people.ts'
import { useThread } from './queries.ts'
import { RawHeaders } from './raw-headers.tsx'
import { useFormats, useNow } from './viewer.tsx'

const SentStatus = lazy(() => import('./delivery-status.tsx'))

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
  const [addresses, setAddresses] = useState(false)
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
          <People label={t('to')} people={email.to} whole={addresses} />
          <People label={t('cc')} people={email.cc} whole={addresses} />
          <People label={t('bcc')} people={email.bcc} whole={addresses} />
          <p className={styles.when}>
            <time dateTime={at.toISOString()}>{formats.full(at)}</time>
            <span aria-hidden="true"> · </span>
            <span>{formats.relative(at, now)}</span>
            <span aria-hidden="true"> · </span>
            <button
              type="button"
              className={styles.textButton}
              aria-pressed={addresses}
              onClick={() => setAddresses(value => !value)}
            >
              {t('addresses')}
            </button>
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
      {sent && !email.keywords.$draft && (
        <Suspense fallback={null}>
          <SentStatus account={scene.account} email={email} />
        </Suspense>
      )}
      {!sent && <Waiting email={email} />}
    </header>
  )
}

/** Recipients shown before "and 12 more". */
const SHOWN = 6

function People(props: { label: string; people: EmailAddress[] | null; whole: boolean }) {
  const t = useTranslations('message')
  const people = props.people ?? []
  if (people.length === 0) return null
  const shown = props.whole ? people : people.slice(0, SHOWN)
  return (
    <p className={styles.recipients}>
      <span className={styles.label}>{props.label}</span>{' '}
      {shown.map((person, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a header can name somebody twice, and never changes
        <span key={index} title={person.email} dir="auto">
          {props.whole && person.name ? `${person.name} <${person.email}>` : displayName(person)}
          {index < shown.length - 1 ? ', ' : ''}
        </span>
      ))}
      {people.length > shown.length && ` ${t('more', { count: people.length - shown.length })}`}
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
  if (mark !== 'held' && mark !== 'deferred') return null
  return (
    <p className={styles.waiting}>
      <IconClockHour4 size={17} stroke={1.8} aria-hidden />
      {t('waitingForServer')}
    </p>
  )
}
