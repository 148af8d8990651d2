/**
 * GET /api/v1/unusual-sending: people who sent more than people do and were stopped, until an admin has seen it.
 * POST with their ids: seen.
 */
import { audit } from '@restante/core/access/audit.ts'
import { listUnusual, markSeen } from '@restante/core/access/sending.ts'
import { adminRoute, json, readBody } from '../handler.ts'
import { seenSending } from '../schemas.ts'

export const dynamic = 'force-dynamic'

export const GET = adminRoute(async ({ scope, services: { db } }) =>
  json({ items: await listUnusual(db, scope) }),
)

export const POST = adminRoute(async ({ request, person, scope, services: { db } }) => {
  const body = await readBody(seenSending, request)
  if (!body.ok) return body.refusal
  const seen = await markSeen(db, scope, body.value.ids, person.address, new Date())
  await audit(db, {
    organizationId: person.organizationId,
    actor: person.address,
    action: 'sending.seen',
    detail: { people: body.value.ids, seen },
  })
  return json({ seen })
})
