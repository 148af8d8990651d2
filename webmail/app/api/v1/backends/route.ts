/** GET /api/v1/backends: health, depth, rates and forecast of each backend in scope. */
import { adminRoute, json } from '../handler.ts'
import { readLive } from '../picture.ts'

export const dynamic = 'force-dynamic'

export const GET = adminRoute(async ({ services, scope }) => {
  const { backends } = await readLive(services, scope, new Date())
  return json({ items: backends })
})
