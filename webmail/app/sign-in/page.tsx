/** The way in. Says nothing of who exists here, and works before any script has arrived. */
import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { getLocale, getTranslations } from 'next-intl/server'
import { localPath } from '../../auth/local-path.ts'
import { currentPerson } from '../../server/session.ts'
import { Mark } from '../../theme/mark.tsx'
import { SignInForm } from './form.tsx'
import { Languages } from './languages.tsx'
import styles from './sign-in.module.css'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('signIn')
  return { title: t('pageTitle') }
}

export default async function SignInPage({
  searchParams,
}: {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}) {
  const next = localPath(String((await searchParams).next ?? ''))
  if (await currentPerson().catch(() => null)) redirect(next)
  const t = await getTranslations('signIn')
  return (
    <div className={styles.page}>
      <main className={styles.card}>
        <p className={styles.brand}>
          <Mark size={36} />
          <span>Restante</span>
        </p>
        <h1 className={styles.title}>{t('title')}</h1>
        <p className={styles.lead}>{t('lead')}</p>
        <SignInForm next={next} />
        <p className={styles.hint}>{t('help')}</p>
      </main>
      <Languages current={await getLocale()} />
    </div>
  )
}
