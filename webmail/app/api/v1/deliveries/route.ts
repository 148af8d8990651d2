/** GET /api/v1/deliveries: the list, filtered, sorted, a page at a time; `count` with the first page. */
import { countDeliveries, listDeliveries } from '@restante/core/queue/overview-deliveries.ts'
import { filterOf } from '../filter.ts'
import { adminRoute, json, readQuery } from '../handler.ts'
import { problem } from '../problem.ts'
import { deliveryQuery } from '../schemas.ts'

export const dynamic = 'force-dynamic'

/** A count beyond this is "more than". */
const COUNTED = 100_000

export const GET = adminRoute(async ({ url, scope, services: { db } }) => {
  const query = readQuery(deliveryQuery, url)
  if (!query.ok) return query.refusal
  const filter = filterOf(query.value)
  const { sort, cursor, limit } = query.value
  const [page, count] = await Promise.all([
    listDeliveries(db, scope, filter, { sort, cursor, limit }, new Date()),
    cursor ? null : countDeliveries(db, scope, filter, COUNTED),
  ])
  if (!page) return problem('bad-request', 'the cursor belongs to another list')
  return json({ ...page, ...(count !== null && { count }) })
})
