/** GET /api/v1/backends/ID: one backend, its incidents, and whom an override would touch. */
import { affectedBy, listIncidents } from '@restante/core/queue/overview-story.ts'
import { adminRoute, json } from '../../handler.ts'
import { readLive } from '../../picture.ts'
import { problem } from '../../problem.ts'

export const dynamic = 'force-dynamic'

export const GET = adminRoute<{ id: string }>(async ({ params, scope, services }) => {
  const affected = await affectedBy(services.db, scope, params.id)
  if (!affected) return problem('not-found')
  const [live, incidents] = await Promise.all([
    readLive(services, scope, new Date()),
    listIncidents(services.db, scope, { backendId: params.id }),
  ])
  const backend = live.backends.find(one => one.id === params.id)
  return backend ? json({ ...backend, affected, incidents }) : problem('not-found')
})
