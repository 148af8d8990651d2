/** GET /api/v1/incidents/{id}: figures of the closing statement, together and of each mailbox; errors of bringing back. */
import { showRestoration } from '@restante/core/continuity/incidents.ts'
import { adminRoute, json } from '../../handler.ts'
import { problem } from '../../problem.ts'

export const dynamic = 'force-dynamic'

export const GET = adminRoute<{ id: string }>(async ({ params, scope, services: { db } }) => {
  const incident = await showRestoration(db, scope, params.id)
  return incident ? json(incident) : problem('not-found')
})
