/** POST /api/v1/telling/acknowledge: somebody knows of it; it is not repeated, nor escalated. */
import { audit } from '@restante/core/access/audit.ts'
import { acknowledge } from '@restante/core/telling/threads.ts'
import { adminRoute, json, readBody } from '../../handler.ts'
import { problem } from '../../problem.ts'
import { acknowledgement } from '../../schemas.ts'

export const dynamic = 'force-dynamic'

export const POST = adminRoute(async ({ request, person, scope, services: { db } }) => {
  const body = await readBody(acknowledgement, request)
  if (!body.ok) return body.refusal
  const { id, silent } = body.value
  if (!(await acknowledge(db, scope, id, person.address, silent ?? null, new Date())))
    return problem('not-found')
  await audit(db, {
    organizationId: person.organizationId,
    actor: person.address,
    action: 'telling.acknowledge',
    target: id,
    detail: { silent: silent ?? null },
  })
  return json({ acknowledged: id })
})
