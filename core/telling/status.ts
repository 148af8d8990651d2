/**
 * What anybody may know of an organization that wants a public status page: how its domains are, since when, and the
 * outages of ninety days. No names of people, no causes, no servers.
 */
import type { Executor } from '../db/connection.ts'
import type { Health } from '../db/schema/directory.ts'
import { effectiveHealth } from '../queue/flow.ts'
import { SLUG } from './policy.ts'

export type DomainStatus = {
  domain: string
  state: Health | 'maintenance'
  /** ISO 8601; null: it is well. */
  since: string | null
}
export type Outage = { domains: string[]; from: string; to: string | null; planned: boolean }
export type Status = { name: string; domains: DomainStatus[]; outages: Outage[]; at: string }

export const DAYS = 90
const DAY = 86_400_000

/** @returns null when there is no such page */
export async function readStatus(db: Executor, slug: string, now: Date): Promise<Status | null> {
  if (!SLUG.test(slug)) return null
  const organization = await db
    .selectFrom('telling_policy')
    .innerJoin('organization', 'organization.id', 'telling_policy.organization_id')
    .select(['organization.id', 'organization.name'])
    .where('status_slug', '=', slug)
    .executeTakeFirst()
  if (!organization) return null
  const backends = await db
    .selectFrom('backend')
    .selectAll()
    .where('organization_id', '=', organization.id)
    .execute()
  const domains = await db
    .selectFrom('domain')
    .select(['id', 'name', 'backend_id'])
    .where('organization_id', '=', organization.id)
    .orderBy('name')
    .execute()
  const incidents = await db
    .selectFrom('incident')
    .innerJoin('backend', 'backend.id', 'incident.backend_id')
    .select(['incident.backend_id', 'opened_at', 'closed_at', 'period_id'])
    .where('backend.organization_id', '=', organization.id)
    .where(({ eb, or }) =>
      or([eb('closed_at', 'is', null), eb('closed_at', '>', new Date(now.getTime() - DAYS * DAY))]),
    )
    .orderBy('opened_at', 'desc')
    .limit(200)
    .execute()
  const periods = await db
    .selectFrom('period')
    .select(['backend_id', 'domain_id', 'starts_at'])
    .where('organization_id', '=', organization.id)
    .where('kind', '=', 'maintenance')
    .where('closed_at', 'is', null)
    .where('starts_at', '<=', now)
    .where('ends_at', '>', now)
    .execute()
  const named = (backendId: string) =>
    domains.filter(domain => domain.backend_id === backendId).map(domain => domain.name)
  return {
    name: organization.name,
    at: now.toISOString(),
    domains: domains.map(domain => {
      const period = periods.find(one => one.domain_id === domain.id || one.backend_id === domain.backend_id)
      const backend = backends.find(one => one.id === domain.backend_id)
      const health = backend ? effectiveHealth(backend, now) : 'up'
      const open = incidents.find(one => one.backend_id === domain.backend_id && one.closed_at === null)
      const planned = period && (health === 'up' || (open?.period_id ?? null) !== null)
      const since = planned ? period.starts_at : health === 'up' ? null : (open?.opened_at ?? null)
      return {
        domain: domain.name,
        state: planned ? 'maintenance' : health,
        since: since?.toISOString() ?? null,
      }
    }),
    outages: incidents
      .map(one => ({
        domains: named(one.backend_id),
        from: one.opened_at.toISOString(),
        to: one.closed_at?.toISOString() ?? null,
        planned: one.period_id !== null,
      }))
      .filter(one => one.domains.length > 0),
  }
}

/** On which of the last ninety days there was an outage that was not planned, the oldest first; days in UTC. */
export function outageDays(status: Pick<Status, 'outages' | 'at'>, domain: string): boolean[] {
  const today = Math.floor(Date.parse(status.at) / DAY)
  const mine = status.outages.filter(one => !one.planned && one.domains.includes(domain))
  return Array.from({ length: DAYS }, (_, index) => {
    const from = (today - DAYS + 1 + index) * DAY
    return mine.some(one => Date.parse(one.from) < from + DAY && Date.parse(one.to ?? status.at) >= from)
  })
}
