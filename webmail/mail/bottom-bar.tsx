'use client'
/** On a phone: folders, messages, and a new message, where the thumb is. */
import { IconFolders, IconInbox, IconPencil } from '@tabler/icons-react'
import { useTranslations } from 'next-intl'
import styles from './desk.module.css'
import { go } from './place.ts'

export function BottomBar({ view, onCompose }: { view: 'folders' | 'list'; onCompose: () => void }) {
  const t = useTranslations('desk')
  return (
    <nav className={styles.bottom} aria-label={t('bottomBar')}>
      <button
        type="button"
        aria-current={view === 'folders' ? 'page' : undefined}
        onClick={() => go({ folders: true, email: null })}
      >
        <IconFolders size={22} stroke={1.6} aria-hidden />
        <span>{t('folders')}</span>
      </button>
      <button
        type="button"
        aria-current={view === 'list' ? 'page' : undefined}
        onClick={() => go({ email: null })}
      >
        <IconInbox size={22} stroke={1.6} aria-hidden />
        <span>{t('messages')}</span>
      </button>
      <button type="button" onClick={onCompose}>
        <IconPencil size={22} stroke={1.6} aria-hidden />
        <span>{t('compose')}</span>
      </button>
    </nav>
  )
}
