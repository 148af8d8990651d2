/**
 * One connection: smtp-server's, with what a server in the open needs on top. A greeting that only strangers
 * wait for, replies with the enhanced status of our ledger, and an end to whoever only makes errors, only
 * talks, or stays for ever.
 *
 * It has no timers of its own but the wait before the greeting: the server looks at all of them once a second
 * (`overdue`), so that thousands of idle ones cost no more than their sockets.
 */
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js'
import type { Ticket } from './clients/clients.ts'
import type { RelayLimits } from './limits.ts'
import { RelayParser } from './parser.ts'
import { type Reply, replies, textOf } from './replies.ts'

/** What the server tells its connections. */
export type Surroundings = {
  limits: RelayLimits
  now: () => number
  draining: boolean
  /** ms that this client waits for its greeting. */
  greetingDelay(address: string): number
  /** Whether it may tell us its client's address (XCLIENT). */
  mayForward(address: string): boolean
  /** Its address is another one now, by XCLIENT. */
  onForwarded(connection: RelayConnection): void
  /** Counts a refusal that the connection itself decided on. */
  onRefused(reason: string): void
}

/** Carries its own enhanced status: smtp-server must not put another before it. */
const HAS_ENHANCED = /^[245]\.\d{1,3}\.\d{1,3} /
/** `<"local part"@domain>` */
const QUOTED_PATH = /<("(?:[^"\\\p{Cc}]|\\[^\p{Cc}])*")@([^<>@\s]*)>/u
const STAND_IN = 'quoted'
/** ms of a slow transaction before it may be ended for its pace when others need its place. */
const PACE_SHOWS_AFTER = 10_000

export class RelayConnection extends SMTPConnection {
  /** Set by the server right after construction. */
  surroundings!: Surroundings
  /** Its place in the counts, while it is counted. */
  ticket: Ticket | undefined
  /** Called when it has closed: whoever works on its message may stop. */
  onGone: (() => void) | undefined
  /** Recipients refused as unknown on this connection. */
  unknownRecipients = 0
  #errors = 0
  #commands = 0
  #startedAt = 0
  /** When it last said something that was no nonsense. */
  #heardAt = 0
  #transactionAt = 0

  override init(): void {
    this.#startedAt = this.#heardAt = this.surroundings.now()
    this._setListeners(() => {
      const delay = this.surroundings.greetingDelay(this.remoteAddress)
      if (delay > 0) setTimeout(() => this.#greet(), delay).unref()
      else this.connectionReady()
    })
  }

  #greet(): void {
    if (this._closing || this._closed) return
    // A line that has no end yet is talk, too.
    if (this._parser && this._parser._remainder !== '') this.end(replies.earlyTalker)
    else this.connectionReady()
  }

  override _createParser() {
    const parser = new RelayParser({ maxCommandLength: this._server.options.maxCommandLength })
    parser.oncommand = (command, callback) => this._onCommand(command, callback)
    parser.on('error', error => this.send(421, `Error: ${error.message}`))
    return parser
  }

  override send(code: number, data?: string | string[] | null, context?: string | false): void {
    const ours = typeof data === 'string' && HAS_ENHANCED.test(data)
    super.send(code, data, ours ? false : context)
    if (code < 400) return
    if (!ours) this.surroundings.onRefused(LIBRARY_REASONS[context || ''] ?? 'protocol')
    if (code < 500 || this._closing || this._closed) return
    if (++this.#errors >= this.surroundings.limits.errors) this.end(replies.tooManyErrors)
  }

  /** Says goodbye with a reason and closes. */
  end(reply: Reply): void {
    if (this._closing || this._closed) return
    this.surroundings.onRefused(reply.reason)
    this.send(reply.code, textOf(reply))
    this.close()
  }

  /** A refused recipient is no error of the client, until there are many. */
  forgiveError(): void {
    this.#errors--
  }

  /** MAIL was accepted: the time for the transaction runs. */
  transactionBegun(): void {
    this.#transactionAt = this.surroundings.now()
  }

  /** ms since MAIL. */
  get transactionAge(): number {
    return this.surroundings.now() - this.#transactionAt
  }

  /** A message was accepted: whoever sends mail may stay. */
  messageAccepted(): void {
    this.#commands = 0
    this.#startedAt = this.surroundings.now()
  }

  /** In the middle of a transaction (RFC 5321 §3.3). */
  get busy(): boolean {
    return Boolean(this._dataStream) || Boolean(this.session.envelope?.mailFrom)
  }

  /** Why it has to end now, if it has to. While it waits for us it never has to. */
  overdue(): Reply | undefined {
    const { limits, now } = this.surroundings
    if (this.#waitsForUs) return undefined
    if (!this.busy) return now() - this.#startedAt > limits.session ? replies.tooLong : undefined
    const allowed = limits.data + (this.#taken / limits.dataRate) * 1_000
    return this.transactionAge > allowed ? replies.tooSlow : undefined
  }

  /** Whether it may be sent away for another one that knocks: it does nothing, or next to nothing. */
  get dispensable(): boolean {
    const { limits, now } = this.surroundings
    if (this.#waitsForUs) return false
    if (!this._dataStream) return now() - this.#heardAt > limits.makeRoomAfter
    const age = this.transactionAge
    return age > PACE_SHOWS_AFTER && (this.#taken / age) * 1_000 < limits.dataRate
  }

  /** The client has said what it had to say, and our answer is due. */
  get #waitsForUs(): boolean {
    if (this._handlerPending) return true
    return Boolean(this._dataStream && this._parser && !this._parser._dataMode)
  }

  /** Bytes of the message that is coming in. */
  get #taken(): number {
    return this._dataStream && this._parser ? this._parser.dataBytes : 0
  }

  override _onCommand(command: Buffer, callback?: () => void): void {
    const objection = this.#objection(command)
    if (objection) this.end(objection)
    else super._onCommand(command, callback)
  }

  #objection(command: Buffer): Reply | undefined {
    // What was sent in the clear before a TLS handshake is dropped, unanswered (RFC 3207 §4.2).
    if (this._upgrading) return undefined
    if (!this._ready) return replies.earlyTalker
    if (this.surroundings.draining && !this.busy) return replies.shuttingDown
    this.#heardAt = this.surroundings.now()
    const transaction = /^(mail|rcpt|data|quit)\b/i.test(command.toString('latin1', 0, 5))
    if (transaction || ++this.#commands <= this.surroundings.limits.idleCommands) return undefined
    return replies.tooManyCommands
  }

  /** RFC 5321 §3.5.3: an address is neither confirmed nor denied. */
  override handler_VRFY(command: Buffer, callback: () => void): void {
    if (command.toString().trim().includes(' '))
      this.send(252, '2.5.0 Cannot verify, but will take mail for it')
    else this.send(501, '5.5.4 Syntax: VRFY address')
    callback()
  }

  /** RFC 5321 §4.1.1.5: no argument. */
  override handler_RSET(command: Buffer, callback: () => void): void {
    if (command.toString().trim().includes(' ')) {
      this.send(501, '5.5.4 Syntax: RSET')
      callback()
    } else super.handler_RSET(command, callback)
  }

  /** A quoted local part may hold spaces, @ and > (RFC 5321 §4.1.2), at which the original cuts. */
  override _parseAddressCommand(name: string, command: Buffer | string) {
    const text = command.toString()
    const [path, quoted, domain] = QUOTED_PATH.exec(text) ?? []
    if (path === undefined) return super._parseAddressCommand(name, command)
    const parsed = super._parseAddressCommand(
      name,
      text.replace(path, () => `<${STAND_IN}@${domain}>`),
    )
    if (parsed) parsed.address = `${quoted}${parsed.address.slice(STAND_IN.length)}`
    return parsed
  }

  override handler_HELP(_command: Buffer, callback: () => void): void {
    this.send(214, '2.0.0 See RFC 5321')
    callback()
  }

  /** XCLIENT is there for those only whom a setting names; to others it is an unknown command. */
  override _proxyCommandAllowed(command: string, _option: 'useXClient' | 'useXForward'): boolean {
    return (
      command === 'XCLIENT' &&
      !this._xClient.has('ADDR') &&
      this.surroundings.mayForward(this._originalRemoteAddress)
    )
  }

  override _isDisabled(command: string): boolean {
    if (command === 'XCLIENT') return !this.surroundings.mayForward(this._originalRemoteAddress)
    return super._isDisabled(command)
  }

  override handler_XCLIENT(command: Buffer, callback: () => void): void {
    const before = this.remoteAddress
    super.handler_XCLIENT(command, () => {
      if (this.remoteAddress !== before) this.surroundings.onForwarded(this)
      callback()
    })
  }
}

/** Reasons of refusals that smtp-server itself decides on, by its context codes. */
const LIBRARY_REASONS: Readonly<Record<string, string>> = {
  MESSAGE_TOO_BIG: 'too-large',
  TOO_MANY_RECIPIENTS: 'too-many-recipients',
  SENDER_SYNTAX_ERROR: 'bad-sender',
  MAILBOX_SYNTAX_ERROR: 'bad-recipient',
}
