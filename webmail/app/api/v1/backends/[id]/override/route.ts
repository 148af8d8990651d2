/** POST /api/v1/backends/ID/override {to: up | down | auto, reason?, minutes?}: sets or takes back an override. */
import { audit } from '@restante/core/access/audit.ts'
import { override } from '@restante/core/continuity/store.ts'
import { affectedBy } from '@restante/core/queue/overview-story.ts'
import { adminRoute, json, readBody } from '../../../handler.ts'
import { problem } from '../../../problem.ts'
import { backendOverride } from '../../../schemas.ts'

export const dynamic = 'force-dynamic'

export const POST = adminRoute<{ id: string }>(
  async ({ request, params, person, scope, services: { db } }) => {
    const body = await readBody(backendOverride, request)
    if (!body.ok) return body.refusal
    // The scope is asked before anything is changed: another organization's backend is none.
    if (!(await affectedBy(db, scope, params.id))) return problem('not-found')
    const { to, reason, minutes } = body.value
    const now = new Date()
    const until = to !== 'auto' && minutes ? new Date(now.getTime() + minutes * 60_000) : null
    const health = await override(
      db,
      params.id,
      { to: to === 'auto' ? null : to, reason: reason || null, until, by: person.address },
      now,
    )
    if (!health) return problem('not-found')
    const { organization_id } = await db
      .selectFrom('backend')
      .select('organization_id')
      .where('id', '=', params.id)
      .executeTakeFirstOrThrow()
    await audit(db, {
      organizationId: organization_id,
      actor: person.address,
      action: 'backend.override',
      target: params.id,
      detail: { to, reason: reason ?? null, until },
    })
    return json({ id: params.id, health: health.effective, override: health.override, until })
  },
)
