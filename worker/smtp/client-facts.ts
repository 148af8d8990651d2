/**
 * From whom a message came to us, told to the server that it goes on to: it would take all mail for ours.
 *
 * XFORWARD (Postfix) is a hint for the server's log, given before each MAIL, and whatever is answered to it
 * changes nothing. XCLIENT puts the client in our place for the rest of the connection, decisions included, and
 * begins the session anew; the PROXY protocol does so from the connection's first byte. Attributes are xtext
 * (RFC 3461 §4). Mail that nobody outside gave us (a notice, what our people wrote) goes under our own name.
 * Who signed in is never told (LOGIN): it would hand on rights that are not ours to give.
 */
import { isIP } from 'node:net'
import type { MessageKind } from '@restante/core/db/schema/delivery.ts'
import type { BackendHost } from '@restante/core/directory/backends.ts'
import type { Outcome } from '@restante/core/outcome/types.ts'
import type { Envelope } from '@restante/core/spool/types.ts'
import { hello, type Peer, type PeerError } from './peer.ts'

export type ClientFacts = {
  address: string
  name: string | null
  helo: string | null
  protocol: 'SMTP' | 'ESMTP'
  /** Our id of the message, which finds it in our log. */
  id: string
}

/** Characters of one command, at most: RFC 5321 §4.5.3.1.4 has 512 with its end. */
const LONGEST = 510
const UNAVAILABLE = '[UNAVAILABLE]'

/** @returns null when it did not come from outside */
export function factsOf(message: {
  id: string
  kind: MessageKind
  envelope: Pick<Partial<Envelope>, 'client'>
}): ClientFacts | null {
  const { client } = message.envelope
  const address = client?.address?.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '') ?? ''
  if (message.kind !== 'inbound' || isIP(address) === 0) return null
  return {
    address,
    name: client?.name ?? null,
    helo: client?.helo ?? null,
    protocol: client?.protocol === 'SMTP' ? 'SMTP' : 'ESMTP',
    id: message.id,
  }
}

/** Whether this server is told of a client once for a connection. */
export const isToldByConnection = (host: BackendHost): boolean =>
  host.client === 'xclient' || host.client === 'proxy' || host.client === 'proxy2'

/**
 * A server that was told of a client and takes nothing from it has nothing against us: else one bad client
 * would make a backend look as if it were away.
 */
export function aboutTheClient(outcome: Outcome): Outcome {
  return outcome.category === 'address-blocked'
    ? { ...outcome, category: 'unknown', side: 'unknown' }
    : outcome
}

/** What makes two clients the same to this server; null: it is our own connection. */
export function identity(host: BackendHost, client: ClientFacts | null): string | null {
  if (!client || !isToldByConnection(host)) return null
  if (host.client !== 'xclient') return client.address
  return [client.address, client.name, client.helo, client.protocol].join(' ')
}

/** Whether mail of this client may go over this connection (once `announce` has been called, for XCLIENT). */
export function fits(peer: Peer, whose: string | null): boolean {
  if (peer.seenAs === whose) return true
  if (peer.host.client !== 'xclient') return false
  if (peer.extensions.has('XCLIENT')) return whose !== null
  // It never took the word from us: all mail is ours to it.
  return peer.seenAs === null
}

/** XFORWARD for one message; none when the server does not offer it, or shall not be told. */
export function forwardLines(peer: Peer, client: ClientFacts | null): string[] {
  const { host, extensions } = peer
  if (host.client === undefined || isToldByConnection(host) || !extensions.has('XFORWARD')) return []
  return lines('XFORWARD', extensions.words('XFORWARD'), {
    NAME: nameOf(client),
    ADDR: client ? addressOf(client) : UNAVAILABLE,
    PROTO: client?.protocol ?? UNAVAILABLE,
    HELO: client?.helo ?? UNAVAILABLE,
    IDENT: client?.id ?? UNAVAILABLE,
    SOURCE: client ? 'REMOTE' : 'LOCAL',
  })
}

/**
 * Puts the client in our place on this connection, when the server lets us and sees somebody else there.
 * @returns what the server has against this client: its reply, or why the connection was lost
 */
export async function announce(peer: Peer, client: ClientFacts | null): Promise<string | PeerError | null> {
  const whose = identity(peer.host, client)
  if (!client || peer.seenAs === whose || !peer.extensions.has('XCLIENT')) return null
  const said = lines('XCLIENT', peer.extensions.words('XCLIENT'), {
    ADDR: addressOf(client),
    NAME: nameOf(client),
    PROTO: client.protocol,
    HELO: client.helo ?? UNAVAILABLE,
  })
  for (const line of said) {
    const reply = await peer.command(line)
    if (typeof reply === 'string' && reply.startsWith('2')) continue
    // The command is refused, not the client: then it is our own connection, as it would be without it.
    if (typeof reply === 'string' && /^50[0-4]/.test(reply) && line === said[0]) return null
    peer.close()
    return reply
  }
  peer.seenAs = whose
  // The greeting that follows is the client's too: Postfix takes it over what XCLIENT said.
  const fault = await hello(peer, greetingOf(client) ?? peer.ourName)
  if (fault) peer.close()
  return fault?.what ?? null
}

const addressOf = ({ address }: ClientFacts): string => (isIP(address) === 6 ? `IPV6:${address}` : address)

/** Postfix refuses a whole command for a name that can't be a host's. */
const nameOf = (client: ClientFacts | null): string =>
  client?.name && /^[\w-]+(?:\.[\w-]+)*$/.test(client.name) ? client.name : UNAVAILABLE

/** What can stand in a command. */
const greetingOf = ({ helo }: ClientFacts): string | null =>
  helo !== null && /^[\x21-\x7e]{1,255}$/.test(helo) ? helo : null

/** As many commands as it takes, with those attributes that the server knows. */
function lines(verb: string, offered: readonly string[], values: Readonly<Record<string, string>>): string[] {
  const made: string[] = []
  for (const [name, value] of Object.entries(values)) {
    if (!offered.includes(name)) continue
    const attribute = ` ${name}=${value === UNAVAILABLE ? value : xtext(value)}`
    const last = made.at(-1)
    if (last !== undefined && last.length + attribute.length <= LONGEST)
      made[made.length - 1] = last + attribute
    else if (verb.length + attribute.length <= LONGEST) made.push(verb + attribute)
  }
  return made
}

function xtext(text: string): string {
  if (/^[\x21-\x2a\x2c-\x3c\x3e-\x7e]{0,255}$/.test(text)) return text
  const encode = (byte: number) => `+${byte.toString(16).toUpperCase().padStart(2, '0')}`
  return [...Buffer.from(text.slice(0, 255), 'utf8')]
    .map(byte =>
      byte < 0x21 || byte > 0x7e || byte === 0x2b || byte === 0x3d ? encode(byte) : String.fromCharCode(byte),
    )
    .join('')
}
