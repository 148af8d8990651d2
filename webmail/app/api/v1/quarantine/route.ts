/** GET /api/v1/quarantine: what the scan holds, filtered, newest first, a page at a time; `count` with the first page. */
import { countQuarantine, listQuarantine } from '@restante/core/queue/quarantine.ts'
import { adminRoute, json, readQuery } from '../handler.ts'
import { problem } from '../problem.ts'
import { quarantineQuery } from '../schemas.ts'

export const dynamic = 'force-dynamic'

export const GET = adminRoute(async ({ url, scope, services: { db } }) => {
  const query = readQuery(quarantineQuery, url)
  if (!query.ok) return query.refusal
  const { hold, kind, q, cursor, limit } = query.value
  const filter = { ...(hold && { holds: hold }), ...(kind && { kind }), ...(q && { text: q }) }
  const [page, count] = await Promise.all([
    listQuarantine(db, scope, filter, { ...(cursor && { cursor }), ...(limit && { limit }) }),
    cursor ? null : countQuarantine(db, scope, filter),
  ])
  if (!page) return problem('bad-request', 'the cursor belongs to another list')
  return json({ ...page, ...(count !== null && { count }) })
})
