'use client'
/** How much waits, by state: the number, a thin bar of its parts, and the parts in words. */
import { useTranslations } from 'next-intl'
import type { Picture } from './advice.ts'
import styles from './depth.module.css'
import { useWords } from './words.ts'

const PARTS = ['held', 'deferred', 'queued'] as const

export function Depth({ depth }: { depth: Picture['totals']['depth'] }) {
  const t = useTranslations('admin.backends')
  const words = useWords()
  if (depth.total === 0) return <span className={styles.none}>{t('none')}</span>
  const parts = PARTS.filter(part => depth[part] > 0)
  return (
    <span className={styles.depth}>
      <span className={styles.total}>{words.number(depth.total)}</span>
      <span className={styles.rest}>
        <span className={styles.bar} aria-hidden="true">
          {parts.map(part => (
            <span key={part} data-part={part} style={{ flexGrow: depth[part] }} />
          ))}
        </span>
        <span className={styles.words}>{parts.map(part => t(part, { count: depth[part] })).join(' · ')}</span>
      </span>
    </span>
  )
}
