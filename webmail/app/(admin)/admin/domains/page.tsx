/** The domains' settings. Who may not administer gets 404, as if there were no such page. */
import { listDomainSettings } from '@restante/core/directory/domain-settings.ts'
import type { Metadata } from 'next'
import { getTranslations } from 'next-intl/server'
import { looking } from '../viewer.ts'
import { DomainsPage } from './domains-page.tsx'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('admin.domains')
  return { title: `${t('title')} · Restante` }
}

export default async function Page() {
  const { services, scope, viewer } = await looking('/admin/domains')
  const { db, sealKey } = services
  const domains = await listDomainSettings(db, sealKey, scope.type === 'organization' ? scope.id : undefined)
  return <DomainsPage first={domains} viewer={viewer} />
}
