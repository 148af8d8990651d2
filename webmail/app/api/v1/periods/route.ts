/** GET, POST /api/v1/periods: maintenance windows, drills, and overrides for a domain or for chosen people. */
import { audit } from '@restante/core/access/audit.ts'
import { readSchedule } from '@restante/core/continuity/period-schedule.ts'
import { findTarget } from '@restante/core/continuity/period-target.ts'
import { addPeriod, listPeriods } from '@restante/core/continuity/periods.ts'
import { adminRoute, json, readBody, readQuery } from '../handler.ts'
import { problem } from '../problem.ts'
import { newPeriod, periodQuery } from '../schemas.ts'

export const dynamic = 'force-dynamic'

export const GET = adminRoute(async ({ url, scope, services: { db } }) => {
  const query = readQuery(periodQuery, url)
  if (!query.ok) return query.refusal
  return json({ items: await listPeriods(db, scope, query.value, new Date()) })
})

export const POST = adminRoute(async ({ request, person, scope, services: { db } }) => {
  const body = await readBody(newPeriod, request)
  if (!body.ok) return body.refusal
  const { kind, backend, domain, people, mail, reason, minutes, ...schedule } = body.value
  const given = [backend, domain, people].filter(one => one !== undefined)
  if (given.length !== 1) return problem('bad-request', 'one of backend, domain, people is needed')
  if (minutes === null && kind !== 'override') return problem('bad-request', 'it must last so many minutes')
  if (kind === 'override' && backend) return problem('bad-request', 'a backend has an override of its own')
  if (kind === 'drill' && (mail === 'hold' || backend)) {
    return problem('bad-request', 'a drill is for people or a domain, and holds no mail')
  }
  const now = new Date()
  const when = readSchedule({ ...schedule, minutes }, now)
  if ('refused' in when) return problem('bad-request', when.refused)
  const target = await findTarget(
    db,
    scope,
    backend ? { backend } : domain ? { domain } : { people: people ?? [] },
  )
  if ('refused' in target) return problem('bad-request', target.refused)
  const period = await addPeriod(db, { kind, target, mail, reason, by: person.address, ...when }, now)
  if (!period) return problem('bad-request', 'it would be over already')
  await audit(db, {
    organizationId: period.organizationId,
    actor: person.address,
    action: `${kind}.add`,
    target: period.id,
    detail: { name: period.name, startsAt: period.startsAt, endsAt: period.endsAt, reason: period.reason },
  })
  return json(period)
})
