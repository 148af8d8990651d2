'use client'
/** What is shown when a page could not be made: calm, and with a way on. */
import { useTranslations } from 'next-intl'
import styles from './plain.module.css'

export default function ErrorPage({ reset }: { error: Error; reset: () => void }) {
  const t = useTranslations('common')
  return (
    <main className={styles.page}>
      <h1>{t('pageFailed')}</h1>
      <p>{t('pageFailedText')}</p>
      <button type="button" onClick={reset}>
        {t('tryAgain')}
      </button>
    </main>
  )
}
