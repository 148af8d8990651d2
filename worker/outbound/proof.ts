/**
 * What a destination asks for before it gets our mail, beyond encryption as well as it goes (RFC 7435): that its
 * server shows the certificate which its DNSSEC-signed records name (DANE, RFC 7672), or one that the public
 * authorities vouch for under a name of its policy (MTA-STS, RFC 8461). DANE goes first where there are both
 * (RFC 8461 §2).
 */
import { X509Certificate } from 'node:crypto'
import { checkServerIdentity, type DetailedPeerCertificate, type TLSSocket } from 'node:tls'
import type { Tlsa } from '@restante/core/dns/dns.ts'
import mxConnect from 'mx-connect'
import { linkError } from '../smtp/link.ts'
import type { Proof } from '../smtp/peer.ts'
import type { StsPolicy } from './mta-sts.ts'

/** Of those that SMTP knows (RFC 7672 §3.1): 2, a trust anchor; 3, the certificate itself. */
const USABLE = new Set([2, 3])

/**
 * @param records authentic ones; empty: DANE does not apply
 * @returns null: encryption as well as it goes
 */
export function proofFor(
  domain: string,
  hostname: string,
  records: readonly Tlsa[],
  policy: StsPolicy | null,
  ca?: string,
): Proof | null {
  const usable = records.filter(record => USABLE.has(record.usage))
  if (usable.length > 0) return { by: 'dane', check: socket => daneFault(socket, usable, [hostname, domain]) }
  // §3.1.3: records that nobody can use ask for encryption, and no more.
  if (records.length > 0) return { by: 'dane', check: () => null }
  if (policy?.mode === 'enforce') return { by: 'mta-sts', ...(ca && { ca }) }
  return null
}

function daneFault(socket: TLSSocket, records: readonly Tlsa[], names: readonly string[]): Error | null {
  // The whole chain first: after getPeerX509Certificate Node gives it out no more.
  const [leaf, ...issuers] = chainOf(socket)
  if (!leaf) return linkError('the server showed no certificate', 'ETLS')
  const found = mxConnect.dane.verifyCertAgainstTlsa(leaf, records, issuers)
  if (!found.valid) return linkError(`the certificate is not the one in DNS (DANE): ${found.error}`, 'ETLS')
  // §3.1.1: with the certificate itself named, the names in it and its dates don't matter.
  if (found.usage === 'DANE-EE') return null
  const subject = socket.getPeerCertificate()
  const named = names.some(name => checkServerIdentity(name, subject) === undefined)
  if (!named) return linkError('the certificate is for another name (DANE)', 'ETLS')
  const now = Date.now()
  const valid = Date.parse(leaf.validFrom) <= now && now <= Date.parse(leaf.validTo)
  return valid ? null : linkError('the certificate has expired (DANE)', 'ETLS')
}

/** Its own certificate, then those of who issued it, as far as the server sent them. */
function chainOf(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = []
  const seen = new Set<string>()
  let current: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
  while (current?.raw && !seen.has(current.fingerprint256)) {
    seen.add(current.fingerprint256)
    chain.push(new X509Certificate(current.raw))
    current = current.issuerCertificate
  }
  return chain
}
