'use client'
/**
 * The desk: folders, list and message side by side, as far as there is room; compose windows over them.
 * It knows where somebody is and hands each view what it shows.
 */
import { useTranslations } from 'next-intl'
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react'
import type { Folder, Id } from '../jmap/types.ts'
import { useActions } from './actions.ts'
import { Banner } from './banner.tsx'
import { BottomBar } from './bottom-bar.tsx'
import { useCompose, windows } from './compose/start.ts'
import styles from './desk.module.css'
import { useFolderName } from './folder-names.ts'
import { Folders } from './folders.tsx'
import { Help } from './help.tsx'
import { useKeys } from './keyboard.ts'
import { MessageList } from './list.tsx'
import { useOverlay } from './pending.ts'
import { go, usePlace } from './place.ts'
import { PAGE, useAccounts, useFolders, useList } from './queries.ts'
import { visibleRows } from './rows.ts'
import { undoLast } from './toasts.tsx'

/** Not part of the first view: fetched when the page has nothing else to do. */
const loadCompose = () => import('./compose/windows.tsx')
const ComposeWindows = lazy(loadCompose)
const loadMessage = () => import('./message.tsx')
const MessagePane = lazy(loadMessage)

/** Where the reader stands, and what they can see from there. */
export type Scene = {
  account: Id
  folders: Folder[]
  folder: Folder | undefined
  search: string
}

export function Desk() {
  const t = useTranslations('desk')
  const place = usePlace()
  const accounts = useAccounts()
  const folderLists = useFolders(accounts)
  const accountIndex = Math.max(
    0,
    accounts.findIndex(account => account.id === place.account),
  )
  const account = accounts[accountIndex]
  const folders = folderLists[accountIndex] ?? NO_FOLDERS
  const folder = folders.find(one => one.id === place.folder) ?? folders.find(one => one.role === 'inbox')

  const [pages, setPages] = useState<readonly number[]>(FIRST_PAGE)
  const listKey = `${account?.id}/${folder?.id}/${place.search}`
  const [pagesFor, setPagesFor] = useState(listKey)
  if (pagesFor !== listKey) {
    setPagesFor(listKey)
    setPages(FIRST_PAGE)
  }
  const list = useList(account?.id ?? null, folder?.id ?? null, place.search, pages)
  const overlay = useOverlay()
  const inFolder = place.search ? null : (folder?.id ?? null)
  const rows = useMemo(() => visibleRows(list.rows, overlay, inFolder), [list.rows, overlay, inFolder])

  const actions = useActions()
  const compose = useCompose()
  const [cursor, setCursor] = useState<Id | null>(null)
  const [help, setHelp] = useState(false)
  const listElement = useRef<HTMLUListElement>(null)
  const scene: Scene | null = account ? { account: account.id, folders, folder, search: place.search } : null
  const opened = rows.find(row => row?.id === place.email)

  const writing = windows.use().length > 0

  useTitle(folderLists)
  useEffect(() => {
    const timers = [setTimeout(loadMessage, 300), setTimeout(loadCompose, 2_000)]
    return () => timers.forEach(clearTimeout)
  }, [])

  const open = (id: Id) => {
    setCursor(id)
    go({ account: account?.id ?? null, folder: folder?.id ?? null, email: id })
  }
  /** Puts the focus on a row, once it is there. */
  const focusRow = (id: Id | null | undefined) => {
    if (!id) return listElement.current?.focus()
    setCursor(id)
    requestAnimationFrame(() => {
      const row = listElement.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`)
      if (row) row.focus()
      else listElement.current?.focus()
    })
  }
  const close = () => {
    const id = place.email
    go({ email: null })
    if (id) focusRow(id)
  }
  const step = (by: 1 | -1) => {
    const from = rows.findIndex(row => row?.id === (place.email ?? cursor))
    const target = rows[from < 0 ? 0 : from + by]
    if (!target) return
    if (place.email) open(target.id)
    focusRow(target.id)
  }
  const remove = (ids: readonly Id[]) => {
    const emails = rows.filter(row => row !== undefined && ids.includes(row.id)) as NonNullable<
      typeof opened
    >[]
    if (!account || emails.length === 0) return
    const last = rows.findIndex(row => row?.id === emails.at(-1)?.id)
    const next = rows.slice(last + 1).find(row => row && !ids.includes(row.id)) ?? rows[last - 1]
    actions.remove(
      account.id,
      emails,
      folders.find(one => one.role === 'trash'),
    )
    if (place.email && ids.includes(place.email)) go({ email: null }, 'replace')
    focusRow(next?.id)
  }
  const current = opened ?? rows.find(row => row?.id === cursor)

  useKeys({
    j: () => step(1),
    k: () => step(-1),
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    c: () => compose.fresh(account?.id),
    r: () => opened && account && compose.answer(account.id, opened.id, false),
    a: () => opened && account && compose.answer(account.id, opened.id, true),
    f: () => opened && account && compose.forward(account.id, opened.id),
    '#': () => current && remove([current.id]),
    Delete: () => current && remove([current.id]),
    s: () => {
      if (current && account)
        void actions.keyword(account.id, [current], '$flagged', !current.keywords.$flagged)
    },
    u: () => {
      if (!current || !account) return
      void actions.keyword(account.id, [current], '$seen', !current.keywords.$seen)
      if (opened && current.keywords.$seen) close()
    },
    z: () => undoLast(),
    '/': () => document.getElementById('search')?.focus(),
    '?': () => setHelp(true),
    Escape: () => {
      if (place.folders) go({}, 'replace')
      else if (place.email) close()
    },
  })

  const view = place.folders ? 'folders' : place.email ? 'message' : 'list'
  return (
    <>
      <a className={styles.skip} href="#messages">
        {t('skip')}
      </a>
      <main className={styles.desk} data-view={view}>
        <h1 className="unseen">{t('title')}</h1>
        <Banner accounts={accounts} account={account?.id ?? null} />
        <div className={styles.folders}>
          <Folders
            accounts={accounts}
            folderLists={folderLists}
            current={{ account: account?.id, folder: place.search ? undefined : folder?.id }}
            onCompose={() => compose.fresh(account?.id)}
            onHelp={() => setHelp(true)}
          />
        </div>
        {view === 'folders' && (
          <button
            type="button"
            className={styles.scrim}
            aria-label={t('closeFolders')}
            onClick={() => go({}, 'replace')}
          />
        )}
        <div className={styles.list}>
          {scene && (
            <MessageList
              scene={scene}
              accountName={accounts.length > 1 ? (account?.name ?? '') : ''}
              rows={rows}
              total={list.total}
              failed={list.failed}
              onRetry={list.retry}
              open={place.email}
              cursor={cursor}
              listRef={listElement}
              onOpen={open}
              onPages={setPages}
              onRemove={remove}
              onCompose={() => compose.fresh(account?.id)}
              pageSize={PAGE}
            />
          )}
        </div>
        <div className={styles.message}>
          <Suspense fallback={null}>
            {scene && (
              <MessagePane
                key={place.email ?? ''}
                scene={scene}
                id={place.email}
                onClose={close}
                onOpen={open}
                onRemove={remove}
              />
            )}
          </Suspense>
        </div>
        {view !== 'message' && <BottomBar view={view} onCompose={() => compose.fresh(account?.id)} />}
      </main>
      <Suspense fallback={null}>
        {writing && <ComposeWindows accounts={accounts} folderLists={folderLists} />}
      </Suspense>
      <Help open={help} onClose={() => setHelp(false)} />
    </>
  )
}

const NO_FOLDERS: Folder[] = []
const FIRST_PAGE: readonly number[] = [0]

/** How many unread messages the inboxes hold, in the title of the page. */
function useTitle(folderLists: (Folder[] | undefined)[]): void {
  const name = useFolderName()
  const unread = folderLists
    .flatMap(list => list ?? [])
    .filter(folder => folder.role === 'inbox')
    .reduce((sum, folder) => sum + folder.unreadEmails, 0)
  const title = `${unread > 0 ? `(${unread}) ` : ''}${name({ role: 'inbox', name: 'Inbox' })} – Restante`
  useEffect(() => {
    document.title = title
  }, [title])
}
