/** GET /api/v1/readiness: would people get on, if their mail server went away now? */
import { readReadiness } from '@restante/core/continuity/readiness.ts'
import { worldOf } from '@restante/core/continuity/readiness-world.ts'
import { adminRoute, json } from '../handler.ts'

export const dynamic = 'force-dynamic'

export const GET = adminRoute(async ({ scope, services: { db, settings } }) =>
  json({ items: await readReadiness(db, scope, worldOf(settings), new Date()) }),
)
