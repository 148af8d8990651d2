/** GET /api/v1/periods/ID, with the report of a drill; DELETE ends it for good. */
import { audit } from '@restante/core/access/audit.ts'
import { endPeriod, listPeriods } from '@restante/core/continuity/periods.ts'
import { adminRoute, json } from '../../handler.ts'
import { problem } from '../../problem.ts'

export const dynamic = 'force-dynamic'

export const GET = adminRoute<{ id: string }>(async ({ params, scope, services: { db } }) => {
  const [period] = await listPeriods(db, scope, { id: params.id }, new Date())
  return period ? json(period) : problem('not-found')
})

export const DELETE = adminRoute<{ id: string }>(async ({ params, person, scope, services: { db } }) => {
  const period = await endPeriod(db, scope, params.id, new Date())
  if (!period) return problem('not-found')
  await audit(db, {
    organizationId: period.organizationId,
    actor: person.address,
    action: `${period.kind}.end`,
    target: period.id,
    detail: { name: period.name },
  })
  return json(period)
})
