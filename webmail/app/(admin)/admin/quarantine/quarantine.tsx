'use client'
/** The lists of the quarantine: filters, table, what is selected, actions, and one message in a drawer. */
import type { QuarantineItem } from '@restante/core/queue/quarantine.ts'
import { keepPreviousData, useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { useEffect, useState } from 'react'
import { notify } from '../../../../mail/toasts.tsx'
import type { Wire } from '../../../api/v1/picture.ts'
import { call } from '../api.ts'
import messages from '../messages.module.css'
import section from '../section.module.css'
import { useAddress } from '../use-address.ts'
import { type Act, Ask, type Target } from './ask.tsx'
import { Filters } from './filters.tsx'
import { Opened } from './opened.tsx'
import { filterOf, listQuery, readPlace, writePlace } from './place.ts'
import styles from './quarantine.module.css'
import { Table } from './table.tsx'

export type Item = Wire<QuarantineItem>
type Page = { items: Item[]; next: string | null; count?: number }

/** The API counts no further. */
const COUNTED = 10_000
/** ms between looks */
const EVERY = 20_000

const usePlace = () => useAddress({ read: readPlace, write: writePlace })

export function Quarantine() {
  const t = useTranslations('admin.quarantine')
  const all = useTranslations('admin')
  const { place, go } = usePlace()
  const key = listQuery(place, null)
  const list = useInfiniteQuery({
    queryKey: ['quarantine', key],
    queryFn: ({ pageParam }) => call<Page>(`quarantine?${listQuery(place, pageParam)}`),
    initialPageParam: null as string | null,
    getNextPageParam: page => page.next,
    placeholderData: keepPreviousData,
    refetchInterval: EVERY,
  })
  const items = list.data?.pages.flatMap(page => page.items) ?? []
  const count = list.data?.pages[0]?.count ?? 0
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  /** All that fit the filter are meant, also those not shown. */
  const [matching, setMatching] = useState(false)
  const [asking, setAsking] = useState<{ action: Act; target: Target } | null>(null)
  const clear = () => {
    setSelected(new Set())
    setMatching(false)
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was selected belongs to the filter.
  useEffect(clear, [key])
  const act = useAct(() => {
    clear()
    setAsking(null)
    go({ message: null }, 'replace')
  })
  const chosen = items.filter(item => selected.has(item.id))
  const target: Target = matching
    ? { type: 'filter', count, filter: filterOf(place) }
    : { type: 'items', count: chosen.length, items: chosen }
  const begin = (action: Act, what: Target) => setAsking({ action, target: what })
  return (
    <section className={section.section} aria-labelledby="quarantine-title">
      <div className={messages.head}>
        <h1 className={styles.title} id="quarantine-title">
          {t('title')}
        </h1>
        <span className={messages.count} role="status">
          {list.data && (count >= COUNTED ? t('countMore', { count: COUNTED }) : t('count', { count }))}
        </span>
      </div>
      <p className={styles.lead}>{t(`lead.${place.view}`)}</p>
      <Filters place={place} go={go} />
      {list.error ? (
        <p className={section.none} role="alert">
          {all('failed', { detail: list.error.message })}
        </p>
      ) : list.isPending ? (
        <div className={messages.skeleton} role="status" aria-label={all('list.loading')} />
      ) : items.length === 0 ? (
        <p className={section.none}>
          {place.text || place.kind ? t('emptyFilter') : t(`empty.${place.view}`)}
        </p>
      ) : (
        <Table
          items={items}
          old={list.isPlaceholderData}
          current={place.message}
          selected={matching ? new Set(items.map(item => item.id)) : selected}
          onSelect={ids => {
            setMatching(false)
            setSelected(ids)
          }}
          onOpen={id => go({ message: id })}
        />
      )}
      {list.hasNextPage && (
        <button
          type="button"
          className={`${section.button} ${messages.more}`}
          disabled={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          {all('list.next')}
        </button>
      )}
      {target.count > 0 && (
        <section className={messages.bulk} aria-label={all('list.selected', { count: target.count })}>
          <span className={messages.chosen}>{all('list.selected', { count: target.count })}</span>
          {!matching && count > chosen.length && chosen.length === items.length && (
            <button type="button" className={section.quiet} onClick={() => setMatching(true)}>
              {all('list.selectMatching', { count })}
            </button>
          )}
          <span className={messages.actions}>
            <button type="button" className={section.button} onClick={() => begin('release', target)}>
              {t('release')}
            </button>
            {target.type === 'items' && (
              <button type="button" className={section.button} onClick={() => begin('allow', target)}>
                {t('allow')}
              </button>
            )}
            <button
              type="button"
              className={`${section.button} ${section.danger}`}
              onClick={() => begin('delete', target)}
            >
              {t('delete')}
            </button>
            <button type="button" className={section.button} onClick={clear}>
              {all('list.unselect')}
            </button>
          </span>
        </section>
      )}
      {place.message && (
        <Opened
          id={place.message}
          onClose={() => go({ message: null })}
          onAct={(action, item) => begin(action, { type: 'items', count: 1, items: [item] })}
        />
      )}
      {asking && (
        <Ask
          {...asking}
          busy={act.isPending}
          onClose={() => setAsking(null)}
          onDo={() => act.mutate(asking)}
        />
      )}
    </section>
  )
}

type Done = { changed: number; failed: number } | { allowed: string[]; known: string[] }

/** The API takes so many ids at once. */
const MOST_IDS = { release: 1_000, delete: 1_000, allow: 200 }

function useAct(onDone: () => void) {
  const t = useTranslations('admin.quarantine')
  const all = useTranslations('admin')
  const queries = useQueryClient()
  return useMutation({
    mutationFn: ({ action, target }: { action: Act; target: Target }) =>
      call<Done>('quarantine/actions', {
        action,
        ...(target.type === 'items'
          ? { ids: target.items.slice(0, MOST_IDS[action]).map(item => item.id) }
          : { filter: target.filter }),
      }),
    onSuccess: (result, { action }) => {
      const count = 'changed' in result ? result.changed : result.allowed.length + result.known.length
      notify({ text: t(`${action}Done`, { count }) })
      if ('failed' in result && result.failed > 0) {
        notify({ tone: 'fail', text: t('notDone', { count: result.failed }) })
      }
      onDone()
      void queries.invalidateQueries({ queryKey: ['quarantine'] })
    },
    onError: error => notify({ tone: 'fail', text: all('failed', { detail: error.message }) }),
  })
}
