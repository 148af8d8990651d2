'use client'
import { IconClockHour4, IconStar, IconStarFilled } from '@tabler/icons-react'
/** People and time of a message, what can be done with it, and what became of it on its way. */
import { useTranslations } from 'next-intl'
import { lazy, Suspense, useId, useState } from 'react'
import type { Email, EmailAddress, Id } from '../jmap/types.ts'
import { useActions } from './actions.ts'
import { Avatar } from './avatar.tsx'
import type { Scene } from './desk.tsx'
import styles from './message.module.css'
import { MessageMenu } from './message-menu.tsx'
import { displayName } from './people.ts'
import { RawHeaders } from './raw-headers.tsx'
import { useFormats, useNow } from './viewer.tsx'

const SentStatus = lazy(() => import('./delivery-status.tsx'))
const Scheduled = lazy(() => import('./scheduled.tsx'))

export function MessageHead(props: { scene: Scene; email: Email; onRemove: (ids: readonly Id[]) => void }) {
  const { scene, email } = props
  const t = useTranslations('message')
  const formats = useFormats()
  const now = useNow()
  const [headers, setHeaders] = useState(false)
  const [addresses, setAddresses] = useState(false)
  const headersId = useId()
  const actions = useActions()
  const starred = Boolean(email.keywords.$flagged)
  const author = email.from?.[0] ?? { name: null, email: '' }
  const at = new Date(email.sentAt && Date.parse(email.sentAt) ? email.sentAt : email.receivedAt)
  const isIn = (role: 'sent' | 'junk') =>
    scene.folders.some(folder => folder.role === role && folder.id in email.mailboxIds)
  const sent = isIn('sent')
  // There it waits for its reader's word; scan-note.tsx says so.
  const inJunk = isIn('junk')
  return (
    <header className={styles.head}>
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
          </p>
        </div>
        <div className={styles.headTools}>
          <button
            type="button"
            className={styles.tool}
            aria-label={t('star')}
            title={t('star')}
            aria-pressed={starred}
            onClick={() => actions.mark(scene.account, [email], '$flagged', !starred)}
          >
            {starred ? (
              <IconStarFilled size={19} className={styles.starred} aria-hidden />
            ) : (
              <IconStar size={19} stroke={1.7} aria-hidden />
            )}
          </button>
          <MessageMenu
            account={scene.account}
            email={email}
            headers={headers}
            onHeaders={() => setHeaders(value => !value)}
            onRemove={props.onRemove}
          />
        </div>
      </div>
      <div id={headersId}>{headers && <RawHeaders account={scene.account} id={email.id} />}</div>
      {sent && !email.keywords.$draft && (
        <Suspense fallback={null}>
          <SentStatus account={scene.account} email={email} />
        </Suspense>
      )}
      {email['restante:sendAt'] && (
        <Suspense fallback={null}>
          <Scheduled scene={scene} email={email} at={new Date(email['restante:sendAt'])} />
        </Suspense>
      )}
      {!sent && !inJunk && <Waiting email={email} />}
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
