/**
 * GET /api/v1/suppressed: addresses outside that are not written to for a while. POST with addresses: they may be
 * written to again.
 */
import { audit } from '@restante/core/access/audit.ts'
import { liftSuppressed, listSuppressed } from '@restante/core/queue/suppression.ts'
import { adminRoute, json, readBody } from '../handler.ts'
import { liftSuppression } from '../schemas.ts'

export const dynamic = 'force-dynamic'

export const GET = adminRoute(async ({ scope, services: { db } }) =>
  json({ items: await listSuppressed(db, scope.type === 'organization' ? scope.id : null, new Date()) }),
)

export const POST = adminRoute(async ({ request, person, scope, services: { db } }) => {
  const body = await readBody(liftSuppression, request)
  if (!body.ok) return body.refusal
  const of = scope.type === 'organization' ? scope.id : null
  const lifted = await liftSuppressed(db, of, body.value.addresses, person.address, new Date())
  await audit(db, {
    organizationId: person.organizationId,
    actor: person.address,
    action: 'address.lift',
    detail: { addresses: lifted },
  })
  return json({ lifted })
})
