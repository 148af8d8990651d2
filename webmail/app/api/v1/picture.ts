/** What the admin page shows, read for one scope: the overview with hosts, outlooks and incidents. */
import { type Outlook, outlook } from '@restante/core/continuity/outlook.ts'
import { describeHost, listBackends } from '@restante/core/directory/backends.ts'
import { type BackendOverview, type Overview, readOverview } from '@restante/core/queue/overview.ts'
import { type Incident, listIncidents } from '@restante/core/queue/overview-story.ts'
import type { Scope } from '@restante/core/queue/scope.ts'
import type { Services } from '../../../server/services.ts'

export type LiveBackend = BackendOverview & {
  /** In order of preference, without passwords. */
  hosts: string[]
  outlook: Outlook
}
export type Live = Omit<Overview, 'backends'> & { backends: LiveBackend[]; incidents: Incident[] }

/** As JSON carries it: times are texts. */
export type Wire<T> = T extends Date
  ? string
  : T extends (infer U)[]
    ? Wire<U>[]
    : T extends object
      ? { [K in keyof T]: Wire<T[K]> }
      : T

/** Incidents shown at once. */
const INCIDENTS = 6

export async function readLive(services: Services, scope: Scope, now: Date): Promise<Live> {
  const { db } = services
  const [overview, incidents, hosts] = await Promise.all([
    readOverview(db, scope, now),
    listIncidents(db, scope, { limit: INCIDENTS }),
    hostsOf(services, scope),
  ])
  return {
    ...overview,
    backends: overview.backends.map(backend => ({
      ...backend,
      hosts: hosts.get(backend.id) ?? [],
      outlook: outlook(
        {
          health: backend.health,
          waiting: backend.depth.total,
          heldByAdmin: backend.heldBy.admin + backend.heldBy.guard + backend.heldBy.period,
          rates: backend.rates,
          pace: backend.pace,
        },
        now,
      ),
    })),
    incidents,
  }
}

/** By backend id. Hosts sealed with another secret are left out rather than taking the page down. */
async function hostsOf(services: Services, scope: Scope): Promise<Map<string, string[]>> {
  try {
    const backends = await listBackends(
      services.db,
      services.sealKey,
      scope.type === 'organization' ? scope.id : undefined,
    )
    return new Map(backends.map(backend => [backend.id, backend.hosts.map(describeHost)]))
  } catch (error) {
    services.log.warn({ event: 'admin.hosts-unreadable', error })
    return new Map()
  }
}
