/** Readiness, maintenance and drills. Who may not administer gets 404, as if there were no such page. */
import { listPeriods } from '@restante/core/continuity/periods.ts'
import type { Metadata } from 'next'
import { getTranslations } from 'next-intl/server'
import { looking } from '../viewer.ts'
import { type PeriodView, PlansPage } from './plans-page.tsx'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('admin.plans')
  return { title: `${t('title')} · Restante` }
}

export default async function Page() {
  const { services, scope, viewer } = await looking('/admin/plans')
  const periods = await listPeriods(services.db, scope, {}, new Date())
  return <PlansPage first={JSON.parse(JSON.stringify(periods)) as PeriodView[]} viewer={viewer} />
}
