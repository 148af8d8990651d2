/** GET /api/v1/deliveries/ID: one delivery's whole story. */
import { deliveryStory } from '@restante/core/queue/overview-story.ts'
import { adminRoute, json } from '../../handler.ts'
import { problem } from '../../problem.ts'

export const dynamic = 'force-dynamic'

export const GET = adminRoute<{ id: string }>(async ({ params, scope, services: { db } }) => {
  const story = await deliveryStory(db, scope, params.id, new Date())
  return story ? json(story) : problem('not-found')
})
