/**
 * A connection to the mail server of a domain by its MX records (RFC 5321 §5.1), the next one when a server
 * does not greet us properly.
 *
 * A domain that says in DNS that it does not exist, or takes no mail (null MX, RFC 7505), is a permanent
 * outcome; a DNS that does not answer is not. Addresses of private networks are refused: an MX record is
 * something that a stranger wrote. TLS is opportunistic (RFC 7435).
 */
import { Resolver } from 'node:dns/promises'
import type { BackendHost } from '@restante/core/directory/backends.ts'
import { classify, ourOutcome } from '@restante/core/outcome/classify.ts'
import type { Outcome } from '@restante/core/outcome/types.ts'
import mxConnect from 'mx-connect'
import { DELIVERY_TIMEOUTS, type Dialed, dial, type PeerError } from '../smtp/peer.ts'

export type MxOptions = {
  name: string
  dnsServers: readonly string[]
  /** For tests: another port than 25, and loopback allowed. */
  port?: number
  allowLocal?: boolean
}

/** Servers of one domain that are tried for one message. */
const MOST_SERVERS = 5
const CONNECT_TIMEOUT = 30_000

export type Resolve = (name: string, type: 'MX' | 'A' | 'AAAA' | 'TXT') => Promise<unknown[]>

/** Asks the name servers of the settings, or the system's. */
export function createResolve(dnsServers: readonly string[]): Resolve {
  const resolver = new Resolver({ timeout: 5_000, tries: 2 })
  if (dnsServers.length > 0) resolver.setServers(dnsServers)
  return async (name, type) => {
    switch (type) {
      case 'MX':
        return await resolver.resolveMx(name)
      case 'A':
        return await resolver.resolve4(name)
      case 'AAAA':
        return await resolver.resolve6(name)
      case 'TXT':
        return await resolver.resolveTxt(name)
      default:
        return type satisfies never
    }
  }
}

const NOT_FOUND = new Set(['ENOTFOUND', 'ENODATA'])

export async function dialDomain(
  domain: string,
  options: MxOptions,
  resolve: Resolve = createResolve(options.dnsServers),
): Promise<Dialed> {
  /** Which kinds of record the domain itself does not have. */
  const missing = new Set<string>()
  const tried: string[] = []
  let last: Outcome | null = null
  for (let server = 0; server < MOST_SERVERS; server++) {
    try {
      const connection = await mxConnect({
        target: domain,
        port: options.port ?? 25,
        maxConnectTime: CONNECT_TIMEOUT,
        ignoreMXHosts: tried,
        dnsOptions: {
          blockLocalAddresses: !options.allowLocal,
          blockReservedNetworks: !options.allowLocal,
          resolveRecords: async (name, type) => {
            try {
              return await resolve(name, type)
            } catch (error) {
              if (name === domain && NOT_FOUND.has((error as PeerError).code ?? '')) missing.add(type)
              throw error
            }
          },
        },
      })
      tried.push(connection.host)
      const host: BackendHost = {
        protocol: 'smtp',
        host: connection.host,
        port: connection.port,
        tls: 'opportunistic',
      }
      const dialed = await dial(host, {
        name: options.name,
        ...DELIVERY_TIMEOUTS,
        greetingTimeout: 60_000,
        socket: connection.socket,
        serverName: connection.hostname,
      })
      if (dialed.type === 'open') return dialed
      last = dialed.outcome
      if (last.phase === 'tls' || last.category === 'tls-fault') {
        // RFC 7435 §3: a handshake that fails is no reason to send nothing. The same server, in clear.
        const clear = await dial({ ...host, tls: 'none' }, { name: options.name, ...DELIVERY_TIMEOUTS })
        if (clear.type === 'open') return clear
      }
    } catch (error) {
      // All servers tried: what the last one said is the news.
      return { type: 'failed', outcome: last ?? outcomeOf(domain, error as PeerError, missing) }
    }
  }
  return {
    type: 'failed',
    outcome: last ?? ourOutcome('unreachable', false, `no server of ${domain} answers`),
  }
}

function outcomeOf(domain: string, error: PeerError, missing: ReadonlySet<string>): Outcome {
  if (error.code === 'ENULLMX') {
    const text = `${domain} takes no mail (null MX, RFC 7505)`
    return { ...ourOutcome('bad-domain', true, text, { phase: 'dns' }), code: 556, enhanced: '5.1.10' }
  }
  if (['MX', 'A', 'AAAA'].every(type => missing.has(type))) {
    return {
      ...ourOutcome('bad-domain', true, `${domain} does not exist in DNS`, { phase: 'dns' }),
      enhanced: '5.1.2',
    }
  }
  const phase = (error as { category?: string }).category === 'network' ? 'connect' : 'dns'
  const found = classify(error, { phase })
  return found.category === 'unknown'
    ? { ...found, category: phase === 'dns' ? 'dns-fault' : 'unreachable' }
    : found
}
