'use client'
/**
 * A folder's messages. Only the rows on the screen exist, and only the pages they belong to are read, so that
 * a hundred thousand messages scroll like fifty.
 */
import { IconMenu2, IconPencil } from '@tabler/icons-react'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useTranslations } from 'next-intl'
import { lazy, type RefObject, Suspense, useCallback, useEffect, useRef } from 'react'
import type { EmailRow, Id } from '../jmap/types.ts'
import type { Bulk } from './bulk.ts'
import type { Scene } from './desk.tsx'
import { Empty } from './empty.tsx'
import { useFolderName } from './folder-names.ts'
import styles from './list.module.css'
import { PAGE } from './list-query.ts'
import { go } from './place.ts'
import { Row } from './row.tsx'
import { SearchField } from './search-field.tsx'
import type { Selection } from './selection.ts'
import { RowSkeleton, RowSkeletons } from './skeleton.tsx'

/** Not part of the first view. */
export const loadSelectBar = () => import('./select-bar.tsx')
const SelectBar = lazy(loadSelectBar)

/** Height of a row in px; list.module.css says the same. */
const ROW_HEIGHT = 88

export function MessageList(props: {
  scene: Scene
  accountName: string
  rows: readonly (EmailRow | undefined)[]
  total: number | undefined
  failed: boolean
  onRetry: () => void
  open: Id | null
  cursor: Id | null
  listRef: RefObject<HTMLUListElement | null>
  onOpen: (id: Id) => void
  onPages: (pages: readonly number[]) => void
  onFocusRow: (id: Id) => void
  onRemove: (ids: readonly Id[]) => void
  onCompose: () => void
  selection: Selection
  bulk: Bulk
}) {
  const { selection } = props
  const { scene, rows, total, listRef, onPages } = props
  const t = useTranslations('list')
  const scan = useTranslations('scan')
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 8,
  })
  const items = virtual.getVirtualItems()
  // Rows are remembered: they must not all be drawn anew because one was chosen.
  const latest = useRef(selection)
  latest.current = selection
  const onSelect = useCallback((id: Id, range: boolean) => latest.current.toggle(id, range), [])
  const onDrag = useCallback((id: Id) => (latest.current.ids.has(id) ? [...latest.current.ids] : [id]), [])
  const first = Math.floor((items[0]?.index ?? 0) / PAGE)
  const last = Math.floor((items.at(-1)?.index ?? 0) / PAGE)
  useEffect(() => {
    // The first page is always among them: it knows how many messages there are.
    const seen = Array.from({ length: last - first + 1 }, (_, index) => first + index)
    onPages(first === 0 ? seen : [0, ...seen])
  }, [first, last, onPages])

  const where = `${scene.account}/${scene.folder?.id}/${scene.search}`
  // biome-ignore lint/correctness/useExhaustiveDependencies: another folder begins at its top
  useEffect(() => {
    scroller.current?.scrollTo({ top: 0 })
  }, [where])

  const cursorIndex = rows.findIndex(row => row?.id === props.cursor)
  useEffect(() => {
    if (cursorIndex >= 0) virtual.scrollToIndex(cursorIndex, { align: 'auto' })
  }, [cursorIndex, virtual])
  // One row can be reached with Tab; from there the arrows lead on.
  const tabStop = cursorIndex >= 0 ? cursorIndex : 0

  return (
    <section className={styles.pane} id="messages" aria-label={t('region')}>
      <ListHead {...props} />
      {scene.folder?.role === 'junk' && !scene.search && <p className={styles.about}>{scan('banner')}</p>}
      <div className={styles.scroller} ref={scroller}>
        {props.failed ? (
          <div className={styles.failed} role="alert">
            <p>{t('failed')}</p>
            <button type="button" onClick={props.onRetry}>
              {t('retry')}
            </button>
          </div>
        ) : total === undefined ? (
          <RowSkeletons count={9} />
        ) : rows.length === 0 ? (
          <Empty role={scene.folder?.role ?? null} search={scene.search} />
        ) : null}
        <ul
          ref={listRef}
          className={styles.rows}
          aria-label={t('messages')}
          tabIndex={-1}
          style={{ height: virtual.getTotalSize() }}
        >
          {items.map(item => {
            const row = rows[item.index]
            return (
              <li
                key={row?.id ?? `hole-${item.index}`}
                className={styles.item}
                style={{ transform: `translateY(${item.start}px)` }}
                aria-setsize={rows.length}
                aria-posinset={item.index + 1}
              >
                {row ? (
                  <Row
                    email={row}
                    scene={scene}
                    open={row.id === props.open}
                    tabStop={item.index === tabStop}
                    selected={selection.ids.has(row.id)}
                    onOpen={props.onOpen}
                    onRemove={props.onRemove}
                    onSelect={onSelect}
                    onFocus={props.onFocusRow}
                    onDrag={onDrag}
                  />
                ) : (
                  <RowSkeleton index={item.index} />
                )}
              </li>
            )
          })}
        </ul>
      </div>
    </section>
  )
}

function ListHead({
  scene,
  accountName,
  total = 0,
  selection,
  bulk,
  onCompose,
}: {
  scene: Scene
  accountName: string
  total: number | undefined
  selection: Selection
  bulk: Bulk
  onCompose: () => void
}) {
  const t = useTranslations('list')
  const name = useFolderName()
  return (
    <header className={styles.head}>
      <div className={styles.titleLine}>
        <button
          type="button"
          className={styles.foldersButton}
          aria-label={t('showFolders')}
          onClick={() => go({ folders: true })}
        >
          <IconMenu2 size={20} stroke={1.7} aria-hidden />
        </button>
        <h2 className={styles.title}>
          {scene.search ? t('searchTitle') : scene.folder ? name(scene.folder) : ' '}
          {accountName && <span className={styles.of}>{accountName}</span>}
        </h2>
        <button type="button" className={styles.composeButton} onClick={onCompose}>
          <IconPencil size={18} stroke={1.8} aria-hidden />
          {t('compose')}
        </button>
      </div>
      {selection.rows.length > 0 ? (
        <Suspense fallback={<SearchField search={scene.search} />}>
          <SelectBar
            selection={selection}
            folders={scene.folders}
            folder={scene.search ? undefined : scene.folder}
            total={total}
            bulk={bulk}
          />
        </Suspense>
      ) : (
        <SearchField search={scene.search} />
      )}
    </header>
  )
}
