/** MAIL FROM: who sends, and under which conditions (RFC 5321 §3.3). SIZE is checked before (RFC 1870). */
import { accept, refuse, replies, type Verdict } from '../replies.ts'

/** What we advertise; anything else is refused, not ignored (RFC 5321 §4.1.1.11). */
const PARAMETERS: ReadonlySet<string> = new Set(['SIZE', 'BODY', 'SMTPUTF8', 'RET', 'ENVID'])
/** RFC 5321 §4.5.3.1.3 says 256; forwarders' rewritten senders are longer. */
const SENDER_LIMIT = 512

export type MailInput = {
  /** '' is the null sender. */
  sender: string
  parameters: readonly string[]
  smtputf8: boolean
}

export function mailPolicy(input: MailInput): Verdict {
  const unknown = input.parameters.find(name => !PARAMETERS.has(name))
  if (unknown) return refuse(replies.unknownParameter(shown(unknown)))
  if (Buffer.byteLength(input.sender) > SENDER_LIMIT) return refuse(replies.badSender)
  if (!input.smtputf8 && !isAscii(localPart(input.sender))) return refuse(replies.needsUtf8)
  return accept
}

/** RFC 6531 §3.2: only the local part needs it, a domain has its A-labels. */
export const localPart = (address: string): string => address.slice(0, Math.max(0, address.lastIndexOf('@')))
// biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what is asked
export const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text)
export const shown = (text: string): string => text.replace(/[^\x21-\x7e]/g, '?').slice(0, 40)
