/** GET /api/v1/status: the live picture once: backends, outbound, totals, incidents. */
import { adminRoute, json } from '../handler.ts'
import { readLive } from '../picture.ts'

export const dynamic = 'force-dynamic'

export const GET = adminRoute(async ({ services, scope }) =>
  json(await readLive(services, scope, new Date())),
)
