'use client'
/** What can be done to the rows that were chosen. It stands in the place of the search field. */
import {
  IconArchive,
  IconBan,
  IconMail,
  IconMailOpened,
  IconStar,
  IconTrash,
  IconX,
} from '@tabler/icons-react'
import { useTranslations } from 'next-intl'
import type { ReactNode } from 'react'
import type { Folder } from '../jmap/types.ts'
import type { Bulk } from './bulk.ts'
import { MoveMenu } from './move-menu.tsx'
import styles from './select-bar.module.css'
import type { Selection } from './selection.ts'

export default function SelectBar(props: {
  selection: Selection
  folders: readonly Folder[]
  folder: Folder | undefined
  total: number
  bulk: Bulk
}) {
  const { selection, bulk, folder, total } = props
  const t = useTranslations('select')
  const message = useTranslations('message')
  const scan = useTranslations('scan')
  const { anyUnread, allStarred } = bulk
  return (
    <div className={styles.selectBar} role="toolbar" aria-label={t('actions')}>
      <div className={styles.selectLine}>
        <Tool label={t('none')} onClick={selection.none}>
          <IconX size={19} stroke={1.7} aria-hidden />
        </Tool>
        <span className={styles.selected} role="status">
          {selection.whole ? t('whole', { count: total }) : t('count', { count: selection.rows.length })}
        </span>
        {!selection.whole && total > selection.rows.length && (
          <button type="button" className={styles.selectAll} onClick={selection.everything}>
            {t('everything', { count: total })}
          </button>
        )}
      </div>
      <div className={styles.selectLine}>
        {bulk.archive && (
          <Tool label={t('archive')} onClick={bulk.archive}>
            <IconArchive size={19} stroke={1.7} aria-hidden />
          </Tool>
        )}
        {bulk.junk && (
          <Tool label={scan('isSpam')} onClick={bulk.junk}>
            <IconBan size={19} stroke={1.7} aria-hidden />
          </Tool>
        )}
        <Tool label={message('delete')} onClick={bulk.remove}>
          <IconTrash size={19} stroke={1.7} aria-hidden />
        </Tool>
        <Tool
          label={anyUnread ? message('markRead') : message('markUnread')}
          onClick={() => bulk.mark('$seen', anyUnread)}
        >
          {anyUnread ? (
            <IconMailOpened size={19} stroke={1.7} aria-hidden />
          ) : (
            <IconMail size={19} stroke={1.7} aria-hidden />
          )}
        </Tool>
        <Tool
          label={allStarred ? t('unstar') : message('star')}
          onClick={() => bulk.mark('$flagged', !allStarred)}
        >
          <IconStar size={19} stroke={1.7} aria-hidden />
        </Tool>
        <MoveMenu
          folders={props.folders}
          except={one => one.id === folder?.id}
          className={styles.barTool}
          id="move-selected"
          onMove={bulk.move}
        />
      </div>
    </div>
  )
}

function Tool(props: { label: string; onClick: () => void; children: ReactNode }) {
  return (
    <button
      type="button"
      className={styles.barTool}
      aria-label={props.label}
      title={props.label}
      onClick={props.onClick}
    >
      {props.children}
    </button>
  )
}
