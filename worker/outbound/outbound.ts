/**
 * Mail to the outside: through the organization's smarthosts in their order, or to the MX of the destination.
 *
 * One queue brings all of it; each destination has a courier of its own (destination.ts). A job ends as soon as its
 * deliveries are with their couriers, so that those of a slow place don't stand before the others in the queue
 * either; the rows say what is left to do, and the reconciler names it again if this process is killed.
 */
import { createHash } from 'node:crypto'
import { type BackendHost, loadSmarthosts } from '@restante/core/directory/backends.ts'
import { rewritingKey } from '@restante/core/directory/rewriting.ts'
import { createDns } from '@restante/core/dns/dns.ts'
import { gauge } from '@restante/core/observe/metrics.ts'
import type { Outcome } from '@restante/core/outcome/types.ts'
import { type Begun, beginMany, giveBack, type Takers } from '@restante/core/queue/attempts.ts'
import { openWay } from '@restante/core/queue/reroute.ts'
import type { Notifier } from '../deliver/attempt.ts'
import { consume } from '../deliver/consumer.ts'
import type { Settler } from '../deliver/settler.ts'
import { together } from '../deliver/together.ts'
import type { Services } from '../services.ts'
import { DELIVERY_TIMEOUTS, dial } from '../smtp/peer.ts'
import { createPool, type Pool } from '../smtp/pool.ts'
import type { Mail } from '../smtp/transaction.ts'
import { inMemory } from './content.ts'
import { Destination } from './destination.ts'
import { createMtaSts } from './mta-sts.ts'
import { dialDomain, type MxOptions } from './mx.ts'
import { dialPublic } from './public-host.ts'
import { sentOn } from './sent-on.ts'
import { inSevenBits } from './seven-bits.ts'
import { createSigner } from './sign.ts'

type Way = { hosts: readonly BackendHost[]; publicOnly: boolean }
type Row = { id: string; organization_id: string | null; destination: string; way: string | null }

export type Outbound = Takers & { close(deadline: number): Promise<void> }

/** Jobs at a time: each ends when its deliveries are handed on. */
const JOBS = 5
/** Deliveries under way to all destinations together, shared among them; each has two in any case. */
const MOST_AT_ONCE = 400
const LEAST = 2
/** A destination that nobody used for this long is forgotten, in ms. */
const FORGET = 120_000
/** How long an organization's smarthosts are remembered, in ms. */
const SMARTHOSTS_AGE = 5_000

/** For tests: another port than 25, loopback allowed, another authority, another port than 443. */
export type OutboundOptions = Pick<MxOptions, 'port' | 'allowLocal' | 'ca'> & {
  policyPort?: number
  trustDnssec?: boolean
}

const destinationsNow = gauge('outbound_destinations', 'Destinations outside that mail is going out to.')

export function startOutbound(
  services: Services,
  notifier: Notifier,
  settler: Settler,
  options: OutboundOptions = {},
): Outbound {
  const { db, log } = services
  const { policyPort, trustDnssec, ...reach } = options
  const dns = createDns({
    servers: services.dnsServers,
    ...(trustDnssec !== undefined && { trusted: trustDnssec }),
  })
  const sts = createMtaSts({ dns, db, log, ...reach, ...(policyPort !== undefined && { port: policyPort }) })
  const signer = createSigner(services)
  const rewriting = rewritingKey(services.sealKey)
  const destinations = new Map<string, Destination>()
  const smarthosts = new Map<string, { hosts: BackendHost[]; readAt: number }>()
  const closing: Promise<void>[] = []
  let closed = false

  const share = () => Math.max(LEAST, Math.floor(MOST_AT_ONCE / Math.max(1, destinations.size)))
  const counted = () => {
    destinationsNow.set(destinations.size)
    for (const destination of destinations.values()) destination.resize()
  }
  const sweep = setInterval(() => {
    for (const [key, destination] of destinations) {
      if (!destination.idle || Date.now() - destination.usedAt < FORGET) continue
      destinations.delete(key)
      closing.push(destination.close(Date.now()))
    }
    counted()
  }, FORGET)
  sweep.unref()

  async function smarthostsOf(organizationId: string | null): Promise<BackendHost[]> {
    if (organizationId === null) return []
    const known = smarthosts.get(organizationId)
    if (known && Date.now() - known.readAt < SMARTHOSTS_AGE) return known.hosts
    const hosts = await loadSmarthosts(db, organizationId, services.sealKey)
    smarthosts.set(organizationId, { hosts, readAt: Date.now() })
    return hosts
  }

  function poolFor({ hosts, publicOnly }: Way, domain: string): Pool {
    const name = services.hostname
    const options = { name, ...DELIVERY_TIMEOUTS }
    if (publicOnly) return createPool(hosts, host => dialPublic(host, options, { ...reach, dns }))
    if (hosts.length > 0) return createPool(hosts, host => dial(host, options))
    const place: BackendHost = { protocol: 'smtp', host: domain, port: 25, tls: 'opportunistic' }
    return createPool([place], () => dialDomain(domain, { ...reach, name, dns, sts }))
  }

  /** No hosts: to the MX. */
  async function wayOf(row: { organization_id: string | null; way: string | null }): Promise<Way> {
    const way = openWay(row.way, services.sealKey)
    if (way === 'usual') return { hosts: await smarthostsOf(row.organization_id), publicOnly: false }
    return way === 'mx' ? { hosts: [], publicOnly: false } : way
  }

  async function prepare(mail: Mail, begun: Begun): Promise<Mail | Outcome> {
    const rewritten = await sentOn(await inMemory(mail), begun, {
      directory: services.directory(),
      key: rewriting,
      now: new Date(),
    })
    return 'category' in rewritten ? rewritten : await signer.sign(await inSevenBits(rewritten))
  }

  async function destinationFor(row: Omit<Row, 'id'>): Promise<Destination> {
    const { destination: domain } = row
    const way = await wayOf(row)
    const key = keyOf(way, domain)
    let found = destinations.get(key)
    if (!found) {
      found = new Destination({
        services,
        notifier,
        settler,
        pool: poolFor(way, domain),
        begin,
        prepare,
        share,
      })
      destinations.set(key, found)
      counted()
    }
    return found
  }

  const begin = together(
    ids => beginMany(db, ids, new Date(), services.workerNumber()),
    (begun: Begun) => begun.deliveryId,
  )
  const rowsOf = together(
    ids =>
      db
        .selectFrom('delivery')
        .select(['id', 'organization_id', 'destination', 'way'])
        .where('id', 'in', [...ids])
        .where('backend_id', 'is', null)
        .orderBy('id')
        .execute(),
    (row: Row) => row.id,
  )

  async function handOn(ids: readonly string[], backlog: boolean): Promise<void> {
    const rows = await rowsOf(ids)
    const groups = Map.groupBy(rows, row => `${row.organization_id} ${row.destination} ${row.way}`)
    for (const [first, ...more] of groups.values()) {
      if (!first) continue
      const all = [first, ...more].map(row => row.id)
      const failed = (error: unknown) => log.error({ event: 'delivery.job-failed', deliveries: all, error })
      try {
        const destination = await destinationFor(first)
        void destination.take(all, backlog).catch(failed)
      } catch (error) {
        // Its way can't be read: nobody else's has to wait for that.
        failed(error)
      }
    }
  }
  const consumer = consume(services, null, JOBS, handOn)

  /** What nobody carries waits again; should that fail, its lease ends by time. */
  const back = (begun: readonly Begun[]) =>
    giveBack(db, begun).catch(error => log.warn({ event: 'delivery.step-failed', step: 'give-back', error }))

  async function takeNew([first, ...more]: readonly Begun[]): Promise<void> {
    if (!first) return
    const all = [first, ...more]
    const { organizationId: organization_id, destination } = first
    try {
      const found = await destinationFor({ organization_id, destination, way: null })
      if (closed) await back(all)
      else found.takeBegun(all)
    } catch (error) {
      log.error({ event: 'delivery.job-failed', deliveries: all.map(one => one.deliveryId), error })
      await back(all)
    }
  }

  return {
    numberFor({ organizationId, destination }) {
      const hosts = (organizationId && smarthosts.get(organizationId)?.hosts) || []
      const known = destinations.get(keyOf({ hosts, publicOnly: false }, destination))
      if (known) return known.numberForNew
      return !closed && services.recorder.ready ? services.workerNumber() : null
    },
    take(begun) {
      for (const group of Map.groupBy(begun, placeOf).values()) void takeNew(group)
    },
    async close(deadline) {
      closed = true
      clearInterval(sweep)
      await consumer.close()
      await Promise.all([...[...destinations.values()].map(one => one.close(deadline)), ...closing])
    },
  }
}

/** By what it leads to, password included: a smarthost that changes is another destination. */
function keyOf(way: Way, domain: string): string {
  if (way.hosts.length === 0) return `mx:${domain}`
  return createHash('sha256').update(JSON.stringify(way)).digest('hex')
}

const placeOf = ({ organizationId, destination }: Begun) => `${organizationId} ${destination}`
