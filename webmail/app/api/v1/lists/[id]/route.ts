/** DELETE /api/v1/lists/ID: takes an entry away. */
import { audit } from '@restante/core/access/audit.ts'
import { DirectoryError } from '@restante/core/directory/errors.ts'
import { removeListEntry } from '@restante/core/directory/lists.ts'
import { isId } from '@restante/core/queue/scope.ts'
import { adminRoute, json } from '../../handler.ts'
import { problem } from '../../problem.ts'

export const dynamic = 'force-dynamic'

export const DELETE = adminRoute<{ id: string }>(async ({ params, person, scope, services: { db } }) => {
  if (!isId(params.id)) return problem('not-found')
  try {
    const removed = await db.transaction().execute(async tx => {
      const entry = await removeListEntry(tx, {
        id: params.id,
        ...(scope.type === 'organization' && { organizationId: scope.id }),
      })
      await audit(tx, {
        organizationId: entry.organizationId,
        actor: person.address,
        action: 'list.remove',
        target: entry.value,
        detail: { kind: entry.kind },
      })
      return entry
    })
    return json(removed)
  } catch (error) {
    if (error instanceof DirectoryError) return problem('not-found')
    throw error
  }
})
