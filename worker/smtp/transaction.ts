/**
 * One message to some recipients over an open connection: what each of them was told.
 *
 * SMTP answers once for all after the final dot, LMTP once for each accepted recipient (RFC 2033 §4.2); both
 * are read from the transcript, in the order of the commands, so that a connection lost half-way through
 * LMTP's answers keeps what was already said.
 */
import type { Readable } from 'node:stream'
import { classify, ourOutcome } from '@restante/core/outcome/classify.ts'
import type { Outcome, Phase } from '@restante/core/outcome/types.ts'
import type { Envelope } from '@restante/core/spool/types.ts'
import { ContentError, exactly } from './content.ts'
import type { Peer, PeerError } from './peer.ts'

export type MailRecipient = { address: string; original: string | null; notify: string | null }

export type Mail = {
  sender: string
  size: number
  envelope: Pick<Partial<Envelope>, 'ret' | 'envid' | 'body'>
  recipients: readonly MailRecipient[]
  /** Opens the content anew; called once for each transaction. */
  content: () => Promise<{ size: number; content: Readable }>
}

/** Outcome by address. */
export type Told = Map<string, Outcome>

/**
 * Sends a message, in as many transactions as its recipients' DSN parameters need: nodemailer has one set of
 * them for a transaction.
 * @param onOurFault called with what went wrong on our side (the spool can't be read)
 */
export async function send(peer: Peer, mail: Mail, onOurFault: (error: unknown) => void): Promise<Told> {
  const told: Told = new Map()
  for (const group of groups(peer, mail.recipients)) {
    if (peer.dirty) await peer.reset()
    for (const [address, outcome] of await transact(peer, mail, group, onOurFault)) told.set(address, outcome)
  }
  return told
}

type Group = { recipients: MailRecipient[]; notify: string | null; original: string | null }

function groups(peer: Peer, recipients: readonly MailRecipient[]): Group[] {
  const dsn = peer.extensions.has('DSN')
  const found = new Map<string, Group>()
  for (const recipient of recipients) {
    const notify = dsn ? recipient.notify : null
    // An ORCPT that says what RCPT says anyway is left out: it would cost a transaction.
    const original = dsn && !sameAddress(recipient.original, recipient.address) ? recipient.original : null
    const key = JSON.stringify([notify, original])
    const group = found.get(key) ?? { recipients: [], notify, original }
    group.recipients.push(recipient)
    found.set(key, group)
  }
  return [...found.values()]
}

function sameAddress(original: string | null, address: string): boolean {
  return original !== null && original.replace(/^rfc822;/i, '').toLowerCase() === address.toLowerCase()
}

/** RFC 3461 §4: what came over the wire is xtext; nodemailer encodes it again. */
function fromXtext(text: string): string {
  return text.replace(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII
const ASCII = /^[\x00-\x7f]*$/

async function transact(
  peer: Peer,
  mail: Mail,
  group: Group,
  onOurFault: (error: unknown) => void,
): Promise<Told> {
  const at = new Date()
  const host = peer.name
  const all = (outcome: Outcome): Told => new Map(group.recipients.map(r => [r.address, outcome]))

  const { maxSize } = peer.extensions
  if (maxSize > 0 && mail.size > maxSize) {
    const text = `the message has ${mail.size} bytes, the server takes ${maxSize} (SIZE)`
    return all({
      ...ourOutcome('too-large', true, text, { host, phase: 'mail', at }),
      code: 552,
      enhanced: '5.3.4',
    })
  }
  const international = [mail.sender, ...group.recipients.map(r => r.address)].some(a => !ASCII.test(a))
  if (international && !peer.extensions.has('SMTPUTF8')) {
    // RFC 6531 §3.5
    const text = 'the server does not take internationalized addresses (SMTPUTF8)'
    return all({ ...ourOutcome('bad-address', true, text, { host, phase: 'mail', at }), enhanced: '5.6.7' })
  }

  let opened: { size: number; content: Readable }
  try {
    opened = await mail.content()
  } catch (error) {
    onOurFault(error)
    return all(ourFault(error, at))
  }
  peer.transcript.mark()
  peer.transactions++
  const stream = exactly(opened.size, opened.content)
  let streamError: unknown = null
  stream.on('error', error => {
    streamError = error
  })
  const dsn = group.notify !== null || group.original !== null || mail.envelope.ret || mail.envelope.envid
  const error = await peer.attempt(done =>
    peer.connection.send(
      {
        from: mail.sender || false,
        to: group.recipients.map(r => r.address),
        size: opened.size,
        use8BitMime: mail.envelope.body === '8BITMIME',
        dsn: dsn
          ? {
              ret: mail.envelope.ret,
              envid: mail.envelope.envid && fromXtext(mail.envelope.envid),
              notify: group.notify,
              orcpt: group.original && fromXtext(group.original),
            }
          : undefined,
      },
      stream,
      done,
    ),
  )
  stream.destroy()
  if (streamError instanceof ContentError) {
    // Nothing was ended with a dot: the peer has nothing.
    peer.close()
    onOurFault(streamError)
    return all(ourFault(streamError, at))
  }
  const told = read(peer, group, error, at)
  peer.dirty = error !== null || [...told.values()].some(outcome => outcome.category !== 'accepted')
  return told
}

function ourFault(error: unknown, at: Date): Outcome {
  const text = `the kept message could not be read: ${error instanceof Error ? error.message : String(error)}`
  return { ...ourOutcome('unknown', false, text, { at }), side: 'us' }
}

/** Replies come in the order of the commands: MAIL, each RCPT, DATA, and what follows the final dot. */
function read(peer: Peer, group: Group, error: PeerError | null, at: Date): Told {
  const replies = peer.transcript.replies
  const told: Told = new Map()
  const host = peer.name
  const say = (reply: string | undefined, phase: Phase): Outcome =>
    reply !== undefined
      ? classify(reply, { phase, host, at })
      : classify(error ?? { message: 'no answer', code: 'ECONNECTION' }, { phase, host, at })

  const mail = say(replies[0], 'mail')
  if (mail.category !== 'accepted') {
    for (const { address } of group.recipients) told.set(address, mail)
    return told
  }
  const accepted: string[] = []
  group.recipients.forEach(({ address }, index) => {
    const outcome = say(replies[1 + index], 'rcpt')
    if (outcome.category === 'accepted') accepted.push(address)
    else told.set(address, outcome)
  })
  if (accepted.length === 0) return told

  const afterRcpt = 1 + group.recipients.length
  const data = say(replies[afterRcpt], 'data')
  const lmtp = peer.host.protocol === 'lmtp'
  accepted.forEach((address, index) => {
    if (data.category !== 'accepted') told.set(address, data)
    else told.set(address, say(replies[afterRcpt + 1 + (lmtp ? index : 0)], 'final'))
  })
  return told
}
