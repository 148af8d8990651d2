/** The admin page. Who may not administer gets 404, as if there were no such page. */
import type { Metadata } from 'next'
import { getTranslations } from 'next-intl/server'
import { readLive } from '../../api/v1/picture.ts'
import { AdminPage } from './admin-page.tsx'
import type { Picture } from './advice.ts'
import { looking } from './viewer.ts'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('admin')
  return { title: `${t('title')} · Restante` }
}

export default async function Page() {
  const { services, scope, viewer } = await looking('/admin')
  const live = await readLive(services, scope, new Date())
  return (
    <AdminPage
      first={JSON.parse(JSON.stringify(live)) as Picture}
      viewer={viewer}
      demo={Boolean(process.env.RESTANTE_DEMO_CONTROL)}
    />
  )
}
