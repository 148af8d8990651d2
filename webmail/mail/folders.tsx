'use client'
/** The folders of each mailbox somebody reads, the way to write, and their own menu. */
import { IconDots, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react'
import { useFormatter, useTranslations } from 'next-intl'
import { type CSSProperties, lazy, Suspense, useState } from 'react'
import type { Folder, Id } from '../jmap/types.ts'
import { Mark } from '../theme/mark.tsx'
import { useDragged } from './drag.ts'
import type { FolderQuestion } from './folder-dialog.tsx'
import { folderIcon, useFolderName } from './folder-names.ts'
import styles from './folders.module.css'
import { Menu, MenuItem } from './menu.tsx'
import { PersonMenu } from './person-menu.tsx'
import { formatPlace, go } from './place.ts'
import type { Account } from './queries.ts'

const FolderDialog = lazy(() => import('./folder-dialog.tsx'))

export function Folders(props: {
  accounts: readonly Account[]
  folderLists: readonly (Folder[] | undefined)[]
  current: { account: Id | undefined; folder: Id | undefined }
  onCompose: () => void
  onHelp: () => void
  onDrop: (ids: readonly Id[], folder: Folder) => void
}) {
  const [question, setQuestion] = useState<FolderQuestion | null>(null)
  const words = useTranslations('folders')
  const t = useTranslations('desk')
  const { accounts, folderLists, current } = props
  return (
    <div className={styles.column}>
      <p className={styles.brand}>
        <Mark size={28} />
        <span>Restante</span>
      </p>
      <button type="button" className={styles.compose} onClick={props.onCompose}>
        <IconPencil size={18} stroke={1.8} aria-hidden />
        {t('compose')}
      </button>
      <nav className={styles.nav} aria-label={t('folders')}>
        {accounts.map((account, index) => (
          <section key={account.id} aria-label={account.name}>
            {accounts.length > 1 && <h2 className={styles.account}>{account.name}</h2>}
            <ul className={styles.list}>
              {folderLists[index]
                ? folderLists[index].map(folder => (
                    <FolderLink
                      key={folder.id}
                      account={account.id}
                      folder={folder}
                      current={account.id === current.account && folder.id === current.folder}
                      depth={depthOf(folder, folderLists[index] ?? [])}
                      onDrop={props.onDrop}
                      onAsk={kind => setQuestion({ kind, account: account.id, folder })}
                    />
                  ))
                : [0, 1, 2, 3, 4, 5].map(line => <li key={line} className={styles.skeleton} aria-hidden />)}
            </ul>
            <button
              type="button"
              className={styles.newFolder}
              onClick={() => setQuestion({ kind: 'new', account: account.id })}
            >
              <IconPlus size={17} stroke={1.7} aria-hidden />
              {words('new')}
            </button>
          </section>
        ))}
      </nav>
      <PersonMenu onHelp={props.onHelp} />
      {question && (
        <Suspense fallback={null}>
          <FolderDialog
            question={question}
            folders={folderLists[accounts.findIndex(one => one.id === question.account)] ?? []}
            onClose={() => setQuestion(null)}
          />
        </Suspense>
      )}
    </div>
  )
}

function depthOf(folder: Folder, all: readonly Folder[]): number {
  const parent = all.find(one => one.id === folder.parentId)
  return parent ? Math.min(5, depthOf(parent, all) + 1) : 0
}

function FolderLink(props: {
  account: Id
  folder: Folder
  current: boolean
  depth: number
  onDrop: (ids: readonly Id[], folder: Folder) => void
  onAsk: (kind: 'rename' | 'delete') => void
}) {
  const { account, folder, current } = props
  const dragged = useDragged()
  const [over, setOver] = useState(false)
  const accepts = dragged?.account === account && !current && !['drafts', 'sent'].includes(folder.role ?? '')
  const t = useTranslations('folders')
  const format = useFormatter()
  const name = useFolderName()
  const Icon = folderIcon(folder.role)
  // Drafts are counted whole: each is something to be finished. Elsewhere it is the unread that matter.
  const count =
    folder.role === 'drafts' ? folder.totalEmails : folder.role === 'trash' ? 0 : folder.unreadEmails
  const place = { account, folder: folder.id, email: null, search: '' }
  return (
    <li
      className={styles.entry}
      data-over={(accepts && over) || undefined}
      style={{ '--depth': props.depth } as CSSProperties}
      onDragOver={event => {
        if (!accepts) return
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={event => {
        setOver(false)
        if (!accepts || !dragged) return
        event.preventDefault()
        props.onDrop(dragged.ids, folder)
      }}
    >
      <a
        href={formatPlace({ ...place, folders: false })}
        className={styles.folder}
        aria-current={current ? 'page' : undefined}
        aria-describedby={count > 0 ? `count-${folder.id}` : undefined}
        onClick={event => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return
          event.preventDefault()
          go(place)
        }}
      >
        <Icon size={19} stroke={1.6} aria-hidden />
        <span className={styles.name}>{name(folder)}</span>
      </a>
      {/* Beside the link, not in it: the link is called as the folder, the count describes it. */}
      {count > 0 && (
        <span className={styles.count} id={`count-${folder.id}`}>
          <span aria-hidden="true">{format.number(count)}</span>
          <span className="unseen">
            {folder.role === 'drafts' ? t('draftCount', { count }) : t('unreadCount', { count })}
          </span>
        </span>
      )}
      {folder.role === null && (
        <Menu
          label={t('change', { name: folder.name })}
          bare
          className={styles.change}
          side="below"
          items={
            <>
              <MenuItem
                icon={<IconPencil size={18} stroke={1.6} aria-hidden />}
                onClick={() => props.onAsk('rename')}
              >
                {t('rename')}
              </MenuItem>
              <MenuItem
                icon={<IconTrash size={18} stroke={1.6} aria-hidden />}
                onClick={() => props.onAsk('delete')}
              >
                {t('delete')}
              </MenuItem>
            </>
          }
        >
          <IconDots size={17} stroke={1.7} aria-hidden />
        </Menu>
      )}
    </li>
  )
}
