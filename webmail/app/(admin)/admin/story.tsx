'use client'
/** One delivery's whole story in a drawer: who to whom, what it waits for, each try and what was answered. */
import { Drawer } from '@mantine/core'
import type { Phase } from '@restante/core/outcome/types.ts'
import type { Action } from '@restante/core/queue/actions.ts'
import type { DeliveryStory } from '@restante/core/queue/overview-story.ts'
import { isScanHold } from '@restante/core/queue/scan-holds.ts'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import Link from 'next/link'
import { useTranslations } from 'next-intl'
import type { ReactNode } from 'react'
import type { Wire } from '../../api/v1/picture.ts'
import { call } from './api.ts'
import { Found } from './found.tsx'
import { Mark, stateSign } from './mark.tsx'
import { Next } from './message-table.tsx'
import section from './section.module.css'
import styles from './story.module.css'
import type { Line } from './use-deliveries.ts'
import { useNow } from './use-picture.ts'
import { useReason } from './use-reason.ts'
import { useWords } from './words.ts'

type Told = Wire<DeliveryStory>

/** How the connection of a try was, by the names of its words. */
const CONNECTION = { none: 'inClear', encrypted: 'encrypted', dane: 'dane', 'mta-sts': 'mtaSts' } as const
type Outcome = Told['outcome']

export function Story({
  id,
  onClose,
  onOpen,
  onAct,
  onReroute,
}: {
  id: string
  onClose: () => void
  onOpen: (id: string) => void
  onAct: (action: Action, line: Line) => void
  onReroute: (line: Line) => void
}) {
  const t = useTranslations('admin')
  const story = useQuery({
    queryKey: ['story', id],
    queryFn: () => call<Told>(`deliveries/${encodeURIComponent(id)}`),
    placeholderData: keepPreviousData,
  })
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={600}
      title={story.data?.subject || t('story.title')}
      classNames={{ title: styles.title, content: styles.content, header: styles.header }}
      closeButtonProps={{ 'aria-label': t('close') }}
      lockScroll={false}
      overlayProps={{ backgroundOpacity: 0.25 }}
      transitionProps={{ duration: 120 }}
    >
      {story.error ? (
        <p role="alert">{t('story.missing')}</p>
      ) : story.data ? (
        <Told story={story.data} onOpen={onOpen} onAct={onAct} onReroute={onReroute} />
      ) : (
        <div className={styles.skeleton} aria-hidden="true" />
      )}
    </Drawer>
  )
}

function Told({
  story,
  onOpen,
  onAct,
  onReroute,
}: {
  story: Told
  onOpen: (id: string) => void
  onAct: (action: Action, line: Line) => void
  onReroute: (line: Line) => void
}) {
  const t = useTranslations('admin')
  const words = useWords()
  const now = useNow(1_000)
  const reason = useReason(story)
  const { client } = story.message
  const text = (value: unknown) => (typeof value === 'string' && value ? value : null)
  const host = text(client.name) ?? text(client.helo) ?? text(client.address)
  const scanned = isScanHold(story.holdReason)
  const actions: Action[] =
    story.state === 'held' && !scanned
      ? [story.holdReason === 'backend' ? 'retry' : 'release', 'cancel']
      : story.state === 'deferred'
        ? ['retry', 'hold', 'cancel']
        : story.state === 'queued'
          ? ['hold', 'cancel']
          : []
  return (
    <div className={styles.story}>
      <p className={styles.now}>
        <Mark sign={stateSign(story.state, story.moving)}>
          {t(`state.${story.moving ? 'moving' : story.state}`)}
        </Mark>
        <span>{reason}</span>
      </p>
      {scanned && (
        <p>
          <Link href={`/admin/quarantine?list=${story.holdReason}&message=${story.id}`}>
            {t('quarantine.title')}
          </Link>
        </p>
      )}
      {actions.length > 0 && (
        <div className={styles.actions}>
          {actions.map(action => (
            <button
              key={action}
              type="button"
              className={`${section.button} ${action === 'cancel' ? section.danger : ''}`}
              onClick={() => onAct(action, story)}
            >
              {t(`action.${action}`)}
            </button>
          ))}
          {story.backendId === null && (
            <button type="button" className={section.button} onClick={() => onReroute(story)}>
              {t('reroute.open')}
            </button>
          )}
        </div>
      )}
      <dl className={styles.facts}>
        <Fact name={t('story.from')}>{story.sender || t('list.nobody')}</Fact>
        <Fact name={t('story.server')}>{story.backend ?? story.destination}</Fact>
        {story.way && <Fact name={t('reroute.way')}>{story.way}</Fact>}
        <Fact name={t('story.came')}>
          <time dateTime={story.message.receivedAt}>{words.full(story.message.receivedAt)}</time>
          {text(client.person) ? (
            <span className={styles.soft}> {t('story.cameBy', { person: String(client.person) })}</span>
          ) : (
            host && (
              <span className={styles.soft}>
                {' '}
                {t('story.cameFrom', { host })} {text(client.tls) ?? ''}
              </span>
            )
          )}
        </Fact>
        {(story.state === 'queued' || story.state === 'held' || story.state === 'deferred') && (
          <Fact name={t('story.next')}>
            <Next line={story} now={now} />
          </Fact>
        )}
        <Fact name={t('story.size')}>
          {words.size(story.size)}
          {story.message.removedAt && <span className={styles.soft}> {t('story.gone')}</span>}
        </Fact>
        {story.message.headerMessageId && (
          <Fact name={t('story.messageId')}>
            <code>{story.message.headerMessageId}</code>
          </Fact>
        )}
        <Fact name={t('story.id')}>
          <code>{story.id}</code>
        </Fact>
      </dl>
      <h3>{t('story.recipients')}</h3>
      <ul className={styles.list}>
        {story.everyone.map(one => (
          <li key={one.address}>
            <Mark sign={one.state === 'waiting' ? 'queued' : stateSign(one.state, false)}>
              {t(`state.${one.state}`)}
            </Mark>
            <span className={styles.address}>{one.address}</span>
            <Said outcome={one.outcome} />
          </li>
        ))}
      </ul>
      {story.message.scan && (
        <>
          <h3>{t('found.title')}</h3>
          <Found scan={story.message.scan} />
        </>
      )}
      <h3>{t('story.tries')}</h3>
      {story.tries.length === 0 ? (
        <p className={styles.soft}>{t('story.noTries')}</p>
      ) : (
        <ol className={styles.list}>
          {story.tries.map(one => (
            <li key={one.number}>
              <time dateTime={one.startedAt} title={words.full(one.startedAt)}>
                {words.exact(one.startedAt, now)}
              </time>
              <span>
                {one.outcome
                  ? words.category(one.outcome.category)
                  : one.finishedAt
                    ? t('category.unknown')
                    : t('story.open')}
                {one.host && <span className={styles.soft}> {t('story.at', { host: one.host })}</span>}
                {one.outcome?.phase && one.outcome.category !== 'accepted' && (
                  <span className={styles.soft}>, {t(`story.phase.${one.outcome.phase as Phase}`)}</span>
                )}
                {one.outcome?.tls && (
                  <span className={styles.soft}>, {t(`outgoing.${CONNECTION[one.outcome.tls]}`)}</span>
                )}
                {one.finishedAt && (
                  <span className={styles.soft}>
                    {', '}
                    {t('story.took', {
                      seconds: words.number(
                        Math.round((Date.parse(one.finishedAt) - Date.parse(one.startedAt)) / 10) / 100,
                      ),
                    })}
                  </span>
                )}
              </span>
              <Said outcome={one.outcome} />
            </li>
          ))}
        </ol>
      )}
      {story.siblings.length > 0 && (
        <>
          <h3>{t('story.siblings')}</h3>
          <ul className={styles.list}>
            {story.siblings.map(sibling => (
              <li key={sibling.id}>
                <button type="button" className={section.quiet} onClick={() => onOpen(sibling.id)}>
                  {sibling.destination}
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** The reply as it came: code, status, words. */
function Said({ outcome }: { outcome: Outcome }) {
  if (!outcome) return null
  const said = [outcome.code, outcome.enhanced, outcome.text].filter(Boolean).join(' ')
  return said ? <code className={styles.said}>{said}</code> : null
}
