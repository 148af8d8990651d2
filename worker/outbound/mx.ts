/**
 * A connection to the mail server of a domain by its MX records (RFC 5321 §5.1), the next one when a server
 * does not greet us properly.
 *
 * A domain that says in DNS that it does not exist, or takes no mail (null MX, RFC 7505), is a permanent
 * outcome; a DNS that does not answer is not. Addresses of private networks are refused: an MX record is
 * something that a stranger wrote. TLS is opportunistic (RFC 7435), unless the domain asks for more (proof.ts);
 * then what can't be proved is not sent, and tried again later.
 */
import type { BackendHost } from '@restante/core/directory/backends.ts'
import type { Dns, Tlsa } from '@restante/core/dns/dns.ts'
import { classify, ourOutcome } from '@restante/core/outcome/classify.ts'
import type { Outcome } from '@restante/core/outcome/types.ts'
import mxConnect, { type MxConnection } from 'mx-connect'
import { DELIVERY_TIMEOUTS, type Dialed, dial, type Peer, type PeerError } from '../smtp/peer.ts'
import { allows, type MtaSts, type StsPolicy } from './mta-sts.ts'
import { proofFor } from './proof.ts'

export type MxOptions = {
  name: string
  dns: Pick<Dns, 'question'>
  /** Absent: no policies are looked for. */
  sts?: MtaSts
  /** For tests: another port than 25, loopback allowed, another authority than the system's. */
  port?: number
  allowLocal?: boolean
  ca?: string
}

/** Servers of one domain that are tried for one message. */
const MOST_SERVERS = 5
const CONNECT_TIMEOUT = 30_000

const NOT_FOUND = new Set(['ENOTFOUND', 'ENODATA'])

export async function dialDomain(domain: string, options: MxOptions): Promise<Dialed> {
  const policy = (await options.sts?.policyOf(domain)) ?? null
  /** Which kinds of record the domain itself does not have. */
  const missing = new Set<string>()
  const tried: string[] = []
  let last: Outcome | null = null
  for (let server = 0; server < MOST_SERVERS; server++) {
    try {
      const connection = await connect(domain, policy, tried, missing, options)
      tried.push(connection.host)
      const dialed = await greet(domain, connection, policy, options)
      if (dialed.type === 'open' && isUs(dialed.peer, options.name)) {
        dialed.peer.close()
        return { type: 'failed', outcome: last ?? loopOf(domain, options.name) }
      }
      if (dialed.type === 'open') return dialed
      last = dialed.outcome
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

async function connect(
  domain: string,
  policy: StsPolicy | null,
  tried: readonly string[],
  missing: Set<string>,
  { dns, port = 25, allowLocal }: MxOptions,
): Promise<MxConnection> {
  let authenticMx = false
  return await mxConnect({
    target: domain,
    port,
    maxConnectTime: CONNECT_TIMEOUT,
    ignoreMXHosts: [...tried],
    dnsOptions: {
      blockLocalAddresses: !allowLocal,
      blockReservedNetworks: !allowLocal,
      resolveRecords: async (name, type) => {
        try {
          const { records, authentic } = await dns.question(name, type)
          if (type !== 'MX') return records
          authenticMx = authentic
          return allowed(domain, policy, records as Exchange[])
        } catch (error) {
          if (name === domain && NOT_FOUND.has((error as PeerError).code ?? '')) missing.add(type)
          throw error
        }
      },
    },
    dane: {
      enabled: true,
      // RFC 7672 §2.2: only what is authentic from the MX records on says anything.
      checkDnssecSecure: async host => ({ secure: authenticMx && (await isAuthentic(dns, host)) }),
      resolveTlsa: async name => {
        const { records, authentic } = await dns.question(name, 'TLSA')
        return authentic ? (records as Tlsa[]) : []
      },
    },
  })
}

/** RFC 5321 §5.1: what its MX gives to us goes no further, and never to a server that comes after us. */
const isUs = (peer: Peer, name: string) => peer.called.toLowerCase() === name.toLowerCase()

function loopOf(domain: string, name: string): Outcome {
  const text = `mail for ${domain} loops back to us: its MX leads to ${name}`
  return { ...ourOutcome('loop', true, text, { phase: 'ehlo', host: name }), enhanced: '5.4.6' }
}

type Exchange = { exchange: string; priority: number }

/** RFC 8461 §4.1: servers that the policy does not name get no mail. @throws when none is left */
function allowed(domain: string, policy: StsPolicy | null, records: Exchange[]): Exchange[] {
  if (policy?.mode !== 'enforce') return records
  const left = records.filter(({ exchange }) => allows(policy, exchange))
  if (left.length === 0 && records.length > 0) {
    throw Object.assign(new Error(`no mail server of ${domain} is in its MTA-STS policy`), { code: 'ETLS' })
  }
  return left
}

async function isAuthentic(dns: Pick<Dns, 'question'>, host: string): Promise<boolean> {
  for (const type of ['A', 'AAAA'] as const) {
    try {
      return (await dns.question(host, type)).authentic
    } catch (error) {
      if (!NOT_FOUND.has((error as PeerError).code ?? '')) throw error
    }
  }
  return false
}

async function greet(
  domain: string,
  connection: MxConnection,
  policy: StsPolicy | null,
  options: MxOptions,
): Promise<Dialed> {
  const proof = proofFor(domain, connection.hostname, connection.tlsaRecords ?? [], policy, options.ca)
  const host: BackendHost = {
    protocol: 'smtp',
    host: connection.host,
    port: connection.port,
    tls: proof ? 'required' : 'opportunistic',
  }
  const as = { name: options.name, ...DELIVERY_TIMEOUTS, serverName: connection.hostname }
  const dialed = await dial(host, {
    ...as,
    greetingTimeout: 60_000,
    socket: connection.socket,
    ...(proof && { proof }),
  })
  const failedTls =
    dialed.type === 'failed' && (dialed.outcome.phase === 'tls' || dialed.outcome.category === 'tls-fault')
  // RFC 7435 §3: a handshake that fails is no reason to send nothing. The same server, in clear.
  return failedTls && !proof ? await dial({ ...host, tls: 'none' }, as) : dialed
}

function outcomeOf(domain: string, error: PeerError, missing: ReadonlySet<string>): Outcome {
  if (error.code === 'ENULLMX') {
    const text = `${domain} takes no mail (null MX, RFC 7505)`
    return { ...ourOutcome('bad-domain', true, text, { phase: 'dns' }), code: 556, enhanced: '5.1.10' }
  }
  if (error.code === 'ETLS') return classify(error, { phase: 'tls' })
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
