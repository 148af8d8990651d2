/** What an address of a client can tell: nothing, when it is one of our own networks. */
import { type Networks, parseNetworks } from '../config/networks.ts'
import { reversedAddress } from '../dns/addresses.ts'
import { type Dns, DnsError } from '../dns/dns.ts'

/** RFC 1918, RFC 6598, loopback, link-local, unique local. */
const PRIVATE = parseNetworks(
  '10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, ::1, fe80::/10, fc00::/7',
)

/** Whether nobody outside can be behind it: a private address, one of `own`, or none. */
export function isLocal(address: string | undefined, own?: Networks): boolean {
  return !address || PRIVATE.has(address) || own?.has(address) === true
}

export type ReverseName =
  /** DNS names the address, and the name leads back to it. */
  | { type: 'confirmed'; name: string }
  | { type: 'unconfirmed'; name: string }
  | { type: 'none' }
  /** DNS did not answer. */
  | { type: 'unknown' }

/** ms for a client's name: nothing hangs on it that were worth more. */
const REVERSE_LIMIT = 2_000
/** Names of one address that are tried. */
const MOST_NAMES = 5

/** The name of a client, forward-confirmed (RFC 8601 §2.7.3 `iprev`). Never rejects; answers are kept by `dns`. */
export async function reverseName(dns: Dns, address: string): Promise<ReverseName> {
  const ip = address.replace(/^::ffff:(?=\d+\.)/i, '')
  const reversed = reversedAddress(ip)
  if (!reversed) return { type: 'none' }
  const v6 = ip.includes(':')
  try {
    const names = await dns.resolve(`${reversed}.${v6 ? 'ip6' : 'in-addr'}.arpa`, 'PTR')
    let unknown = false
    for (const name of names.slice(0, MOST_NAMES)) {
      const found = await dns.resolve(name, v6 ? 'AAAA' : 'A').catch((error: unknown) => {
        if (!(error instanceof DnsError && error.missing)) unknown = true
        return []
      })
      if (found.some(one => reversedAddress(one) === reversed)) return { type: 'confirmed', name }
    }
    const [name] = names
    if (unknown || name === undefined) return { type: unknown ? 'unknown' : 'none' }
    return { type: 'unconfirmed', name }
  } catch (error) {
    return { type: error instanceof DnsError && error.missing ? 'none' : 'unknown' }
  }
}

/** The same, `unknown` when it takes too long. */
export async function reverseWithin(dns: Dns, client: string): Promise<ReverseName> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<ReverseName>(resolve => {
    timer = setTimeout(() => resolve({ type: 'unknown' }), REVERSE_LIMIT)
  })
  const found = await Promise.race([reverseName(dns, client), late])
  clearTimeout(timer)
  return found
}
