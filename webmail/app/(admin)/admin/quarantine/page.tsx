/** What the scan holds. Who may not administer gets 404, as if there were no such page. */
import type { Metadata } from 'next'
import { getTranslations } from 'next-intl/server'
import { looking } from '../viewer.ts'
import { QuarantinePage } from './quarantine-page.tsx'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('admin.quarantine')
  return { title: `${t('title')} · Restante` }
}

export default async function Page() {
  const { viewer } = await looking('/admin/quarantine')
  return <QuarantinePage viewer={viewer} />
}
