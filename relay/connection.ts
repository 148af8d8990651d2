/**
 * One connection: smtp-server's, with what a server in the open needs on top. A greeting without a fixed
 * wait, replies with the enhanced status of our ledger, and an end to whoever only makes errors, only talks,
 * or stays for ever.
 */
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js'
import type { RelayLimits } from './limits.ts'
import { RelayParser } from './parser.ts'
import { type Reply, replies, textOf } from './replies.ts'

/** What the server tells its connections; set before the first one. */
export type Surroundings = {
  limits: RelayLimits
  draining: boolean
  /** Counts a refusal that the connection itself decided on. */
  onRefused(reason: string): void
}

/** Carries its own enhanced status: smtp-server must not put another before it. */
const HAS_ENHANCED = /^[245]\.\d{1,3}\.\d{1,3} /

export class RelayConnection extends SMTPConnection {
  /** Set by the server right after construction. */
  surroundings!: Surroundings
  #errors = 0
  #commands = 0
  #deadline: NodeJS.Timeout | undefined

  override init(): void {
    this.#postpone()
    this._setListeners(() => {
      const { greetingDelay } = this.surroundings.limits
      if (greetingDelay > 0) setTimeout(() => this.connectionReady(), greetingDelay).unref()
      else this.connectionReady()
    })
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

  /** A message was accepted: whoever sends mail may stay. */
  messageAccepted(): void {
    this.#commands = 0
    this.#postpone()
  }

  /** In the middle of a transaction (RFC 5321 §3.3). */
  get busy(): boolean {
    return Boolean(this._dataStream) || Boolean(this.session.envelope?.mailFrom)
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
    const transaction = /^(mail|rcpt|data|quit)\b/i.test(command.toString('latin1', 0, 5))
    if (transaction || ++this.#commands <= this.surroundings.limits.idleCommands) return undefined
    return replies.tooManyCommands
  }

  override _onClose(): void {
    clearTimeout(this.#deadline)
    super._onClose()
  }

  /** RFC 5321 §3.5.3: an address is neither confirmed nor denied. */
  override handler_VRFY(command: Buffer, callback: () => void): void {
    if (command.toString().trim().includes(' '))
      this.send(252, '2.5.0 Cannot verify, but will take mail for it')
    else this.send(501, '5.5.4 Syntax: VRFY address')
    callback()
  }

  override handler_HELP(_command: Buffer, callback: () => void): void {
    this.send(214, '2.0.0 See RFC 5321')
    callback()
  }

  #postpone(): void {
    clearTimeout(this.#deadline)
    this.#deadline = setTimeout(() => {
      if (this._dataStream) this.#postpone()
      else this.end(replies.tooLong)
    }, this.surroundings.limits.session)
    this.#deadline.unref()
  }
}

/** Reasons of refusals that smtp-server itself decides on, by its context codes. */
const LIBRARY_REASONS: Readonly<Record<string, string>> = {
  MESSAGE_TOO_BIG: 'too-large',
  TOO_MANY_RECIPIENTS: 'too-many-recipients',
  SENDER_SYNTAX_ERROR: 'bad-sender',
  MAILBOX_SYNTAX_ERROR: 'bad-recipient',
}
