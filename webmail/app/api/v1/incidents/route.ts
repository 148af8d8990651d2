/** GET /api/v1/incidents: the latest, with what changed while they lasted. */
import { listIncidents } from '@restante/core/queue/overview-story.ts'
import { adminRoute, json } from '../handler.ts'

export const dynamic = 'force-dynamic'

export const GET = adminRoute(async ({ url, scope, services: { db } }) => {
  const backendId = url.searchParams.get('backend') ?? undefined
  return json({ items: await listIncidents(db, scope, { backendId, limit: 50 }) })
})
