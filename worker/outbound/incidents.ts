/**
 * Looks for destinations outside that are sick, before the customers do (core/continuity/destination-incidents.ts),
 * and says so once at the beginning and once at the end.
 */

import { audit } from '@restante/core/access/audit.ts'
import {
  type DestinationIncident,
  forgetDestinationIncidents,
  type IncidentNews,
  lookAtDestinations,
} from '@restante/core/continuity/destination-incidents.ts'
import { DAY } from '@restante/core/continuity/retry.ts'
import { counter } from '@restante/core/observe/metrics.ts'
import { forgetSuppressed } from '@restante/core/queue/suppression.ts'
import { type Loop, loop } from '../loop.ts'
import type { Services } from '../services.ts'

const EVERY = 10_000
/** Closed incidents are kept for this long, in ms. */
const KEPT = 180 * DAY

const incidents = counter('destination_incidents_total', 'Incidents of places outside, by what happened.', [
  'event',
])

export function startIncidents(services: Pick<Services, 'db' | 'log'>): Loop {
  const { db, log } = services
  return loop('destination-incidents', EVERY, log, async () => {
    const now = new Date()
    for (const news of await lookAtDestinations(db, now)) await announce(services, news)
    await forgetDestinationIncidents(db, new Date(now.getTime() - KEPT))
    await forgetSuppressed(db, now)
  })
}

/** For the log and the record; core/telling reads the rows themselves, and tells admins. */
async function announce({ db, log }: Pick<Services, 'db' | 'log'>, news: IncidentNews): Promise<void> {
  const { type, incident } = news
  incidents.inc({ event: type })
  log.warn({ event: `destination.${type}`, ...told(incident) })
  await audit(db, {
    organizationId: incident.organizationId,
    actor: 'gateway',
    action: `destination.${type}`,
    target: incident.destination,
    detail: told(incident),
  })
}

const told = ({
  id,
  destination,
  since,
  category,
  messages,
  people,
  others,
  ending,
}: DestinationIncident) => ({
  incident: id,
  destination,
  since: since.toISOString(),
  category,
  messages,
  people,
  others,
  ...(ending && { ending }),
})
