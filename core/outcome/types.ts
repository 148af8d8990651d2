/**
 * What an SMTP reply or a network error means: a category, whose side it is on, whether it is for good.
 */

export type Category =
  | 'accepted'
  | 'bad-address'
  | 'bad-domain'
  | 'mailbox-full'
  | 'mailbox-disabled'
  | 'too-large'
  | 'content-refused'
  | 'address-blocked'
  | 'sender-not-authenticated'
  | 'greylisted'
  | 'too-many'
  | 'destination-down'
  | 'unreachable'
  | 'timed-out'
  | 'dns-fault'
  | 'tls-fault'
  | 'authentication'
  | 'loop'
  | 'expired'
  | 'cancelled'
  | 'unknown'

/** Whose side the cause is on: the addressee, their server, the sender, us, or nobody can tell. */
export type Side = 'recipient' | 'destination' | 'sender' | 'us' | 'network' | 'unknown'

/** Where in the conversation it happened (RFC 5321 §4.5.3.2's phases). */
export type Phase =
  | 'dns'
  | 'connect'
  | 'tls'
  | 'greeting'
  | 'ehlo'
  | 'auth'
  | 'mail'
  | 'rcpt'
  | 'data'
  | 'final'

export type Outcome = {
  category: Category
  side: Side
  /** false: it is tried again until it expires. A 4xx is never permanent. */
  permanent: boolean
  host?: string
  code?: number
  /** Enhanced status (RFC 3463), "5.1.1". */
  enhanced?: string
  /** The reply's text or the error's message, as it came, one line, at most 500 characters. */
  text?: string
  phase?: Phase
  /** ISO 8601. */
  at?: string
  /** How the connection was: in the clear, encrypted, or the host besides proven (DANE, MTA-STS). */
  tls?: 'none' | 'encrypted' | 'dane' | 'mta-sts'
}
