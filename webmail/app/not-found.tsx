/** Nothing here, in words. */
import Link from 'next/link'
import { getTranslations } from 'next-intl/server'
import styles from './plain.module.css'

export default async function NotFound() {
  const t = await getTranslations('common')
  return (
    <main className={styles.page}>
      <h1>{t('notFound')}</h1>
      <p>{t('notFoundText')}</p>
      <Link href="/">{t('toMail')}</Link>
    </main>
  )
}
