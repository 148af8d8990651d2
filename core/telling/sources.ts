/** What is the matter now, read from the rows: servers, periods, sending, destinations, what waits too long. */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import type { PeriodKind } from '../db/schema/outages.ts'
import { effectiveHealth } from '../queue/flow.ts'
import type { Kind, Matter } from './matters.ts'
import { DEFAULT_POLICY } from './policy.ts'

/** Subjects begin with these. */
export const QUICK = ['backend:', 'period:', 'sending:', 'destination:'] as const
export const SLOW = ['scanner:', 'queue:'] as const

/** A scan that has not come about for so long is none, in ms. */
const SCAN_PATIENCE = 5 * 60_000
/**
 * Mail that was let in with a mark because no engine answered (the domain's wish) is the matter when there are some
 * within this time, in ms; one alone was a hiccup.
 */
const UNSCANNED = { within: 15 * 60_000, since: 2 * 60_000, least: 3 } as const
const DAY = 86_400_000
const MOST = 500

/** Cheap to ask: every second or two. */
export async function quickMatters(db: Executor, now: Date): Promise<Matter[]> {
  return (await Promise.all([backends(db, now), periods(db, now), sending(db, now), destinations(db)])).flat()
}

/** Looks over what waits: twice a minute. */
export async function slowMatters(db: Executor, now: Date): Promise<Matter[]> {
  return (await Promise.all([scanner(db, now), unscanned(db, now), queueAge(db, now)])).flat()
}

async function backends(db: Executor, now: Date): Promise<Matter[]> {
  const rows = await db
    .selectFrom('incident')
    .innerJoin('backend', 'backend.id', 'incident.backend_id')
    .selectAll('backend')
    .select(['incident.id as incident_id', 'incident.opened_at'])
    .where('incident.closed_at', 'is', null)
    // What was planned is told of as such.
    .where('incident.period_id', 'is', null)
    .execute()
  return rows.map(row => {
    const health = effectiveHealth(row, now)
    const overridden = row.override !== null && !(row.override_until && row.override_until <= now)
    const guarded = !overridden && health === 'down' && row.machine.guard != null
    const kind: Kind = guarded ? 'guard' : health === 'degraded' ? 'access-down' : 'backend-down'
    return {
      subject: `backend:${row.id}`,
      kind,
      organizationId: row.organization_id,
      facts: {
        name: row.name,
        since: row.opened_at.toISOString(),
        cause: health === 'recovering' ? null : overridden ? 'override' : row.cause,
        reason: overridden ? row.override_reason : null,
        returning: health === 'recovering',
        backendId: row.id,
        incidentId: row.incident_id,
      },
    }
  })
}

async function periods(db: Executor, now: Date): Promise<Matter[]> {
  const rows = await db
    .selectFrom('period')
    .select(['id', 'organization_id', 'kind', 'name', 'reason', 'starts_at', 'ends_at', 'backend_id'])
    .where('closed_at', 'is', null)
    .where('starts_at', '<=', now)
    .where(({ eb, or }) => or([eb('ends_at', 'is', null), eb('ends_at', '>', now)]))
    .execute()
  return rows.map(row => ({
    subject: `period:${row.id}:${row.starts_at.getTime()}`,
    kind: row.kind satisfies PeriodKind,
    organizationId: row.organization_id,
    facts: {
      name: row.name,
      since: row.starts_at.toISOString(),
      until: row.ends_at?.toISOString() ?? null,
      reason: row.reason || null,
      periodId: row.id,
    },
  }))
}

async function sending(db: Executor, now: Date): Promise<Matter[]> {
  const rows = await db
    .selectFrom('unusual_sending')
    .innerJoin('person', 'person.id', 'unusual_sending.person_id')
    .select(['person.id', 'person.address', 'unusual_sending.organization_id', 'unusual_sending.first_at'])
    .where('seen_at', 'is', null)
    .where('last_at', '>', new Date(now.getTime() - DAY))
    .limit(MOST)
    .execute()
  return rows.map(row => ({
    subject: `sending:${row.id}`,
    kind: 'unusual-sending',
    organizationId: row.organization_id,
    facts: { name: row.address, since: row.first_at.toISOString() },
  }))
}

async function destinations(db: Executor): Promise<Matter[]> {
  const { rows } = await sql<{ organization_id: string; destination: string; since: Date }>`
    select organization_id, destination, since from destination_incident where closed_at is null
    order by since limit ${MOST}`.execute(db)
  return rows.map(row => ({
    subject: `destination:${row.organization_id}:${row.destination}`,
    kind: 'destination',
    organizationId: row.organization_id,
    // `*`: everything, by the organization's smarthost.
    facts: { name: row.destination === '*' ? 'smarthost' : row.destination, since: row.since.toISOString() },
  }))
}

async function scanner(db: Executor, now: Date): Promise<Matter[]> {
  const { count, since } = await db
    .selectFrom('delivery')
    .select([sql<number>`count(*)::int`.as('count'), sql<Date | null>`min(created_at)`.as('since')])
    .where('state', '=', 'held')
    .where('hold_reason', '=', 'scan')
    .where('created_at', '<', new Date(now.getTime() - SCAN_PATIENCE))
    .executeTakeFirstOrThrow()
  if (count === 0 || !since) return []
  return [
    {
      subject: 'scanner:installation',
      kind: 'scanner-down',
      organizationId: null,
      facts: { name: 'scan', since: since.toISOString(), count },
    },
  ]
}

/** What waits to be scanned is another matter (`scanner`); of what was put off nobody has a row. */
async function unscanned(db: Executor, now: Date): Promise<Matter[]> {
  const { rows } = await sql<{ count: number; since: Date | null }>`
    select count(*)::int as count, min(recent.received_at) as since
    from organization join lateral (
      select received_at from message where message.organization_id = organization.id
        and received_at > ${new Date(now.getTime() - UNSCANNED.within)}
        and scan @? ${UNANSWERED}::jsonpath
    ) recent on true`.execute(db)
  const [{ count, since } = { count: 0, since: null }] = rows
  if (count < UNSCANNED.least || !since || now.getTime() - since.getTime() < UNSCANNED.since) return []
  return [
    {
      subject: 'scanner:passed',
      kind: 'scanner-down',
      organizationId: null,
      facts: { name: 'scan', since: since.toISOString(), count, passed: true },
    },
  ]
}

/** A step of an engine that did not answer, in a message that was accepted and is not held for it. */
const UNANSWERED =
  '$.steps[*] ? ((@.step == "rspamd" || @.step == "spamd" || @.step == "clamd") && @.verdict == "mark" && (@.reason == "engine-down" || @.reason == "engine-garbage" || @.reason == "time-over"))'

/** What a server put off is its business; what waits for us is ours. */
async function queueAge(db: Executor, now: Date): Promise<Matter[]> {
  const { rows } = await sql<{ organization_id: string; count: number; since: Date }>`
    select delivery.organization_id, count(*)::int as count, min(delivery.created_at) as since
    from delivery join backend on backend.id = delivery.backend_id and backend.health = 'up'
      and backend.override is null
    left join telling_policy policy on policy.organization_id = delivery.organization_id
    where delivery.state = 'queued' and delivery.organization_id is not null
      and coalesce(policy.queue_minutes, ${DEFAULT_POLICY.queueMinutes}) > 0
      and delivery.created_at < ${now}::timestamptz
        - make_interval(mins => coalesce(policy.queue_minutes, ${DEFAULT_POLICY.queueMinutes}))
    group by delivery.organization_id`.execute(db)
  return rows.map(row => ({
    subject: `queue:${row.organization_id}`,
    kind: 'queue-age',
    organizationId: row.organization_id,
    facts: {
      name: 'queue',
      since: row.since.toISOString(),
      count: row.count,
      minutes: Math.floor((now.getTime() - row.since.getTime()) / 60_000),
    },
  }))
}
