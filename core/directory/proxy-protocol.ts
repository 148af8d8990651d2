/**
 * The header with which a connection to a server begins that wants to hear from a proxy whose connection it is
 * (the PROXY protocol of HAProxy, version 1: a line; version 2: binary).
 *
 * A connection of our own is one that the proxy speaks for itself on: LOCAL in version 2. Version 1 has
 * UNKNOWN for that, which servers treat differently, so the line then holds the connection's own two ends.
 */
import { isIP } from 'node:net'

/** The two ends of a connection, as a socket knows them. */
export type Ends = { localAddress?: string; localPort?: number; remoteAddress?: string; remotePort?: number }

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
const VERSION_2 = 0x20
const LOCAL = 0
const PROXY = 1
/** Address family in the high half, TCP in the low one. */
const TCP_OVER_IPV4 = 0x11
const TCP_OVER_IPV6 = 0x21

/** @param client the address to speak for; null: ours. Its port is not known, ours stands there */
export function proxyHeader(version: 'proxy' | 'proxy2', client: string | null, ends: Ends): Buffer {
  const from = plain(client ?? ends.localAddress)
  const family = isIP(from)
  if (version === 'proxy2' && (client === null || family === 0)) {
    return Buffer.concat([SIGNATURE, Buffer.from([VERSION_2 | LOCAL, 0, 0, 0])])
  }
  if (family === 0) return Buffer.from('PROXY UNKNOWN\r\n')
  // Both must be of one family; the address that we dialed need not be of the client's.
  const dialed = plain(ends.remoteAddress)
  const to = isIP(dialed) === family ? dialed : family === 4 ? '0.0.0.0' : '::'
  const ports: [number, number] = [ends.localPort ?? 0, ends.remotePort ?? 0]
  if (version === 'proxy') {
    return Buffer.from(`PROXY TCP${family} ${from} ${to} ${ports[0]} ${ports[1]}\r\n`)
  }
  const addresses = Buffer.concat([bytes(from), bytes(to)])
  const head = Buffer.alloc(4)
  head[0] = VERSION_2 | PROXY
  head[1] = family === 4 ? TCP_OVER_IPV4 : TCP_OVER_IPV6
  head.writeUInt16BE(addresses.length + 4, 2)
  const tail = Buffer.alloc(4)
  tail.writeUInt16BE(ports[0], 0)
  tail.writeUInt16BE(ports[1], 2)
  return Buffer.concat([SIGNATURE, head, addresses, tail])
}

/** Without the zone of a link-local address, and IPv4 as itself. */
function plain(address = ''): string {
  return address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '')
}

/** @param address a valid one; 4 or 16 bytes */
function bytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  // URL writes any form of an IPv6 address in one: hexadecimal groups, the longest run of zeros as "::".
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const groups = (text: string) =>
    text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16))
  const [before, after] = [groups(head), groups(tail ?? '')]
  const zeros = Array<number>(8 - before.length - after.length).fill(0)
  return Buffer.from([...before, ...zeros, ...after].flatMap(group => [group >> 8, group & 0xff]))
}
