/** The way in. Says nothing of who exists here, and works before any script has arrived. */
import type { Metadata } from 'next'
import Link from 'next/link'
import { redirect } from 'next/navigation'
import { getTranslations } from 'next-intl/server'
import { UsePasskey } from '../../account/passkey.tsx'
import { localPath } from '../../auth/local-path.ts'
import { currentPerson } from '../../server/session.ts'
import { SignInForm } from './form.tsx'
import { Frame } from './frame.tsx'
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
  const asked = await searchParams
  const next = localPath(String(asked.next ?? ''))
  // `again`: whoever is signed in shows once more who they are.
  const again = asked.again !== undefined
  if (!again && (await currentPerson().catch(() => null))) redirect(next)
  const rest = next === '/' ? '' : `?next=${encodeURIComponent(next)}`
  const t = await getTranslations('signIn')
  return (
    <Frame title={t('title')} lead={t('lead')}>
      {(asked.problem !== undefined || asked.error !== undefined) && (
        <p className={styles.alert} role="alert">
          {t('organizationFailed')}
        </p>
      )}
      <SignInForm next={next} />
      <section className={styles.others} aria-labelledby="others">
        <h2 id="others">{t('others')}</h2>
        <UsePasskey purpose="sign-in" next={next} className={styles.other} />
        <Link className={styles.other} href={`/sign-in/code${rest}`}>
          {t('byCode')}
        </Link>
        <Link className={styles.other} href={`/sign-in/company${rest}`}>
          {t('byOrganization')}
        </Link>
      </section>
      <p className={styles.hint}>{t('help')}</p>
    </Frame>
  )
}
