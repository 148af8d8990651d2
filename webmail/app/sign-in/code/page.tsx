/** In with a one-time code: one that is sent to the second contact now, or one on paper. */
import type { Metadata } from 'next'
import Link from 'next/link'
import { getTranslations } from 'next-intl/server'
import { localPath } from '../../../auth/local-path.ts'
import { Frame } from '../frame.tsx'
import styles from '../sign-in.module.css'
import { CodeForms } from './forms.tsx'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('signIn')
  return { title: t('pageTitle') }
}

export default async function CodePage({
  searchParams,
}: {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}) {
  const asked = await searchParams
  const t = await getTranslations('signIn')
  const text = (name: string) => String(asked[name] ?? '').slice(0, 320)
  return (
    <Frame title={t('codeTitle')} lead={t('codeLead')}>
      {/* The code of a link is filled in, not used: whatever looks at links must not use it up. */}
      <CodeForms next={localPath(text('next'))} address={text('address')} code={text('code')} />
      <p className={styles.hint}>
        <Link className={styles.back} href="/sign-in">
          {t('byPassword')}
        </Link>
      </p>
    </Frame>
  )
}
