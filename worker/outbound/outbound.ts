/**
 * Mail to the outside: through the organization's smarthosts in their order, or to the MX of the destination.
 *
 * Connections are kept for a few seconds, so that a run of mail to one place shares them. What a destination
 * says moves nobody's health; it is on the delivery.
 */
import { createHash } from 'node:crypto'
import { type BackendHost, loadSmarthosts } from '@restante/core/directory/backends.ts'
import type { Notifier } from '../deliver/attempt.ts'
import { attemptDelivery, type Way } from '../deliver/attempt.ts'
import { consume } from '../deliver/consumer.ts'
import { Courier } from '../deliver/courier.ts'
import type { Settler } from '../deliver/settler.ts'
import type { Services } from '../services.ts'
import { DELIVERY_TIMEOUTS, dial } from '../smtp/peer.ts'
import { createPool, type Pool } from '../smtp/pool.ts'
import { sendThrough } from '../smtp/route.ts'
import { dialDomain, type MxOptions } from './mx.ts'

export type Outbound = { close(deadline: number): Promise<void> }

/** Deliveries at a time, to all destinations together. */
const CONCURRENCY = 20
/** A route that nobody used for this long is forgotten, in ms. */
const FORGET = 120_000
/** How long an organization's smarthosts are remembered, in ms. */
const SMARTHOSTS_AGE = 5_000

type Route = { pool: Pool; usedAt: number; active: number }

export function startOutbound(
  services: Services,
  notifier: Notifier,
  settler: Settler,
  mx: Pick<MxOptions, 'port' | 'allowLocal'> = {},
): Outbound {
  const routes = new Map<string, Route>()
  const smarthosts = new Map<string, { hosts: BackendHost[]; readAt: number }>()
  let ending = false

  const sweep = setInterval(() => {
    for (const [key, route] of routes) {
      if (route.active > 0 || Date.now() - route.usedAt < FORGET) continue
      route.pool.close()
      routes.delete(key)
    }
  }, FORGET)
  sweep.unref()

  async function smarthostsOf(organizationId: string | null): Promise<BackendHost[]> {
    if (organizationId === null) return []
    const known = smarthosts.get(organizationId)
    if (known && Date.now() - known.readAt < SMARTHOSTS_AGE) return known.hosts
    const hosts = await loadSmarthosts(services.db, organizationId, services.sealKey)
    smarthosts.set(organizationId, { hosts, readAt: Date.now() })
    return hosts
  }

  async function routeFor(organizationId: string | null, destination: string): Promise<Route> {
    const hosts = await smarthostsOf(organizationId)
    // Keyed by what it leads to, password included: a smarthost that changes is another route.
    const key =
      hosts.length > 0
        ? createHash('sha256').update(JSON.stringify(hosts)).digest('hex')
        : `mx:${destination}`
    let route = routes.get(key)
    if (!route) {
      const domain: BackendHost = { protocol: 'smtp', host: destination, port: 25, tls: 'opportunistic' }
      const pool =
        hosts.length > 0
          ? createPool(hosts, host => dial(host, { name: services.hostname, ...DELIVERY_TIMEOUTS }))
          : createPool([domain], () =>
              dialDomain(destination, {
                ...mx,
                name: services.hostname,
                dnsServers: services.dnsServers,
              }),
            )
      route = { pool, usedAt: Date.now(), active: 0 }
      routes.set(key, route)
    }
    return route
  }

  const way: Way = {
    health: () => null,
    send: async (begun, mail, onOurFault) => {
      const route = await routeFor(begun.organizationId, begun.destination)
      route.active++
      try {
        return await sendThrough(route.pool, mail, onOurFault)
      } finally {
        route.active--
        route.usedAt = Date.now()
      }
    },
    heard: async () => {},
    ending: () => ending,
  }
  const courier = new Courier(
    services,
    {
      backendId: null,
      mayDial: () => true,
      carry: (begun, sent) => attemptDelivery(services, notifier, settler, begun, way, sent),
    },
    CONCURRENCY,
  )
  const consumer = consume(services, null, CONCURRENCY, (ids, backlog) => courier.take(ids, backlog))

  return {
    async close(deadline) {
      const cut = setTimeout(
        () => {
          ending = true
          for (const { pool } of routes.values()) pool.close()
        },
        Math.max(0, deadline - Date.now()),
      )
      clearInterval(sweep)
      await courier.stop()
      await consumer.close()
      await courier.close()
      clearTimeout(cut)
      for (const { pool } of routes.values()) pool.close()
    },
  }
}
