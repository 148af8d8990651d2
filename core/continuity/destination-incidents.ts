/**
 * Incidents of places outside, as rows: looked for by the worker (destination-rules.ts decides), one at a time for
 * an organization and a place. An organization that sends through a smarthost has one place, `*`: whatever the
 * smarthost does not take waits, whomever it is for.
 *
 * Two workers may look at once: the unique index lets one of them open, the update lets one of them close, and
 * only that one is told that it did. Killed in between: the next look finds the same.
 */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import { newId } from '../db/id.ts'
import type { Row } from '../db/schema.ts'
import type { Category } from '../outcome/types.ts'
import { type Scope, within } from '../queue/scope.ts'
import { ABOUT_THE_PLACE, type PlaceSeen, stepOf } from './destination-rules.ts'

export const ALL_PLACES = '*'

export type DestinationIncident = {
  id: string
  organizationId: string
  /** A domain, or `*`. */
  destination: string
  since: Date
  openedAt: Date
  closedAt: Date | null
  ending: 'accepted' | 'nothing-left' | null
  category: Category
  host: string | null
  detail: string | null
  messages: number
  people: number
  others: boolean
}

/** What came of a look: an incident that begins or is over. */
export type IncidentNews = { type: 'opened' | 'closed'; incident: DestinationIncident }

type Seen = PlaceSeen & {
  organization_id: string
  place: string
  category: string
  host: string | null
  detail: string | null
  others: boolean
}

/** One look at all that goes out. */
export async function lookAtDestinations(db: Executor, now: Date): Promise<IncidentNews[]> {
  const [seen, open] = [await whatWaits(db), await openIncidents(db)]
  const key = (organizationId: string, place: string) => `${organizationId} ${place}`
  const byPlace = new Map(seen.map(one => [key(one.organization_id, one.place), one]))
  const news: IncidentNews[] = []
  for (const { last_accepted, ...incident } of open) {
    const at = key(incident.organization_id, incident.destination)
    const found = byPlace.get(at) ?? null
    byPlace.delete(at)
    const step = stepOf(found, { openedAt: incident.opened_at, lastAccepted: last_accepted }, now)
    if (step === 'join' && found) await join(db, incident, found)
    else if (step !== 'none') {
      const closed = await close(
        db,
        incident.id,
        step === 'close-accepted' ? 'accepted' : 'nothing-left',
        now,
      )
      if (closed) news.push({ type: 'closed', incident: viewOf(closed) })
    }
  }
  for (const found of byPlace.values()) {
    if (stepOf(found, null, now) !== 'open') continue
    const opened = await openOne(db, found, now)
    if (opened) news.push({ type: 'opened', incident: viewOf(opened) })
  }
  return news
}

async function whatWaits(db: Executor): Promise<Seen[]> {
  const { rows } = await sql<Seen>`
    with waiting as materialized (
      select delivery.organization_id, delivery.created_at, delivery.last_attempt_at, delivery.outcome,
        message.sender, case when organization.smarthosts is null then delivery.destination else ${ALL_PLACES} end as place
      from delivery join organization on organization.id = delivery.organization_id
        join message on message.id = delivery.message_id
      where delivery.backend_id is null and delivery.state in ('queued', 'deferred')
        and delivery.outcome->>'category' = any(${[...ABOUT_THE_PLACE]})
        and not coalesce((delivery.outcome->>'permanent')::boolean, false)
    ), place as (
      select organization_id, place, ${lastAccepted} as accepted
      from (select distinct organization_id, place from waiting) as place
    ), seen as (
      select waiting.organization_id, waiting.place, count(*)::int as messages,
        count(distinct lower(waiting.sender))::int as people,
        greatest(min(waiting.created_at), max(place.accepted)) as since,
        mode() within group (order by waiting.outcome->>'category') as category,
        mode() within group (order by waiting.outcome->>'host') as host,
        (array_agg(waiting.outcome->>'text' order by waiting.last_attempt_at desc))[1] as detail
      from waiting join place using (organization_id, place)
      where place.accepted is null or waiting.last_attempt_at > place.accepted
      group by 1, 2
    )
    select seen.*, exists (select from delivery where backend_id is null and state = 'delivered'
      and organization_id = seen.organization_id and settled_at > seen.since
      and destination <> seen.place) as others
    from seen`.execute(db)
  return rows
}

/** SQL for when a place last took something, for a statement in which `place` is in scope. */
const lastAccepted = sql<Date | null>`(case when place.place = ${ALL_PLACES}
  then (select max(settled_at) from delivery where backend_id is null and state = 'delivered'
    and organization_id = place.organization_id)
  else (select max(settled_at) from delivery where backend_id is null and state = 'delivered'
    and organization_id = place.organization_id and destination = place.place) end)`

type OpenRow = Row<'destination_incident'> & { last_accepted: Date | null }

async function openIncidents(db: Executor): Promise<OpenRow[]> {
  const { rows } = await sql<OpenRow>`
    select incident.*, ${lastAccepted} as last_accepted
    from destination_incident as incident
      cross join lateral (select incident.organization_id, incident.destination as place) as place
    where incident.closed_at is null`.execute(db)
  return rows
}

async function openOne(
  db: Executor,
  seen: Seen,
  now: Date,
): Promise<Row<'destination_incident'> | undefined> {
  return await db
    .insertInto('destination_incident')
    .values({
      id: newId(),
      organization_id: seen.organization_id,
      destination: seen.place,
      since: seen.since,
      opened_at: now,
      closed_at: null,
      ending: null,
      category: seen.category,
      host: seen.host,
      detail: seen.detail,
      messages: seen.messages,
      people: seen.people,
      others: seen.others,
    })
    .onConflict(conflict => conflict.doNothing())
    .returningAll()
    .executeTakeFirst()
}

async function join(db: Executor, incident: Row<'destination_incident'>, seen: Seen): Promise<void> {
  const messages = Math.max(incident.messages, seen.messages)
  const people = Math.max(incident.people, seen.people)
  const others = incident.others || seen.others
  const { category, host, detail } = seen
  const same =
    messages === incident.messages &&
    people === incident.people &&
    others === incident.others &&
    category === incident.category &&
    detail === incident.detail
  if (same) return
  await db
    .updateTable('destination_incident')
    .set({ messages, people, others, category, host, detail })
    .where('id', '=', incident.id)
    .where('closed_at', 'is', null)
    .execute()
}

async function close(
  db: Executor,
  id: string,
  ending: 'accepted' | 'nothing-left',
  now: Date,
): Promise<Row<'destination_incident'> | undefined> {
  return await db
    .updateTable('destination_incident')
    .set({ closed_at: now, ending })
    .where('id', '=', id)
    .where('closed_at', 'is', null)
    .returningAll()
    .executeTakeFirst()
}

/** Open ones first, then the latest. */
export async function listDestinationIncidents(
  db: Executor,
  scope: Scope,
  { limit = 20, open = false }: { limit?: number; open?: boolean } = {},
): Promise<DestinationIncident[]> {
  let query = db
    .selectFrom('destination_incident')
    .selectAll()
    .where(within(scope, 'destination_incident.organization_id'))
    .orderBy(sql`closed_at is not null`)
    .orderBy('opened_at', 'desc')
    .limit(limit)
  if (open) query = query.where('closed_at', 'is', null)
  return (await query.execute()).map(viewOf)
}

/** Closed ones from before a time. */
export async function forgetDestinationIncidents(db: Executor, before: Date): Promise<void> {
  await db.deleteFrom('destination_incident').where('closed_at', '<', before).execute()
}

const viewOf = (row: Row<'destination_incident'>): DestinationIncident => ({
  id: row.id,
  organizationId: row.organization_id,
  destination: row.destination,
  since: row.since,
  openedAt: row.opened_at,
  closedAt: row.closed_at,
  ending: row.ending,
  category: row.category as Category,
  host: row.host,
  detail: row.detail,
  messages: row.messages,
  people: row.people,
  others: row.others,
})
