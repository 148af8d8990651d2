/**
 * One message to some recipients over an open connection: what each of them was told.
 *
 * With PIPELINING (RFC 2920) MAIL, all RCPT and DATA go in one write, else one by one. SMTP answers once for
 * all after the final dot, LMTP once for each accepted recipient (RFC 2033 §4.2); replies are taken in the
 * order of the commands, so that a connection lost half-way through LMTP's answers keeps what was already
 * said. A message that could be read only in part is never ended with a dot: the peer has nothing.
 */
import type { Readable } from 'node:stream'
import { classify, ourOutcome } from '@restante/core/outcome/classify.ts'
import type { Outcome, Phase } from '@restante/core/outcome/types.ts'
import type { Envelope } from '@restante/core/spool/types.ts'
import { aboutTheClient, announce, type ClientFacts, forwardLines } from './client-facts.ts'
import { DataEncoder } from './data.ts'
import type { Peer } from './peer.ts'

export type MailRecipient = { address: string; original: string | null; notify: string | null }

export type Mail = {
  sender: string
  size: number
  envelope: Pick<Partial<Envelope>, 'ret' | 'envid' | 'body'>
  recipients: readonly MailRecipient[]
  /** Who gave it to us; null: nobody from outside. */
  client?: ClientFacts | null
  /** All of the content, when it is in memory already. */
  bytes?: Buffer
  /** Opens the content anew; called once for each transaction. */
  content: () => Promise<Content>
}

/** `whole`, where there is one, is all of it, and `content` need not be opened. */
type Content = { size: number; readonly content: Readable; whole?: Buffer }

/** Outcome by address. */
export type Told = Map<string, Outcome>

/** A content up to this size is read before anything is said, in bytes. */
const AT_ONCE = 256 * 1024
/** Commands in one write: a server's buffer is bounded, and ours. */
const PIPELINED = 200

/** Parts of DialOptions.idleTimeout, as RFC 5321 §4.5.3.2 has them: 2, 3 and 10 minutes of 5. */
const patience = (peer: Peer) => ({
  command: peer.idleTimeout,
  data: 0.4 * peer.idleTimeout,
  block: 0.6 * peer.idleTimeout,
  final: 2 * peer.idleTimeout,
})

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII
const ASCII = /^[\x00-\x7f]*$/
/** What would end a command or begin a parameter. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const UNSAFE = /[\x00-\x1f\x7f]/

/**
 * Sends a message in one transaction.
 * @param onOurFault called with what went wrong on our side (the spool can't be read)
 */
export async function send(peer: Peer, mail: Mail, onOurFault: (error: unknown) => void): Promise<Told> {
  const at = new Date()
  const all = (outcome: Outcome): Told => new Map(mail.recipients.map(r => [r.address, outcome]))
  const impossible = whyNot(peer, mail, at)
  if (impossible) return all(impossible)

  let source: Source
  try {
    source = mail.bytes
      ? { size: mail.bytes.length, whole: mail.bytes, chunks: none(), close() {} }
      : await openSource(await mail.content())
  } catch (error) {
    onOurFault(error)
    return all(ourFault(error, at))
  }
  if (peer.dirty) await peer.reset()
  const unwelcome = peer.host.client === 'xclient' ? await announce(peer, mail.client ?? null) : null
  if (unwelcome) {
    source.close()
    return all(aboutTheClient(classify(unwelcome, { phase: 'mail', host: peer.name, at })))
  }
  peer.transactions++
  const conversation = new Conversation(peer, mail.recipients, at)
  try {
    if (
      await conversation.envelope(commands(peer, mail, source.size), forwardLines(peer, mail.client ?? null))
    )
      await conversation.data(source)
  } catch (error) {
    peer.close()
    onOurFault(error)
    return all(ourFault(error, at))
  } finally {
    source.close()
  }
  const { told } = conversation
  peer.dirty = [...told.values()].some(outcome => outcome.category !== 'accepted')
  // RFC 5321 §3.8: after 421 the server hangs up.
  if ([...told.values()].some(outcome => outcome.code === 421)) peer.close()
  return told
}

/** What need not be tried. */
function whyNot(peer: Peer, mail: Mail, at: Date): Outcome | null {
  const host = peer.name
  const { maxSize } = peer.extensions
  if (maxSize > 0 && mail.size > maxSize) {
    const text = `the message has ${mail.size} bytes, the server takes ${maxSize} (SIZE)`
    const found = ourOutcome('too-large', true, text, { host, phase: 'mail', at })
    return { ...found, code: 552, enhanced: '5.3.4' }
  }
  const addresses = [mail.sender, ...mail.recipients.map(r => r.address)]
  if (addresses.some(address => !ASCII.test(address)) && !peer.extensions.has('SMTPUTF8')) {
    // RFC 6531 §3.5
    const text = 'the server does not take internationalized addresses (SMTPUTF8)'
    return { ...ourOutcome('bad-address', true, text, { host, phase: 'mail', at }), enhanced: '5.6.7' }
  }
  if (addresses.some(address => UNSAFE.test(address))) {
    const text = 'an address with control characters can not be sent'
    return { ...ourOutcome('bad-address', true, text, { host, phase: 'mail', at }), enhanced: '5.1.3' }
  }
  return null
}

/** MAIL, and a RCPT for each recipient. DSN parameters go as they came (RFC 3461 §4). */
function commands(peer: Peer, mail: Mail, size: number): string[] {
  const has = peer.extensions.has
  const parameter = (name: string, value: string | null | undefined) =>
    value && !UNSAFE.test(value) && !value.includes(' ') ? ` ${name}=${value}` : ''
  const international = [mail.sender, ...mail.recipients.map(r => r.address)].some(a => !ASCII.test(a))
  const dsn = has('DSN')
  let first = `MAIL FROM:<${mail.sender}>`
  if (international) first += ' SMTPUTF8'
  if (mail.envelope.body === '8BITMIME' && has('8BITMIME')) first += ' BODY=8BITMIME'
  if (has('SIZE')) first += ` SIZE=${size}`
  if (dsn) first += parameter('RET', mail.envelope.ret) + parameter('ENVID', mail.envelope.envid)
  return [
    first,
    ...mail.recipients.map(({ address, notify, original }) => {
      const more = dsn ? parameter('NOTIFY', notify) + parameter('ORCPT', original) : ''
      return `RCPT TO:<${address}>${more}`
    }),
  ]
}

/** One line, and a good one. */
const YES: Partial<Record<Phase, RegExp>> = { mail: /^2\d\d .*$/, rcpt: /^2\d\d .*$/, data: /^354 .*$/ }
const ACCEPTED = ourOutcome('accepted', false, '')

class Conversation {
  readonly told: Told = new Map()
  readonly #peer: Peer
  readonly #recipients: readonly MailRecipient[]
  readonly #at: Date
  #accepted: string[] = []

  constructor(peer: Peer, recipients: readonly MailRecipient[], at: Date) {
    this.#peer = peer
    this.#recipients = recipients
    this.#at = at
  }

  /**
   * @param hints go before MAIL, whatever is answered to them
   * @returns whether the server waits for the content, and for somebody
   */
  async envelope(lines: readonly string[], hints: readonly string[]): Promise<boolean> {
    const { link, extensions } = this.#peer
    if (!extensions.has('PIPELINING')) {
      for (const hint of hints) await this.#peer.command(hint)
      return await this.#oneByOne(lines)
    }
    const all = [...lines, 'DATA']
    let mail: Outcome | null = null
    let data: Outcome | null = null
    for (let from = 0; from < all.length; from += PIPELINED) {
      const some = all.slice(from, from + PIPELINED)
      const before = from === 0 ? hints : []
      link.write(`${[...before, ...some].join('\r\n')}\r\n`)
      for (const _ of before) await link.reply(this.#peer.idleTimeout)
      for (const [index] of some.entries()) {
        const number = from + index
        if (number === 0) mail = await this.#hear('mail')
        else if (number < lines.length) {
          const outcome = await this.#hear('rcpt')
          if (mail?.category === 'accepted') this.#answer(number - 1, outcome)
        } else data = await this.#hear('data')
      }
    }
    if (mail?.category !== 'accepted') {
      if (mail) this.#everyone(mail)
      // It takes content without a sender: whatever it means by that, it gets none.
      if (data?.category === 'accepted') this.#peer.close()
      return false
    }
    if (data?.category === 'accepted' && this.#accepted.length > 0) return true
    if (data?.category === 'accepted') {
      // RFC 2920 §3.1: no recipient, and it waits for content all the same.
      link.write('.\r\n')
      await this.#hear('final')
    } else if (data) for (const address of this.#accepted) this.told.set(address, data)
    return false
  }

  async #oneByOne(lines: readonly string[]): Promise<boolean> {
    const { link } = this.#peer
    for (const [number, line] of lines.entries()) {
      link.write(`${line}\r\n`)
      const outcome = await this.#hear(number === 0 ? 'mail' : 'rcpt')
      if (number > 0) this.#answer(number - 1, outcome)
      else if (outcome.category !== 'accepted') {
        this.#everyone(outcome)
        return false
      }
    }
    if (this.#accepted.length === 0) return false
    link.write('DATA\r\n')
    const data = await this.#hear('data')
    if (data.category === 'accepted') return true
    for (const address of this.#accepted) this.told.set(address, data)
    return false
  }

  /** @throws when the content can't be read: then it was not ended */
  async data(source: Source): Promise<void> {
    const { link, host } = this.#peer
    const encoder = new DataEncoder()
    if (source.whole) link.write(Buffer.concat([encoder.encode(source.whole), encoder.end()]))
    else {
      for await (const chunk of source.chunks) {
        if (link.lost) break
        if (!link.write(encoder.encode(chunk))) await link.drained(patience(this.#peer).block)
      }
      if (!link.lost) link.write(encoder.end())
    }
    if (host.protocol === 'lmtp') {
      for (const address of this.#accepted) this.told.set(address, await this.#hear('final'))
      return
    }
    const outcome = await this.#hear('final')
    for (const address of this.#accepted) this.told.set(address, outcome)
  }

  #answer(index: number, outcome: Outcome): void {
    const address = this.#recipients[index]?.address
    if (address === undefined) return
    if (outcome.category === 'accepted') this.#accepted.push(address)
    else this.told.set(address, outcome)
  }

  #everyone(outcome: Outcome): void {
    for (const { address } of this.#recipients) this.told.set(address, outcome)
  }

  async #hear(phase: Phase): Promise<Outcome> {
    const limits = patience(this.#peer)
    const limit = phase === 'data' ? limits.data : phase === 'final' ? limits.final : limits.command
    const reply = await this.#peer.link.reply(limit)
    // A plain yes on the way there is kept nowhere.
    if (phase !== 'final' && typeof reply === 'string' && YES[phase]?.test(reply)) return ACCEPTED
    const outcome = classify(reply, { phase, host: this.#peer.name, at: this.#at })
    return this.#peer.seenAs === null ? outcome : aboutTheClient(outcome)
  }
}

type Source = {
  size: number
  /** All of it, when it is small. */
  whole: Buffer | null
  chunks: AsyncIterable<Buffer>
  close(): void
}

/** A small content is read here and now, so that a fault of the spool is known before anything is said. */
async function openSource(opened: Content): Promise<Source> {
  const { size, whole } = opened
  if (whole) {
    if (whole.length !== size) throw new Error(`${whole.length} of ${size} bytes`)
    return { size, whole, chunks: none(), close() {} }
  }
  const { content } = opened
  const chunks = exactly(size, content)
  if (size > AT_ONCE) return { size, whole: null, chunks, close: () => content.destroy() }
  const read: Buffer[] = []
  for await (const chunk of chunks) read.push(chunk)
  return { size, whole: read[0] && read.length === 1 ? read[0] : Buffer.concat(read), chunks, close() {} }
}

async function* none(): AsyncGenerator<Buffer> {}

/** @throws when it is not the number of bytes that were spooled */
async function* exactly(size: number, content: Readable): AsyncGenerator<Buffer> {
  let seen = 0
  for await (const chunk of content as AsyncIterable<Buffer>) {
    seen += chunk.length
    if (seen > size) throw new Error(`more than the ${size} bytes that were spooled`)
    yield chunk
  }
  if (seen !== size) throw new Error(`${seen} of ${size} bytes`)
}

/** We could not read what we keep: later, and nobody else's fault. */
export function ourFault(error: unknown, at: Date): Outcome {
  const text = `the kept message could not be read: ${error instanceof Error ? error.message : String(error)}`
  return { ...ourOutcome('unknown', false, text, { at }), side: 'us' }
}
