'use client'
/** A folder without messages says what would be there. */
import { useTranslations } from 'next-intl'
import type { FolderRole } from '../jmap/types.ts'
import { folderIcon } from './folder-names.ts'
import styles from './list.module.css'

export function Empty({ role, search }: { role: FolderRole | null; search: string }) {
  const t = useTranslations('empty')
  const Icon = folderIcon(role)
  return (
    <div className={styles.empty}>
      <Icon size={36} stroke={1.2} aria-hidden />
      {search ? <p>{t('search', { text: search })}</p> : <p>{t(role ?? 'other')}</p>}
    </div>
  )
}
