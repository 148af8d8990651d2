'use client'
/** The messages being written: one open, others as tabs at the edge of the page. */
import { useTranslations } from 'next-intl'
import { useEffect, useState } from 'react'
import type { Folder } from '../../jmap/types.ts'
import type { Account } from '../queries.ts'
import styles from './compose.module.css'
import { Compose } from './compose.tsx'
import { windows } from './start.ts'

export default function ComposeWindows(props: {
  accounts: readonly Account[]
  folderLists: readonly (Folder[] | undefined)[]
}) {
  const t = useTranslations('compose')
  const list = windows.use()
  const [front, setFront] = useState<string | null>(null)
  const newest = list.at(-1)?.key ?? null
  useEffect(() => setFront(newest), [newest])
  return (
    <div className={styles.dock}>
      {list.map(one => {
        const hidden = one.key !== front
        return (
          <div key={one.key} className={styles.slot}>
            {hidden && (
              <button type="button" className={styles.tab} onClick={() => setFront(one.key)}>
                {one.draft.subject || t('newMessage')}
              </button>
            )}
            <Compose
              window={one}
              hidden={hidden}
              accounts={props.accounts}
              folderLists={props.folderLists}
              onMinimise={() => setFront(null)}
            />
          </div>
        )
      })}
    </div>
  )
}
