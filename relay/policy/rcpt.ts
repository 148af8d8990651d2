/**
 * RCPT TO: is this address ours? (RFC 5321 §3.3, §3.6.2). What is accepted here is kept or bounced by us, so
 * the answer comes from the directory, or for a domain whose recipients are learnt from its backend, and is
 * never a guess.
 */
import { normalizeAddress, normalizeDomain } from '@restante/core/directory/addresses.ts'
import type { Restored } from '@restante/core/directory/rewriting.ts'
import type { Directory } from '@restante/core/directory/snapshot.ts'
import { type Reply, replies } from '../replies.ts'
import { isAscii, localPart, shown } from './mail.ts'

/** What we advertise (DSN, RFC 3461). */
const PARAMETERS: ReadonlySet<string> = new Set(['NOTIFY', 'ORCPT'])

export type RcptInput = {
  address: string
  parameters: readonly string[]
  smtputf8: boolean
  /** The sender is the null sender. */
  bounce?: boolean
}
/** Reads the addresses that we rewrote when we sent mail on (core/directory/rewriting.ts). */
export type Restore = (address: string) => Restored

export type RcptVerdict =
  /** The address as it goes into the envelope: local part as it came, domain as A-label. */
  | { type: 'accept'; address: string }
  /** Its backend has to say. `shown`: as it may stand in a reply. */
  | { type: 'ask'; address: string; domain: string; shown: string }
  /** A bounce on the way back to `address`; it came to `returned`. */
  | { type: 'return'; address: string; returned: string }
  | { type: 'refuse'; reply: Reply }

/** @param ready whether the directory was ever read; when not, the answer to everybody is "later" */
export function rcptPolicy(
  input: RcptInput,
  directory: Directory,
  ready: boolean,
  restore?: Restore,
): RcptVerdict {
  const refuse = (reply: Reply): RcptVerdict => ({ type: 'refuse', reply })
  const unknown = input.parameters.find(name => !PARAMETERS.has(name))
  if (unknown) return refuse(replies.unknownParameter(shown(unknown)))
  if (!ready) return refuse(replies.notReady)
  const address = complete(input.address, directory)
  const route = directory.route(address)
  switch (route.type) {
    case 'unknown-domain':
      return refuse(replies.unknownDomain(shown(address.slice(address.lastIndexOf('@') + 1))))
    case 'unknown-recipient': {
      const restored = restore?.(address)
      if (restored?.type === 'sender') {
        // Only what has no sender: two servers that bounce to each other would never end otherwise.
        if (!input.bounce) return refuse(replies.onlyBounces)
        return { type: 'return', address: withAsciiDomain(restored.address), returned: address }
      }
      if (restored?.type === 'refused') return refuse(replies.unknownRecipient(shown(address)))
      if (directory.asked(route.domain)) {
        if (!input.smtputf8 && !isAscii(localPart(address))) return refuse(replies.needsUtf8)
        if (isLocalPart(localPart(address)))
          return {
            type: 'ask',
            address: `${localPart(address)}@${route.domain}`,
            domain: route.domain,
            shown: shown(address),
          }
      }
      return refuse(replies.unknownRecipient(shown(address)))
    }
    case 'local':
      if (!input.smtputf8 && !isAscii(localPart(address))) return refuse(replies.needsUtf8)
      return { type: 'accept', address: `${localPart(address)}@${route.domain}` }
    default:
      return route satisfies never
  }
}

/** What may go into a question to somebody else's server: nothing that ends the command or the address. */
const isLocalPart = (text: string) => text !== '' && normalizeAddress(`${text}@a.example`) !== null

/** An envelope address with its domain as A-label, where it has one that can be. */
export function withAsciiDomain(address: string): string {
  const at = address.lastIndexOf('@')
  const domain = at < 0 ? null : normalizeDomain(address.slice(at + 1))
  return domain ? `${address.slice(0, at)}@${domain}` : address
}

/** RFC 5321 §4.1.1.3: postmaster without a domain is ours, whoever we are: our oldest domain's. */
function complete(address: string, directory: Directory): string {
  const [oldest] = directory.domains
  return address.toLowerCase() === 'postmaster' && oldest ? `${address}@${oldest}` : address
}
