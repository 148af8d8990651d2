/** The admin page. Who may not administer gets 404, as if there were no such page. */
import type { Metadata } from 'next'
import { notFound, redirect } from 'next/navigation'
import { getTranslations } from 'next-intl/server'
import { services } from '../../../server/services.ts'
import { currentPerson } from '../../../server/session.ts'
import { readLive } from '../../api/v1/picture.ts'
import { scopeOf } from '../../api/v1/scope.ts'
import { AdminPage } from './admin-page.tsx'
import type { Picture } from './advice.ts'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('admin')
  return { title: `${t('title')} · Restante` }
}

export default async function Page() {
  const person = await currentPerson()
  if (!person) redirect(`/sign-in?next=${encodeURIComponent('/admin')}`)
  const scope = scopeOf(person)
  if (!scope) notFound()
  const opened = await services()
  const live = await readLive(opened, scope, new Date())
  const organization =
    scope.type === 'organization'
      ? await opened.db
          .selectFrom('organization')
          .select('name')
          .where('id', '=', scope.id)
          .executeTakeFirst()
      : undefined
  return (
    <AdminPage
      first={JSON.parse(JSON.stringify(live)) as Picture}
      viewer={{ name: person.name, address: person.address, organization: organization?.name ?? null }}
      demo={Boolean(process.env.RESTANTE_DEMO_CONTROL)}
    />
  )
}
