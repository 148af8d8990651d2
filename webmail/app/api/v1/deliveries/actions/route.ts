/**
 * POST /api/v1/deliveries/actions: retry, hold, release or cancel deliveries named by `ids` or meant by a
 * `filter`. Ids of others are in `missing` and stay as they are; when all are, 404.
 */
import { audit } from '@restante/core/access/audit.ts'
import { actOnDeliveries } from '@restante/core/queue/actions.ts'
import { adminRoute, json, readBody } from '../../handler.ts'
import { problem } from '../../problem.ts'
import { deliveryAction } from '../../schemas.ts'

export const POST = adminRoute(async ({ request, person, scope, services: { db, spool } }) => {
  const body = await readBody(deliveryAction, request)
  if (!body.ok) return body.refusal
  const target = 'ids' in body.value ? body.value.ids : body.value.filter
  const { action } = body.value
  const result = await actOnDeliveries(db, scope, action, target, {
    now: new Date(),
    note: notes => spool.note(notes),
  })
  if (result.matched === 0 && result.missing.length > 0) return problem('not-found')
  await audit(db, {
    actor: person.address,
    organizationId: person.organizationId,
    action: `delivery.${action}`,
    detail: { target, matched: result.matched, changed: result.changed },
  })
  return json(result)
})
