/**
 * POST /api/v1/deliveries/actions: retry, hold, release, cancel or reroute deliveries named by `ids` or meant by a
 * `filter`. Ids of others are in `missing` and stay as they are; when all are, 404.
 *
 * Whoever administers one organization may reroute to public hosts only: their word is followed by our machine.
 */
import { audit } from '@restante/core/access/audit.ts'
import { DirectoryError } from '@restante/core/directory/errors.ts'
import { type ActionResult, actOnDeliveries, rerouteDeliveries } from '@restante/core/queue/actions.ts'
import { type StoredWay, storedWay, type WayOut } from '@restante/core/queue/reroute.ts'
import type { Scope } from '@restante/core/queue/scope.ts'
import { adminRoute, json, readBody } from '../../handler.ts'
import { problem } from '../../problem.ts'
import { deliveryRequest } from '../../schemas.ts'

export const POST = adminRoute(async ({ request, person, scope, services: { db, spool, sealKey } }) => {
  const body = await readBody(deliveryRequest, request)
  if (!body.ok) return body.refusal
  const wanted = body.value
  const target = 'ids' in wanted ? wanted.ids : wanted.filter
  const now = new Date()
  let result: ActionResult
  let to: string | undefined
  if (wanted.action === 'reroute') {
    const way = wayOf(wanted.to, sealKey, scope)
    if (way instanceof DirectoryError) return problem('bad-request', way.message)
    to = way.name ?? 'usual'
    result = await rerouteDeliveries(db, scope, target, way, now)
  } else {
    result = await actOnDeliveries(db, scope, wanted.action, target, {
      now,
      note: notes => spool.note(notes),
    })
  }
  if (result.matched === 0 && result.missing.length > 0) return problem('not-found')
  await audit(db, {
    actor: person.address,
    organizationId: person.organizationId,
    action: `delivery.${wanted.action}`,
    detail: { target, ...(to && { to }), matched: result.matched, changed: result.changed },
  })
  return json(result)
})

function wayOf(to: WayOut, sealKey: Buffer, scope: Scope): StoredWay | DirectoryError {
  try {
    return storedWay(to, sealKey, scope.type !== 'all')
  } catch (error) {
    if (error instanceof DirectoryError) return error
    throw error
  }
}
