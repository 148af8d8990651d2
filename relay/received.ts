/**
 * The trace header that every hop adds on top (RFC 5321 §4.4): from whom, by whom, how, when.
 *
 * The client's own words (its HELO name) come sanitized; the recipient is named only when there is one, so
 * that nobody learns of another's blind copy.
 */
import { isIPv6 } from 'node:net'
import { heloName } from './policy/helo.ts'

export type Trace = {
  helo: string | false | undefined
  /** IP address of the client. */
  address: string
  /** What DNS calls the client, when that is known. */
  name?: string
  /** Our own name. */
  by: string
  /** SMTP, ESMTP, ESMTPS; UTF8SMTP and UTF8SMTPS (RFC 6531 §4.3). */
  protocol: string
  /** `TLSv1.3 TLS_AES_256_GCM_SHA384` */
  tls?: string
  id: string
  recipients: readonly string[]
  at: Date
}

/** The header field with its line end, folded. */
export function receivedHeader(trace: Trace): string {
  const [only] = trace.recipients
  const lines = [
    `Received: from ${heloName(trace.helo)} (${trace.name ? `${trace.name} ` : ''}${literal(trace.address)})`,
    `by ${trace.by} with ${trace.protocol}`,
    ...(trace.tls ? [`(${trace.tls.replace(/[^A-Za-z0-9_. -]/g, '')})`] : []),
    `id ${trace.id}`,
    ...(only !== undefined && trace.recipients.length === 1 ? [`for <${only}>`] : []),
  ]
  return `${lines.join('\r\n\t')};\r\n\t${rfc5322Date(trace.at)}\r\n`
}

/** How the message came, for `with` (RFC 3848, RFC 6531 §4.3). */
export function protocolOf(esmtp: boolean, tls: boolean, smtputf8: boolean, authenticated = false): string {
  const how = `${tls ? 'S' : ''}${authenticated ? 'A' : ''}`
  return smtputf8 ? `UTF8SMTP${how}` : `${esmtp ? 'E' : ''}SMTP${how}`
}

function literal(address: string): string {
  return isIPv6(address) ? `[IPv6:${address}]` : `[${address || 'unknown'}]`
}

/** `Sun, 22 Nov 2026 13:00:00 +0000` (RFC 5322 §3.3). */
export function rfc5322Date(at: Date): string {
  return at.toUTCString().replace(/GMT$/, '+0000')
}
