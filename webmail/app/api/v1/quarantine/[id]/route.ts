/** GET /api/v1/quarantine/ID: one message that the scan holds, with all that was found. */
import { readQuarantined } from '@restante/core/queue/quarantine.ts'
import { adminRoute, json } from '../../handler.ts'
import { problem } from '../../problem.ts'

export const dynamic = 'force-dynamic'

export const GET = adminRoute<{ id: string }>(async ({ params, scope, services: { db } }) => {
  const item = await readQuarantined(db, scope, params.id)
  return item ? json(item) : problem('not-found')
})
