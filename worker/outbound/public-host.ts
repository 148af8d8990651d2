/**
 * A host that an organization's admin named for a delivery (core/queue/reroute.ts): its name is looked up here, and
 * private addresses are refused, so that nobody reaches into the installation's own network by it.
 */
import { isIP } from 'node:net'
import { PRIVATE_NETWORKS } from '@restante/core/config/networks.ts'
import type { BackendHost } from '@restante/core/directory/backends.ts'
import type { Dns } from '@restante/core/dns/dns.ts'
import { classify, ourOutcome } from '@restante/core/outcome/classify.ts'
import { type Dialed, type DialOptions, dial, type PeerError } from '../smtp/peer.ts'

export async function dialPublic(
  host: BackendHost,
  options: DialOptions,
  { dns, allowLocal }: { dns: Pick<Dns, 'question'>; allowLocal?: boolean },
): Promise<Dialed> {
  const found = isIP(host.host) ? [host.host] : await addressesOf(host.host, dns)
  if (found instanceof Error)
    return { type: 'failed', outcome: classify(found, { phase: 'dns', host: host.host }) }
  const [address] = found.filter(one => allowLocal || !PRIVATE_NETWORKS.has(one))
  if (address === undefined) {
    const text = `${host.host} has no public address`
    return {
      type: 'failed',
      outcome: ourOutcome('unreachable', false, text, { phase: 'dns', host: host.host }),
    }
  }
  return await dial({ ...host, host: address }, { ...options, serverName: host.host })
}

async function addressesOf(name: string, dns: Pick<Dns, 'question'>): Promise<string[] | PeerError> {
  const addresses: string[] = []
  let fault: PeerError | undefined
  for (const type of ['A', 'AAAA'] as const) {
    try {
      addresses.push(...((await dns.question(name, type)).records as string[]))
    } catch (error) {
      fault = error as PeerError
    }
  }
  return addresses.length > 0 || !fault ? addresses : fault
}
