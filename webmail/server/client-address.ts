/**
 * Which address a request comes from, for limits and the audit.
 *
 * `X-Forwarded-For` can be written by anybody, so it is believed only when the connection itself comes from
 * this machine or a private network, where a reverse proxy stands; then its last entry, which that proxy
 * added, is the one that counts.
 */
import { BlockList, isIP } from 'node:net'

const near = new BlockList()
near.addSubnet('127.0.0.0', 8, 'ipv4')
near.addSubnet('10.0.0.0', 8, 'ipv4')
near.addSubnet('172.16.0.0', 12, 'ipv4')
near.addSubnet('192.168.0.0', 16, 'ipv4')
near.addSubnet('169.254.0.0', 16, 'ipv4')
near.addAddress('::1', 'ipv6')
near.addSubnet('fc00::', 7, 'ipv6')
near.addSubnet('fe80::', 10, 'ipv6')

/**
 * @param remote the socket's address
 * @param forwarded the request's X-Forwarded-For, as it came
 */
export function clientAddress(remote: string, forwarded: string | string[] | undefined): string {
  const socket = plain(remote)
  const family = isIP(socket)
  if (family === 0 || !near.check(socket, family === 4 ? 'ipv4' : 'ipv6')) return socket
  const last = [forwarded ?? []].flat().join(',').split(',').at(-1)?.trim() ?? ''
  return isIP(plain(last)) ? plain(last) : socket
}

/** An IPv4 address as such, also when it came mapped into IPv6 (RFC 4291 §2.5.5.2). */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}
