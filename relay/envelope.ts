/** A session of smtp-server as the envelope that the spool keeps (RFC 5321 §2.3.1). */
import type { Envelope, EnvelopeRecipient } from '@restante/core/spool/types.ts'
import type { SMTPServerAddress, SMTPServerSession } from 'smtp-server'
import { heloName } from './policy/helo.ts'
import { withAsciiDomain } from './policy/rcpt.ts'
import { protocolOf } from './received.ts'

export function envelopeOf(session: SMTPServerSession, id: string, receivedAt: Date): Envelope {
  const { mailFrom, rcptTo, dsn, bodyType, smtpUtf8 } = session.envelope
  const tls = session.tlsOptions ? `${session.tlsOptions.version} ${session.tlsOptions.name}` : undefined
  const helo = heloName(session.hostNameAppearsAs)
  // Given by XCLIENT, by a filter in front: we ask for no names before the scan.
  const name = session.xClient?.get('NAME')
  return {
    id,
    kind: 'inbound',
    sender: mailFrom ? withAsciiDomain(mailFrom.address) : '',
    recipients: unique(rcptTo.map(recipientOf)),
    receivedAt: receivedAt.toISOString(),
    ...(dsn?.ret && { ret: dsn.ret as 'FULL' | 'HDRS' }),
    ...(dsn?.envid && { envid: xtext(dsn.envid) }),
    ...(smtpUtf8 && { smtputf8: true }),
    ...(bodyType === '8bitmime' && { body: '8BITMIME' as const }),
    client: {
      address: session.remoteAddress,
      ...(typeof name === 'string' && name !== '' && { name }),
      helo,
      protocol: protocolOf(session.openingCommand === 'EHLO', session.secure, Boolean(smtpUtf8)),
      ...(tls && { tls }),
    },
  }
}

function recipientOf(recipient: SMTPServerAddress): EnvelopeRecipient {
  const { notify, orcpt } = recipient.dsn ?? {}
  return {
    address: recipient.address,
    ...(orcpt && { original: encodeOriginal(orcpt) }),
    ...(notify && { notify: notify.join(',') }),
    ...('unverified' in recipient && recipient.unverified === true && { unverified: true as const }),
    ...('returned' in recipient &&
      typeof recipient.returned === 'string' && { returned: recipient.returned }),
  }
}

/** One address twice in a transaction is one recipient (RFC 5321 §4.1.1.3 allows to say so). */
function unique(recipients: EnvelopeRecipient[]): EnvelopeRecipient[] {
  const seen = new Map<string, EnvelopeRecipient>()
  for (const recipient of recipients) {
    const key = recipient.address.toLowerCase()
    if (!seen.has(key)) seen.set(key, recipient)
  }
  return [...seen.values()]
}

/** ORCPT as it is written on the wire: the type, and the address as xtext (RFC 3461 §4.2). */
function encodeOriginal(text: string): string {
  const semicolon = text.indexOf(';')
  return `${text.slice(0, semicolon)};${xtext(text.slice(semicolon + 1))}`
}

/** RFC 3461 §4. smtp-server hands decoded values on; on the wire and in the spool they stay encoded. */
export function xtext(text: string): string {
  return [...Buffer.from(text, 'utf8')]
    .map(byte =>
      byte < 0x21 || byte > 0x7e || byte === 0x2b || byte === 0x3d
        ? `+${byte.toString(16).toUpperCase().padStart(2, '0')}`
        : String.fromCharCode(byte),
    )
    .join('')
}
