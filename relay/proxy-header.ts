/**
 * The PROXY protocol's header, versions 1 and 2: what a load balancer puts before the client's bytes to say
 * whose they are.
 *
 * Only read from networks that a setting names, and there it must come: a balancer that is believed when it
 * speaks and taken for the client when it is silent would let clients choose. A header that is no header
 * closes the connection.
 */
import { isIP, isIPv6 } from 'node:net'

export type ProxyHeader =
  | { type: 'incomplete' }
  | { type: 'invalid' }
  /** `source` is absent for the balancer's own checks (LOCAL, UNKNOWN). `length`: bytes of the header. */
  | { type: 'header'; length: number; source?: { address: string; port: number } }

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
/** Version 1 says so itself; version 2's extensions are rarely longer than a few dozen bytes. */
const LONGEST_V1 = 107
const LONGEST_V2 = 2_048

export function readProxyHeader(bytes: Buffer): ProxyHeader {
  const seen = Math.min(bytes.length, SIGNATURE.length)
  if (bytes.subarray(0, seen).equals(SIGNATURE.subarray(0, seen))) {
    return bytes.length < 16 ? { type: 'incomplete' } : readBinary(bytes)
  }
  return readText(bytes)
}

function readText(bytes: Buffer): ProxyHeader {
  const start = bytes.toString('latin1', 0, LONGEST_V1)
  if (!'PROXY '.startsWith(start.slice(0, 6))) return { type: 'invalid' }
  const end = start.indexOf('\r\n')
  if (end < 0) return bytes.length < LONGEST_V1 ? { type: 'incomplete' } : { type: 'invalid' }
  const length = end + 2
  const [, family, source = '', target = '', port = '', targetPort = '', ...more] = start
    .slice(0, end)
    .split(' ')
  if (family === 'UNKNOWN') return { type: 'header', length }
  const wanted = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : undefined
  const valid =
    wanted !== undefined &&
    isIP(source) === wanted &&
    isIP(target) === wanted &&
    isPort(port) &&
    isPort(targetPort) &&
    more.length === 0
  return valid
    ? { type: 'header', length, source: { address: source, port: Number(port) } }
    : { type: 'invalid' }
}

function readBinary(bytes: Buffer): ProxyHeader {
  const command = bytes.readUInt8(12)
  const family = bytes.readUInt8(13)
  const length = 16 + bytes.readUInt16BE(14)
  if (command >> 4 !== 2 || (command & 0xf) > 1 || length > LONGEST_V2) return { type: 'invalid' }
  if (bytes.length < length) return { type: 'incomplete' }
  // LOCAL, and families that say nothing of an address on the Internet.
  if ((command & 0xf) === 0) return { type: 'header', length }
  if (family === 0x11 && length >= 28) {
    const address = [...bytes.subarray(16, 20)].join('.')
    return { type: 'header', length, source: { address, port: bytes.readUInt16BE(24) } }
  }
  if (family === 0x21 && length >= 52) {
    const words = Array.from({ length: 8 }, (_, n) => bytes.readUInt16BE(16 + n * 2).toString(16))
    return { type: 'header', length, source: { address: compress(words), port: bytes.readUInt16BE(48) } }
  }
  return family === 0x11 || family === 0x21 ? { type: 'invalid' } : { type: 'header', length }
}

/** RFC 5952 §4, by the URL parser, which writes IPv6 addresses so. */
function compress(words: string[]): string {
  const text = new URL(`http://[${words.join(':')}]`).hostname.slice(1, -1)
  return isIPv6(text) ? text : words.join(':')
}

const isPort = (text: string) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535
