/** Who looks at an admin page, and what of. Asked in each page, never in a layout: a layout is not drawn anew. */
import type { Scope } from '@restante/core/queue/scope.ts'
import { notFound, redirect } from 'next/navigation'
import { type Services, services } from '../../../server/services.ts'
import { currentPerson, type Person } from '../../../server/session.ts'
import { scopeOf } from '../../api/v1/scope.ts'
import type { Viewer } from './header.tsx'

export type Looking = { services: Services; person: Person; scope: Scope; viewer: Viewer }

/**
 * Sends who is not signed in to do so and come back to `path`. Who may not administer gets 404, as if there
 * were no such page.
 */
export async function looking(path: string): Promise<Looking> {
  const person = await currentPerson()
  if (!person) redirect(`/sign-in?next=${encodeURIComponent(path)}`)
  const scope = scopeOf(person)
  if (!scope) notFound()
  const opened = await services()
  const organization =
    scope.type === 'organization'
      ? await opened.db
          .selectFrom('organization')
          .select('name')
          .where('id', '=', scope.id)
          .executeTakeFirst()
      : undefined
  const viewer = { name: person.name, address: person.address, organization: organization?.name ?? null }
  return { services: opened, person, scope, viewer }
}
