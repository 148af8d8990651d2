/**
 * For servers without IMAP access for us: copies of what people sent meanwhile are delivered to their own mailbox
 * with a field that a Sieve rule (RFC 5228) can file by.
 *
 * The field's value holds a word that only we and the organization know; otherwise a stranger could have their
 * mail filed among what people have sent themselves.
 */
import { createHmac } from 'node:crypto'

export const FILE_FIELD = 'X-Restante-File'

/** @param sealKey the installation's; the word stays the same as long as its secret does */
export function fileWord(sealKey: Buffer, organizationId: string): string {
  const word = createHmac('sha256', sealKey).update(`file ${organizationId}`).digest('hex').slice(0, 20)
  return `sent ${word}`
}

/** The rule, with its actions' extensions (RFC 5232 for flags, RFC 5490 for :create). */
export function sieveRule(sealKey: Buffer, organizationId: string): string {
  return `require ["fileinto", "imap4flags", "mailbox"];
if header :is "${FILE_FIELD}" "${fileWord(sealKey, organizationId)}" {
  fileinto :flags "\\\\Seen" :create "Sent";
  stop;
}
`
}
