'use client'
/**
 * The desk: folders, list and message side by side, as far as there is room; compose windows over them.
 * It knows where somebody is and hands each view what it shows.
 */
import { useTranslations } from 'next-intl'
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { EmailRow, Folder, FolderRole, Id } from '../jmap/types.ts'
import { useActions } from './actions.ts'
import { Banner } from './banner.tsx'
import { BottomBar } from './bottom-bar.tsx'
import { useBulk } from './bulk.ts'
import { openCopies, useCompose, windows } from './compose/start.ts'
import styles from './desk.module.css'
import { useFolderName } from './folder-names.ts'
import { Folders } from './folders.tsx'
import { useKeys } from './keyboard.ts'
import { loadSelectBar, MessageList } from './list.tsx'
import { useList } from './list-query.ts'
import type { Turn } from './message.tsx'
import { useOverlay } from './pending.ts'
import { go, usePlace } from './place.ts'
import { useAccounts, useEmail, useFolders } from './queries.ts'
import { holds, messagesOf, someHave, visibleRows } from './rows.ts'
import { parseSearch } from './search.ts'
import { useSelection } from './selection.ts'
import { undoLast } from './toasts.tsx'
import { useViewer } from './viewer.tsx'

/** Not part of the first view: fetched when the page has nothing else to do. */
const loadCompose = () => import('./compose/windows.tsx')
const ComposeWindows = lazy(loadCompose)
const loadMessage = () => import('./message.tsx')
const MessagePane = lazy(loadMessage)
const Help = lazy(() => import('./help.tsx'))

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
  const folderName = useFolderName()
  // biome-ignore lint/correctness/useExhaustiveDependencies: the names follow from the folders
  const filter = useMemo(
    () => (place.search ? parseSearch(place.search, folders, folderName) : null),
    [place.search, folders],
  )
  const list = useList(account?.id ?? null, folder?.id ?? null, filter, pages)
  const overlay = useOverlay()
  const inFolder = place.search ? null : (folder?.id ?? null)
  const rows = useMemo(() => visibleRows(list.rows, overlay, inFolder), [list.rows, overlay, inFolder])

  const actions = useActions()
  const compose = useCompose()
  const [cursor, setCursor] = useState<Id | null>(null)
  const [help, setHelp] = useState(false)
  const listElement = useRef<HTMLUListElement>(null)
  const turn = useRef<Turn | null>(null)
  const selection = useSelection(rows, listKey)
  const scene: Scene | null = account ? { account: account.id, folders, folder, search: place.search } : null
  const opened = rows.find(row => holds(row, place.email))
  // What is open need not be in the list: it may have been moved, or come by a link.
  const openedEmail = useEmail(account?.id ?? null, place.email).data
  const current = place.email ? (opened ?? openedEmail ?? undefined) : rows.find(row => row?.id === cursor)

  const writing = windows.use().length > 0

  useTitle(folderLists)
  const viewer = useViewer()
  useEffect(() => {
    void openCopies(viewer.address)
  }, [viewer.address])
  useEffect(() => {
    const timers = [
      setTimeout(loadMessage, 300),
      setTimeout(loadSelectBar, 1_000),
      setTimeout(loadCompose, 2_000),
    ]
    return () => timers.forEach(clearTimeout)
  }, [])

  const open = (id: Id) => {
    setCursor(id)
    go({ account: account?.id ?? null, folder: folder?.id ?? null, email: id })
  }
  /** Puts the focus on a row, once it is there. */
  const byKeys = useRef(false)
  const onFocusRow = useCallback((id: Id) => {
    // Where the keys are going is known already; a row that gets the focus late must not call them back.
    if (!byKeys.current) setCursor(id)
  }, [])
  const focusRow = (id: Id | null | undefined) => {
    if (!id) return listElement.current?.focus()
    setCursor(id)
    requestAnimationFrame(() => {
      const row = listElement.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`)
      byKeys.current = true
      if (row) row.focus()
      byKeys.current = false
      if (!row) listElement.current?.focus()
    })
  }
  const close = () => {
    const id = place.email
    go({ email: null })
    if (id) focusRow(id)
  }
  const step = (by: 1 | -1) => {
    const from = rows.findIndex(row => holds(row, place.email ?? cursor))
    const target = rows[from < 0 ? 0 : from + by]
    if (!target) return
    if (place.email) open(target.id)
    focusRow(target.id)
  }
  /** When rows leave the list: what was open closes, and the focus goes to what comes next. */
  const leaveRows = (ids: readonly Id[]) => {
    const last = rows.findLastIndex(row => row !== undefined && ids.includes(row.id))
    const next = rows.slice(last + 1).find(row => row && !ids.includes(row.id)) ?? rows[last - ids.length]
    if (ids.some(id => id === place.email || opened?.id === id)) go({ email: null }, 'replace')
    focusRow(next?.id)
  }
  const common = { account: account?.id, folders, folder: place.search ? null : (folder ?? null) }
  const chosen = useBulk({
    ...common,
    rows: selection.rows,
    whole: selection.whole ? (filter ?? { inMailbox: folder?.id }) : null,
    onDone: leaves => {
      if (leaves) leaveRows(selection.rows.map(row => row.id))
      selection.none()
    },
  })
  const one = useBulk({
    ...common,
    rows: current ? [current] : [],
    whole: null,
    onDone: leaves => {
      if (leaves && current) leaveRows([current.id])
    },
  })
  /** What the keys work on: the rows that were chosen, else the one that is open or has the focus. */
  const bulk = selection.rows.length > 0 ? chosen : one
  const trash = folders.find(one => one.role === 'trash')
  const rowsOf = (ids: readonly Id[]) =>
    rows.filter(row => row !== undefined && ids.includes(row.id)) as EmailRow[]
  const messagesOfRows = (found: readonly EmailRow[]) =>
    found.flatMap(row => messagesOf(row, common.folder?.id ?? null))
  const removeRows = (ids: readonly Id[]) => {
    const found = rowsOf(ids)
    if (!account || found.length === 0) return
    leaveRows(ids)
    actions.remove(account.id, messagesOfRows(found), trash)
  }
  /** Single messages of what is open; the last one that lies here takes the row with it. */
  const removeMessages = (ids: readonly Id[]) => {
    if (!account || !current) return
    const left = messagesOfRows([current]).filter(one => !ids.includes(one.id))
    const emails = (current.members ?? [current]).filter(one => ids.includes(one.id))
    if (left.length === 0) leaveRows([current.id])
    if (emails.length > 0) actions.remove(account.id, emails, trash)
  }
  /** What is dropped on a folder. */
  const drop = (ids: readonly Id[], target: Folder) => {
    const emails = messagesOfRows(rowsOf(ids))
    if (!account || emails.length === 0 || target.id === common.folder?.id) return
    leaveRows(ids)
    selection.none()
    if (target.role === 'trash') actions.remove(account.id, emails, target)
    else if (target.role === 'junk') void actions.junk(account.id, emails, target)
    else void actions.move(account.id, emails, target, folderName(target))
  }
  const toFolder = (role: FolderRole) => () => {
    const target = folders.find(one => one.role === role)
    if (account && target) go({ account: account.id, folder: target.id, email: null, search: '' })
  }

  useKeys({
    j: () => step(1),
    k: () => step(-1),
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    o: () => current && !place.email && open(current.id),
    n: () => turn.current?.step(1),
    p: () => turn.current?.step(-1),
    c: () => compose.fresh(account?.id),
    r: () => place.email && turn.current?.toReader('reply'),
    a: () => place.email && turn.current?.toReader('replyAll'),
    f: () => place.email && turn.current?.toReader('forward'),
    x: () => current && selection.toggle(current.id, false),
    e: () => bulk.archive?.(),
    y: () => bulk.archive?.(),
    '!': () => bulk.junk?.(),
    '#': () => bulk.remove(),
    Delete: () => bulk.remove(),
    s: () =>
      bulk.mark('$flagged', !(selection.rows.length > 0 ? bulk.allStarred : isStarred(current, common))),
    I: () => bulk.mark('$seen', true),
    U: () => {
      bulk.mark('$seen', false)
      if (place.email) close()
    },
    v: () => document.getElementById(selection.rows.length > 0 ? 'move-selected' : 'move-opened')?.click(),
    u: () => place.email && close(),
    z: () => undoLast(),
    '/': () => document.getElementById('search')?.focus(),
    '?': () => setHelp(true),
    'g i': toFolder('inbox'),
    'g s': toFolder('sent'),
    'g t': toFolder('sent'),
    'g d': toFolder('drafts'),
    'g a': toFolder('archive'),
    '* a': selection.all,
    '* n': selection.none,
    Escape: () => {
      if (place.folders) go({}, 'replace')
      else if (selection.rows.length > 0) selection.none()
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
            onDrop={drop}
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
              onFocusRow={onFocusRow}
              onRemove={removeRows}
              onCompose={() => compose.fresh(account?.id)}
              selection={selection}
              bulk={chosen}
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
                bulk={one}
                onClose={close}
                onRemove={removeMessages}
                turn={turn}
              />
            )}
          </Suspense>
        </div>
        {view !== 'message' && <BottomBar view={view} onCompose={() => compose.fresh(account?.id)} />}
      </main>
      <Suspense fallback={null}>
        {writing && <ComposeWindows accounts={accounts} folderLists={folderLists} />}
      </Suspense>
      <Suspense fallback={null}>{help && <Help onClose={() => setHelp(false)} />}</Suspense>
    </>
  )
}

function isStarred(row: EmailRow | undefined, { folder }: { folder: Folder | null }): boolean {
  return row !== undefined && someHave(row, folder?.id ?? null, '$flagged')
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
