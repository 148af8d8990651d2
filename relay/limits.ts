/**
 * The relay's limits on time, size and count. A stranger on the Internet meets each of them before anything
 * else; honest servers never notice.
 */
export type RelayLimits = {
  /** Largest message, bytes of content. */
  messageSize: number
  /** Largest header, bytes. */
  headerSize: number
  /** RFC 5321 §4.5.3.1.8 asks for 100 at least. */
  recipients: number
  /** `Received` lines from which on a message is taken for a loop (RFC 5321 §6.3). */
  received: number
  /** Connections at once, of all clients and of one address. */
  connections: number
  connectionsPerAddress: number
  /** Replies 5xx on one connection before it is closed. */
  errors: number
  /** Refused recipients on one connection before it is closed: whoever tries names. */
  unknownRecipients: number
  /** Commands without a message in between: NOOP, RSET, EHLO over and over. */
  idleCommands: number
  /** One command line, bytes (RFC 5321 §4.5.3.1.4 and the extensions' additions). */
  commandLine: number
  /** ms without a byte (RFC 5321 §4.5.3.2.7: five minutes). */
  idle: number
  /** ms on a connection without a message accepted, outside of DATA. */
  session: number
  /** ms for DATA, plus the time that `dataRate` bytes a second take. */
  data: number
  dataRate: number
  /** ms before the greeting, in which an honest client keeps quiet (RFC 5321 §3.1); 0: none. */
  greetingDelay: number
}

export const DEFAULT_LIMITS: Omit<RelayLimits, 'messageSize'> = {
  headerSize: 1_048_576,
  recipients: 1_000,
  received: 50,
  connections: 2_000,
  connectionsPerAddress: 100,
  errors: 20,
  unknownRecipients: 50,
  idleCommands: 200,
  commandLine: 4_096,
  idle: 300_000,
  session: 600_000,
  data: 300_000,
  dataRate: 2_048,
  greetingDelay: 0,
}
