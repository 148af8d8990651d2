/** Where admins are told, what of, and how often. Who may not administer gets 404, as if there were no such page. */
import { listChannels } from '@restante/core/telling/channels.ts'
import { readPolicy } from '@restante/core/telling/policy.ts'
import { listThreads } from '@restante/core/telling/threads.ts'
import type { Metadata } from 'next'
import { getTranslations } from 'next-intl/server'
import { withTitles } from '../../../api/v1/telling/titles.ts'
import { looking } from '../viewer.ts'
import { type First, TellingPage } from './telling-page.tsx'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('admin.telling')
  return { title: `${t('title')} · Restante` }
}

export default async function Page() {
  const { services, person, scope, viewer } = await looking('/admin/telling')
  const [channels, threads, policy] = await Promise.all([
    listChannels(services.db, scope),
    listThreads(services.db, scope),
    scope.type === 'organization' ? readPolicy(services.db, scope.id) : null,
  ])
  const first = { channels, telling: { policy, threads: withTitles(threads, person.locale) } }
  return <TellingPage first={JSON.parse(JSON.stringify(first)) as First} viewer={viewer} />
}
