'use client'
/** The messages: filters, the table, what is selected, the actions, and the story of one in a drawer. */
import type { Action } from '@restante/core/queue/actions.ts'
import { useTranslations } from 'next-intl'
import { useEffect, useState } from 'react'
import { ActionDialog, type Target, useAction } from './action-dialog.tsx'
import type { Picture } from './advice.ts'
import { Filters } from './filters.tsx'
import { MessageTable } from './message-table.tsx'
import styles from './messages.module.css'
import { listQuery, type Place, statesOf } from './place.ts'
import { RerouteDialog } from './reroute-dialog.tsx'
import section from './section.module.css'
import { Story } from './story.tsx'
import { useDeliveries } from './use-deliveries.ts'
import type { Go } from './use-place.ts'

/** The API counts no further. */
const COUNTED = 100_000
/** An action on so many named ones needs no question. */
const FEW = 25
const OPEN: readonly Place['view'][] = ['waiting', 'queued', 'deferred', 'held']

export function Messages({ picture, place, go }: { picture: Picture; place: Place; go: Go }) {
  const t = useTranslations('admin')
  const list = useDeliveries(place, picture.at)
  const filterKey = listQuery(place, null)
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  /** All that fit the filter are meant, also those not shown. */
  const [matching, setMatching] = useState(false)
  const [asking, setAsking] = useState<{ action: Action; target: Target } | null>(null)

  const [rerouting, setRerouting] = useState<Target | null>(null)

  const clear = () => {
    setSelected(new Set())
    setMatching(false)
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was selected belongs to the filter.
  useEffect(clear, [filterKey])
  const act = useAction(clear)

  const shown = list.lines.filter(line => selected.has(line.id))
  const target: Target = matching
    ? {
        type: 'filter',
        count: list.count ?? 0,
        filter: {
          states: statesOf(place.view),
          ...(place.backend && { backend: place.backend }),
          ...(place.destination && { destination: place.destination }),
          ...(place.hold && { holdReason: place.hold }),
          ...(place.text.trim() && { text: place.text.trim() }),
        },
      }
    : { type: 'ids', count: shown.length, lines: shown }
  const begin = (action: Action, what: Target) => {
    if (action === 'cancel' || what.type === 'filter' || what.count > FEW) setAsking({ action, target: what })
    else act.mutate({ action, target: what })
  }
  const open = OPEN.includes(place.view)
  const outward = place.backend === 'outbound' || Boolean(place.destination)
  const filtered = Boolean(place.text || place.backend || place.destination || place.hold)
  return (
    <section className={section.section} aria-labelledby="messages-title" id="messages">
      <div className={styles.head}>
        <h2 className={section.title} id="messages-title" tabIndex={-1}>
          {t('list.title')}
        </h2>
        <span className={styles.count} role="status">
          {list.count !== null &&
            (list.count >= COUNTED
              ? t('list.countMore', { count: COUNTED })
              : t('list.count', { count: list.count }))}
        </span>
      </div>
      <Filters picture={picture} place={place} go={go} />
      {list.error ? (
        <p className={section.none} role="alert">
          {t('failed', { detail: list.error.message })}
        </p>
      ) : list.loading ? (
        <div className={styles.skeleton} role="status" aria-label={t('list.loading')} />
      ) : list.lines.length === 0 ? (
        <div className={section.none}>
          {filtered || place.view !== 'waiting' ? (
            <>
              {t('list.emptyFilter')}{' '}
              <button
                type="button"
                className={section.quiet}
                onClick={() =>
                  go({ view: 'waiting', text: '', backend: null, destination: null, hold: null, sort: 'age' })
                }
              >
                {t('list.clear')}
              </button>
            </>
          ) : (
            t('list.emptyWaiting')
          )}
        </div>
      ) : (
        <MessageTable
          lines={list.lines}
          place={place}
          go={go}
          old={list.old}
          selected={matching ? new Set(list.lines.map(line => line.id)) : selected}
          onSelect={
            open
              ? ids => {
                  setMatching(false)
                  setSelected(ids)
                }
              : null
          }
        />
      )}
      {list.more && (
        <button
          type="button"
          className={`${section.button} ${styles.more}`}
          disabled={list.loadingMore}
          onClick={list.loadMore}
        >
          {t('list.next')}
        </button>
      )}
      {open && target.count > 0 && (
        <section className={styles.bulk} aria-label={t('list.selected', { count: target.count })}>
          <span className={styles.chosen}>{t('list.selected', { count: target.count })}</span>
          {!matching &&
            list.count !== null &&
            list.count > shown.length &&
            shown.length === list.lines.length && (
              <button type="button" className={section.quiet} onClick={() => setMatching(true)}>
                {t('list.selectMatching', { count: list.count })}
              </button>
            )}
          <span className={styles.actions}>
            {(['retry', 'hold', 'release', 'cancel'] as const).map(action => (
              <button
                key={action}
                type="button"
                className={`${section.button} ${action === 'cancel' ? section.danger : ''}`}
                disabled={act.isPending}
                onClick={() => begin(action, target)}
              >
                {t(`action.${action}`)}
              </button>
            ))}
            {(matching ? outward : shown.some(line => line.backendId === null)) && (
              <button type="button" className={section.button} onClick={() => setRerouting(target)}>
                {t('reroute.open')}
              </button>
            )}
            <button type="button" className={section.button} onClick={clear}>
              {t('list.unselect')}
            </button>
          </span>
        </section>
      )}
      {asking && (
        <ActionDialog
          {...asking}
          onClose={() => setAsking(null)}
          onDo={() => {
            act.mutate(asking)
            setAsking(null)
          }}
        />
      )}
      {rerouting && <RerouteDialog target={rerouting} onDone={clear} onClose={() => setRerouting(null)} />}
      {place.delivery && (
        <Story
          id={place.delivery}
          onClose={() => go({ delivery: null })}
          onOpen={id => go({ delivery: id }, 'replace')}
          onAct={(action, line) => begin(action, { type: 'ids', count: 1, lines: [line] })}
          onReroute={line => setRerouting({ type: 'ids', count: 1, lines: [line] })}
        />
      )}
    </section>
  )
}
