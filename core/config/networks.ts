/**
 * Lists of networks in settings: `10.0.0.0/8, 2001:db8::/32, 192.0.2.7`. An IPv4 client on a socket that
 * listens on both families shows as ::ffff:a.b.c.d and is found under its IPv4 network.
 */
import { BlockList, isIP } from 'node:net'

export type Networks = { has(address: string): boolean }

/** @throws Error with one line that names the entry which is no network */
export function parseNetworks(text: string): Networks {
  const list = new BlockList()
  for (const entry of text.split(/[\s,]+/).filter(Boolean)) {
    const [address = '', prefix, ...more] = entry.split('/')
    const family = isIP(address)
    const length = prefix === undefined ? (family === 6 ? 128 : 32) : Number(prefix)
    const valid =
      family > 0 &&
      more.length === 0 &&
      (prefix === undefined || /^\d{1,3}$/.test(prefix)) &&
      length <= (family === 6 ? 128 : 32)
    if (!valid) throw new Error(`${entry} is not a network like 192.0.2.0/24 or 2001:db8::/32`)
    list.addSubnet(address, length, family === 6 ? 'ipv6' : 'ipv4')
  }
  return {
    has(address) {
      const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
      const family = isIP(plain)
      return family > 0 && list.check(plain, family === 6 ? 'ipv6' : 'ipv4')
    },
  }
}

/**
 * Where nobody outside has any business to send us: loopback, private, link-local, multicast, reserved
 * (RFC 6890). A name that a stranger gave may not lead there.
 */
export const PRIVATE_NETWORKS = parseNetworks(`
  0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.168.0.0/16
  198.18.0.0/15 224.0.0.0/3 ::/127 64:ff9b:1::/48 fc00::/7 fe80::/10 ff00::/8`)

/** The network an address belongs to, as one customer usually has it: /24 for IPv4, /64 for IPv6. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
  if (isIP(plain) === 4) return `${plain.split('.').slice(0, 3).join('.')}.0/24`
  if (isIP(plain) === 6) return `${expand(plain).slice(0, 4).join(':')}::/64`
  return 'unknown'
}

function expand(address: string): string[] {
  const [head = '', tail] = address.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail ? tail.split(':') : []
  const missing = tail === undefined ? 0 : 8 - before.length - after.length
  return [...before, ...Array<string>(Math.max(0, missing)).fill('0'), ...after].map(part =>
    part.toLowerCase().replace(/^0+(?=.)/, ''),
  )
}
