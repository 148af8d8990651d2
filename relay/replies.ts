/**
 * Every reply that the relay decides on: the code (RFC 5321 §4.2), the enhanced status (RFC 3463), the words,
 * and the stable reason that metrics and logs count by. A refusal says what to do next.
 *
 * "No" is for what will never be right; whatever may be mended here or there is "later", because a sender
 * bounces a 5xx at once.
 */
export type Reply = {
  reason: string
  code: number
  enhanced: string
  text: string
}

const reply = (reason: string, code: number, enhanced: string, text: string): Reply => ({
  reason,
  code,
  enhanced,
  text,
})

export const replies = {
  queued: (id: string) => reply('accepted', 250, '2.0.0', `Ok: queued as ${id}`),

  tooManyConnections: reply(
    'too-many-connections',
    421,
    '4.3.2',
    'Too many connections, try again in a minute',
  ),
  tooManyFromYou: reply(
    'too-many-from-address',
    421,
    '4.7.0',
    'Too many connections from your address, close some',
  ),
  tooManyFromNetwork: reply(
    'too-many-from-network',
    421,
    '4.7.0',
    'Too many connections from your network, close some',
  ),
  tooFast: reply('too-fast', 421, '4.7.0', 'Connecting too often, try again in a minute'),
  tooManyUnknownBefore: reply(
    'too-many-unknown-before',
    421,
    '4.7.0',
    'Too many unknown recipients from your network, try again in a few minutes',
  ),
  makeRoom: reply('make-room', 421, '4.3.2', 'Idle while others wait, come again when there is mail'),
  badProxyHeader: reply('bad-proxy-header', 421, '4.3.2', 'No valid PROXY header'),
  earlyTalker: reply('early-talker', 421, '4.7.0', 'Wait for the greeting before you speak'),
  noRoom: reply('no-room', 421, '4.3.1', 'Out of space for the moment, try again later'),
  shuttingDown: reply('shutting-down', 421, '4.3.2', 'Restarting, try again in a minute'),
  tooManyErrors: reply('too-many-errors', 421, '4.7.0', 'Too many errors on this connection'),
  tooManyUnknown: reply('too-many-unknown', 421, '4.7.0', 'Too many refused recipients on this connection'),
  tooManyCommands: reply('too-many-commands', 421, '4.7.0', 'Too many commands without a message'),
  tooLong: reply('session-too-long', 421, '4.4.2', 'Connection open too long without a message'),
  tooSlow: reply('too-slow', 421, '4.4.2', 'Message sent too slowly, try again'),

  tooManyMessages: reply(
    'too-many-messages',
    450,
    '4.7.0',
    'Too many messages from you, try again in a minute',
  ),
  badSender: reply('bad-sender', 553, '5.1.7', 'Sender address is too long or malformed'),
  unknownParameter: (name: string) =>
    reply('unknown-parameter', 555, '5.5.4', `Parameter ${name} is not supported, see the reply to EHLO`),
  needsUtf8: reply(
    'needs-smtputf8',
    553,
    '5.6.7',
    'Address has characters beyond ASCII: send MAIL with SMTPUTF8',
  ),

  unknownDomain: (domain: string) =>
    reply(
      'unknown-domain',
      550,
      '5.7.1',
      `Relay access denied: mail for ${domain || 'this address'} is not handled here`,
    ),
  unknownRecipient: (address: string) =>
    reply('unknown-recipient', 550, '5.1.1', `No mailbox ${address} here, check the address`),
  onlyBounces: reply(
    'only-bounces',
    550,
    '5.7.1',
    'This address takes nothing but bounces, write to the sender of the message instead',
  ),
  recipientTooBusy: reply(
    'recipient-too-busy',
    450,
    '4.2.1',
    'Too many messages for this recipient at the moment, try again in a minute',
  ),
  tooManyBounces: reply(
    'too-many-bounces',
    450,
    '4.2.1',
    'Too many bounces for this recipient at the moment, try again in a few minutes',
  ),
  unverified: reply(
    'unverified-recipient',
    450,
    '4.1.1',
    'Recipient can not be checked at the moment, try again in a few minutes',
  ),
  notReady: reply('not-ready', 451, '4.3.0', 'Recipients are not known yet, try again in a minute'),

  signInFirst: reply('sign-in-first', 530, '5.7.0', 'Sign in first, with your address and password'),
  wrongPassword: reply('wrong-password', 535, '5.7.8', 'Wrong address or password'),
  tooManySignIns: (seconds: number) =>
    reply(
      'too-many-sign-ins',
      454,
      '4.7.0',
      `Too many failed sign-ins, try again in ${Math.ceil(seconds / 60)} minutes`,
    ),
  signInLater: reply('sign-in-later', 454, '4.7.0', 'Sign-in is not possible at the moment, try again soon'),
  notYourAddress: (address: string) =>
    reply(
      'not-your-address',
      550,
      '5.7.1',
      `You may not send as ${address || 'nobody'}, use an address of yours`,
    ),
  noSuchDomain: (domain: string) =>
    reply('no-such-domain', 550, '5.1.2', `${domain || 'This'} is no mail domain, check the address`),
  suppressed: (address: string) =>
    reply(
      'suppressed',
      550,
      '5.7.1',
      `Several messages to ${address} failed lately, an administrator can allow it again`,
    ),
  badRecipient: reply('bad-recipient', 553, '5.1.3', 'Recipient address is malformed, check it'),
  sentTooMuch: (seconds: number) =>
    reply(
      'sent-too-much',
      450,
      '4.7.0',
      `You have sent very much within the hour, try again in ${Math.ceil(seconds / 60)} minutes`,
    ),

  tooLarge: (limit: number) =>
    reply('too-large', 552, '5.3.4', `Message is larger than ${limit} bytes, send it in parts or as a link`),
  headerTooLarge: (limit: number) =>
    reply('header-too-large', 552, '5.3.4', `Header of the message is larger than ${limit} bytes`),
  tooManyHeaderLines: (limit: number) =>
    reply('too-many-header-lines', 552, '5.3.4', `Header of the message has more than ${limit} lines`),
  bareNewlines: reply(
    'bare-newlines',
    550,
    '5.6.0',
    'Message has bare CR or LF, end its lines in CRLF and send it again',
  ),
  busy: reply('busy', 452, '4.3.1', 'Too many messages under way, try again in a minute'),
  loop: (limit: number) =>
    reply('loop', 554, '5.4.6', `Mail loop: more than ${limit} Received lines, check forwarding rules`),
  nulBytes: reply('nul-bytes', 554, '5.6.0', 'Message has NUL bytes, encode it as base64'),
  lowRoom: reply('low-room', 452, '4.3.1', 'Short of space for the moment, try again later'),
  full: reply('spool-full', 452, '4.3.1', 'Out of space for the moment, try again later'),
  failed: reply('spool-failed', 451, '4.3.0', 'Could not store the message, try again later'),
  broken: reply('internal', 451, '4.3.0', 'Something went wrong here, try again later'),
} as const

/** What a stage of policy came to. */
export type Verdict = { type: 'accept' } | { type: 'refuse'; reply: Reply }
export const accept: Verdict = { type: 'accept' }
export const refuse = (reply: Reply): Verdict => ({ type: 'refuse', reply })

/** The text after the code. */
export const textOf = (reply: Reply): string => `${reply.enhanced} ${reply.text}`

/** A reply as the error that smtp-server's callbacks take; also thrown inside the stream of a message. */
export class Refused extends Error {
  override name = 'Refused'
  readonly reply: Reply
  readonly responseCode: number
  constructor(reply: Reply) {
    super(textOf(reply))
    this.reply = reply
    this.responseCode = reply.code
  }
}
