/** Who could sign in without the mail server, and codes on paper for who could not. Who may not administer gets 404. */
import { listWaysIn } from '@restante/core/directory/ways-in.ts'
import type { Metadata } from 'next'
import { notFound, redirect } from 'next/navigation'
import { getTranslations } from 'next-intl/server'
import { services } from '../../../../server/services.ts'
import { currentPerson } from '../../../../server/session.ts'
import { scopeOf } from '../../../api/v1/scope.ts'
import { PeoplePage } from './people-page.tsx'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('admin.people')
  return { title: `${t('title')} · Restante` }
}

/** Shown at once; more are found by typing. */
const SHOWN = 100

export default async function Page({
  searchParams,
}: {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}) {
  const person = await currentPerson()
  if (!person) redirect(`/sign-in?next=${encodeURIComponent('/admin/people')}`)
  const scope = scopeOf(person)
  if (!scope) notFound()
  const search = String((await searchParams).q ?? '').slice(0, 100)
  const { db } = await services()
  const organizationId = scope.type === 'organization' ? scope.id : null
  const [rows, organization] = await Promise.all([
    listWaysIn(db, { organizationId, search, limit: SHOWN + 1 }),
    organizationId
      ? db.selectFrom('organization').select('name').where('id', '=', organizationId).executeTakeFirst()
      : undefined,
  ])
  const people = rows.slice(0, SHOWN).map(({ person: { id, address, name }, ways, couldSignIn }) => ({
    id,
    address,
    name,
    ways,
    couldSignIn,
  }))
  return (
    <PeoplePage
      people={people}
      more={rows.length > SHOWN}
      search={search}
      viewer={{ name: person.name, address: person.address, organization: organization?.name ?? null }}
    />
  )
}
