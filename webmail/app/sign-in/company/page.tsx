/** In by the organization's own sign-in: which one that is hangs on the address's domain. */
import type { Metadata } from 'next'
import Link from 'next/link'
import { getTranslations } from 'next-intl/server'
import { localPath } from '../../../auth/local-path.ts'
import { Frame } from '../frame.tsx'
import styles from '../sign-in.module.css'
import { CompanyForm } from './form.tsx'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('signIn')
  return { title: t('pageTitle') }
}

export default async function CompanyPage({
  searchParams,
}: {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}) {
  const asked = await searchParams
  const t = await getTranslations('signIn')
  return (
    <Frame title={t('organizationTitle')} lead={t('organizationLead')}>
      <CompanyForm next={localPath(String(asked.next ?? ''))} />
      <p className={styles.hint}>
        <Link className={styles.back} href="/sign-in">
          {t('byPassword')}
        </Link>
      </p>
    </Frame>
  )
}
