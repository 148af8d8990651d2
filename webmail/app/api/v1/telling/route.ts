/** GET, PATCH /api/v1/telling: what there was to tell, and how an organization wants to be told. */
import { audit } from '@restante/core/access/audit.ts'
import { findOrganization } from '@restante/core/directory/organizations.ts'
import { readPolicy, setPolicy } from '@restante/core/telling/policy.ts'
import { listThreads } from '@restante/core/telling/threads.ts'
import { adminRoute, json, readBody } from '../handler.ts'
import { problem } from '../problem.ts'
import { tellingPolicy } from '../schemas.ts'
import { tellingProblem } from '../telling-problem.ts'
import { withTitles } from './titles.ts'

export const dynamic = 'force-dynamic'

export const GET = adminRoute(async ({ person, scope, services: { db } }) => {
  const policy = scope.type === 'organization' ? await readPolicy(db, scope.id) : null
  return json({ policy, threads: withTitles(await listThreads(db, scope), person.locale) })
})

export const PATCH = adminRoute(async ({ request, person, scope, services: { db } }) => {
  const body = await readBody(tellingPolicy, request)
  if (!body.ok) return body.refusal
  const { organization, ...changes } = body.value
  if (scope.type === 'all' && !organization) return problem('bad-request', 'which organization?')
  if (scope.type === 'organization' && organization) {
    return problem('bad-request', 'your own organization needs no name')
  }
  try {
    const id = scope.type === 'organization' ? scope.id : (await findOrganization(db, organization ?? '')).id
    const policy = await setPolicy(db, id, changes)
    await audit(db, { organizationId: id, actor: person.address, action: 'telling.set', detail: changes })
    return json(policy)
  } catch (error) {
    return tellingProblem(error)
  }
})
