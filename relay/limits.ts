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
  /** Lines of the header, folded ones counted each: a parser's work grows with them, not with the bytes. */
  headerLines: number
  /** `Received` lines from which on a message is taken for a loop (RFC 5321 §6.3). */
  received: number
  /** Connections at once, of all clients and of one address; its network may have four times as many. */
  connections: number
  connectionsPerAddress: number
  /** ms that a connection must have done nothing before it has to make room when all are taken. */
  makeRoomAfter: number
  /** A minute, 0 for none: see relay/clients/rates.ts. */
  rates: {
    /** Connections of one address; its network may have four times as many. */
    connections: number
    /** Messages of one address; its network may send four times as many. */
    messages: number
    /** Messages to one recipient. */
    recipient: number
    /** Recipients of one domain. */
    domain: number
    /** Messages with the empty sender to one recipient; its domain gets twenty times as many. */
    bounces: number
    /** Unknown recipients asked for by one network. */
    unknown: number
  }
  /** Bytes of unfinished messages held in memory, of all connections. */
  held: number
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
  /** ms from MAIL to the end of data, plus the time that `dataRate` bytes a second take. */
  data: number
  dataRate: number
  /** ms before the greeting, in which an honest client keeps quiet (RFC 5321 §3.1); 0: none. */
  greetingDelay: number
}

export const DEFAULT_LIMITS: Omit<RelayLimits, 'messageSize'> = {
  headerSize: 1_048_576,
  headerLines: 20_000,
  recipients: 1_000,
  received: 50,
  connections: 10_000,
  connectionsPerAddress: 100,
  makeRoomAfter: 10_000,
  rates: { connections: 600, messages: 3_000, recipient: 600, domain: 0, bounces: 60, unknown: 300 },
  held: 256 * 1_048_576,
  errors: 20,
  unknownRecipients: 50,
  idleCommands: 200,
  commandLine: 4_096,
  idle: 300_000,
  session: 600_000,
  data: 600_000,
  dataRate: 2_048,
  greetingDelay: 0,
}
