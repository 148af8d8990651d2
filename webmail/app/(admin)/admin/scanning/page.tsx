/** What the domains want of the scan, and the organization's list. Who may not administer gets 404. */
import { listDomainScans } from '@restante/core/directory/domain-scan.ts'
import { listEntries } from '@restante/core/directory/lists.ts'
import type { Metadata } from 'next'
import { getTranslations } from 'next-intl/server'
import { looking } from '../viewer.ts'
import { ScanningPage } from './scanning-page.tsx'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('admin.scanning')
  return { title: `${t('title')} · Restante` }
}

export default async function Page() {
  const { services, scope, viewer } = await looking('/admin/scanning')
  const { db } = services
  const organizationId = scope.type === 'organization' ? scope.id : undefined
  const [domains, rows, organizations] = await Promise.all([
    listDomainScans(db, organizationId),
    listEntries(db, { mailboxId: null, ...(organizationId && { organizationId }) }),
    organizationId ? [] : db.selectFrom('organization').select(['id', 'name']).orderBy('name').execute(),
  ])
  const entries = rows.map(({ id, organizationId, kind, value, comment }) => ({
    id,
    organizationId,
    kind,
    value,
    comment,
  }))
  return <ScanningPage domains={domains} entries={entries} organizations={organizations} viewer={viewer} />
}
