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
