/** GET /api/v1/outgoing: what goes out by destination and age, by reason and by sender; places that take no mail. */
import { listDestinationIncidents } from '@restante/core/continuity/destination-incidents.ts'
import { readOutgoing } from '@restante/core/queue/outgoing.ts'
import { adminRoute, json } from '../handler.ts'

export const dynamic = 'force-dynamic'

export const GET = adminRoute(async ({ scope, services: { db } }) => {
  const [outgoing, incidents] = await Promise.all([
    readOutgoing(db, scope, new Date()),
    listDestinationIncidents(db, scope),
  ])
  return json({ ...outgoing, incidents })
})
