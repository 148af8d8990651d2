/** What goes out, where it is stuck and why. Who may not administer gets 404, as if there were no such page. */
import type { Metadata } from 'next'
import { getTranslations } from 'next-intl/server'
import { looking } from '../viewer.ts'
import { OutgoingPage } from './outgoing-page.tsx'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('admin.outgoing')
  return { title: `${t('title')} · Restante` }
}

export default async function Page() {
  const { viewer } = await looking('/admin/outgoing')
  return <OutgoingPage viewer={viewer} />
}
