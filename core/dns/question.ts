/**
 * One question to one name server: UDP first, TCP when the answer was cut (RFC 7766). Node's own resolver tells
 * neither the TTL of most records nor whether DNSSEC vouches for them (the AD flag, RFC 4035 §3.2.3), and knows no
 * TLSA.
 */
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect, isIP } from 'node:net'
import packet, { type DecodedPacket, type Packet } from 'dns-packet'

export type RecordType = 'MX' | 'A' | 'AAAA' | 'TXT' | 'TLSA' | 'PTR'

/** Larger answers over UDP are dropped on the way more often than not (RFC 9715 §3.1). */
const UDP_SIZE = 1_232

export type Server = { host: string; port: number }

export function parseServer(text: string): Server {
  if (isIP(text)) return { host: text, port: 53 }
  const url = new URL(`dns://${text}`)
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || 53 }
}

function networkError(code: string, host: string): Error & { code: string } {
  return Object.assign(new Error(`name server ${host}: ${code}`), { code })
}

/** @throws Error with `code` when no answer came */
export async function exchange(
  server: Server,
  name: string,
  type: RecordType,
  timeout: number,
): Promise<DecodedPacket> {
  const id = randomInt(65_536)
  const query: Packet = {
    type: 'query',
    id,
    flags: packet.RECURSION_DESIRED | packet.AUTHENTIC_DATA,
    questions: [{ type, name, class: 'IN' }],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: UDP_SIZE,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: packet.DNSSEC_OK,
        flag_do: true,
        options: [],
      },
    ],
  }
  const isAnswer = (reply: Packet) =>
    reply.type === 'response' &&
    reply.id === id &&
    reply.questions?.[0]?.name.toLowerCase() === name.toLowerCase().replace(/\.$/, '') &&
    reply.questions[0].type === type
  const short = await overUdp(server, packet.encode(query), isAnswer, timeout)
  return short.flag_tc ? await overTcp(server, packet.streamEncode(query), isAnswer, timeout) : short
}

/** What is no answer to our question is passed over: somebody else may have sent it. */
function overUdp(
  { host, port }: Server,
  query: Buffer,
  isAnswer: (reply: DecodedPacket) => boolean,
  timeout: number,
): Promise<DecodedPacket> {
  const socket = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4')
  return new Promise<DecodedPacket>((resolve, reject) => {
    const timer = setTimeout(() => reject(networkError('ETIMEOUT', host)), timeout)
    socket.on('error', reject)
    socket.on('message', bytes => {
      const reply = decoded(() => packet.decode(bytes))
      if (reply && isAnswer(reply)) resolve(reply)
    })
    // Connected: only that server's datagrams come through.
    socket.connect(port, host, () => socket.send(query))
    socket.on('close', () => clearTimeout(timer))
  }).finally(() => socket.close())
}

function overTcp(
  { host, port }: Server,
  query: Buffer,
  isAnswer: (reply: DecodedPacket) => boolean,
  timeout: number,
): Promise<DecodedPacket> {
  const socket = connect({ host, port })
  return new Promise<DecodedPacket>((resolve, reject) => {
    const parts: Buffer[] = []
    socket.setTimeout(timeout, () => reject(networkError('ETIMEOUT', host)))
    socket.on('error', reject)
    socket.on('close', () => reject(networkError('ECONNRESET', host)))
    socket.on('connect', () => socket.write(query))
    socket.on('data', part => {
      parts.push(part)
      const bytes = Buffer.concat(parts)
      if (bytes.length < 2 || bytes.length < bytes.readUInt16BE(0) + 2) return
      const reply = decoded(() => packet.streamDecode(bytes))
      if (reply && isAnswer(reply)) resolve(reply)
      else reject(networkError('EBADRESP', host))
    })
  }).finally(() => socket.destroy())
}

function decoded(decode: () => Packet | null): DecodedPacket | null {
  try {
    return decode() as DecodedPacket | null
  } catch {
    return null
  }
}
