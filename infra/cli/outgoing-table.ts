/** What goes out and waits, as tables: by destination and age as qshape(1) has it, by reason, by sender. */
import {
  ALL_PLACES,
  type DestinationIncident,
  listDestinationIncidents,
} from '@restante/core/continuity/destination-incidents.ts'
import type { Db } from '@restante/core/db/connection.ts'
import { type Outgoing, readOutgoing } from '@restante/core/queue/outgoing.ts'
import { AGES } from '@restante/core/queue/outgoing-ages.ts'
import type { Scope } from '@restante/core/queue/scope.ts'
import type { Result } from './context.ts'
import { short, table } from './table.ts'
import { age, when } from './time.ts'

export async function outgoing(db: Db, scope: Scope, now: Date): Promise<Result> {
  const found = await readOutgoing(db, scope, now)
  const incidents = await listDestinationIncidents(db, scope, { open: true })
  return { data: { ...found, incidents }, text: outgoingText(found, incidents, now) }
}

function outgoingText(found: Outgoing, incidents: readonly DestinationIncident[], now: Date): string {
  if (found.total === 0) return 'no outgoing mail waits'
  const parts = incidents.length > 0 ? [incidents.map(one => incidentLine(one, now)).join('\n')] : []
  parts.push(
    table(
      [{ destination: 'all', total: found.total, ages: found.ages }, ...found.destinations],
      [
        { title: 'DESTINATION', value: row => row.destination },
        { title: 'ALL', value: row => row.total, right: true },
        ...[...AGES.map(String), `${AGES.at(-1)}+`].map((title, column) => ({
          title,
          value: (row: { ages: number[] }) => row.ages[column] ?? 0,
          right: true,
        })),
      ],
    ),
    table(found.reasons, [
      { title: 'REASON', value: row => row.category ?? 'not tried yet' },
      { title: 'ALL', value: row => row.total, right: true },
      { title: 'DESTINATIONS', value: row => row.destinations, right: true },
      { title: 'OLDEST', value: row => age(row.oldest, now), right: true },
    ]),
    table(found.senders, [
      { title: 'SENDER', value: row => short(row.sender || '<>', 50) },
      { title: 'ALL', value: row => row.total, right: true },
      { title: 'DESTINATIONS', value: row => row.destinations, right: true },
      { title: 'OLDEST', value: row => age(row.oldest, now), right: true },
    ]),
  )
  return parts.join('\n\n')
}

/** "mail to example.org has been waiting since 10:02: 34 messages of 12 people, timed-out; others unaffected" */
export function incidentLine(incident: DestinationIncident, now: Date): string {
  const { destination, messages, people, category, closedAt, ending } = incident
  const what = destination === ALL_PLACES ? 'all outgoing mail (by the smarthost)' : `mail to ${destination}`
  const count = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`
  return [
    `${what} ${closedAt ? 'was' : 'has been'} waiting since ${when(incident.since, now)}: `,
    `${count(messages, 'message', 'messages')} of ${count(people, 'person', 'people')}, ${category}`,
    incident.others ? '; others unaffected' : '',
    closedAt
      ? `; over ${when(closedAt, now)}, ${ending === 'accepted' ? 'it is accepted again' : 'nothing is left to send'}`
      : '',
  ].join('')
}
