/**
 * One connection to a mail server, open and signed in, fit for transactions one after the other.
 *
 * Opening never throws for what the other side does: it gives a Peer or the outcome that says why not.
 * With `tls=opportunistic` a handshake that fails is tried again in clear (RFC 7435 §3), but never with a
 * password. Certificates are checked for `required` and `implicit`; on loopback there is nobody in between,
 * and names there mean nothing.
 */
import { isIP, type Socket } from 'node:net'
import type { BackendHost } from '@restante/core/directory/backends.ts'
import { classify } from '@restante/core/outcome/classify.ts'
import type { Outcome, Phase } from '@restante/core/outcome/types.ts'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { type Extensions, readExtensions, Transcript } from './transcript.ts'

export type DialOptions = {
  /** The name we greet with. */
  name: string
  /** ms for DNS, connect and TLS together. */
  connectTimeout: number
  /** ms until the greeting. */
  greetingTimeout: number
  /** ms without a sign of life, in any later phase. RFC 5321 §4.5.3.2 wants 5 minutes at least. */
  idleTimeout: number
  /** An open connection to use instead of dialing. */
  socket?: Socket
  /** The name for TLS and outcomes, when it is not the host dialed. */
  serverName?: string
}

export const DELIVERY_TIMEOUTS = { connectTimeout: 10_000, greetingTimeout: 30_000, idleTimeout: 300_000 }
export const PROBE_TIMEOUTS = { connectTimeout: 8_000, greetingTimeout: 8_000, idleTimeout: 8_000 }

/** Bytes of one reply at most. */
const LONGEST_REPLY = 64 * 1024

export type Dialed = { type: 'open'; peer: Peer } | { type: 'failed'; outcome: Outcome }

export async function dial(host: BackendHost, options: DialOptions): Promise<Dialed> {
  const first = await open(host, options, host.tls === 'none')
  const mayGoClear =
    host.tls === 'opportunistic' &&
    !host.user &&
    !options.socket &&
    first.type === 'failed' &&
    (first.outcome.phase === 'tls' || first.outcome.category === 'tls-fault')
  return mayGoClear ? await open(host, options, true) : first
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

async function open(host: BackendHost, options: DialOptions, clear: boolean): Promise<Dialed> {
  const transcript = new Transcript()
  const strict = (host.tls === 'required' || host.tls === 'implicit') && !isLoopback(host.host)
  const connection = new SMTPConnection({
    host: host.host,
    port: host.port,
    secure: host.tls === 'implicit',
    ignoreTLS: clear,
    requireTLS: host.tls === 'required',
    opportunisticTLS: host.tls === 'opportunistic' && !host.user,
    servername: options.serverName,
    lmtp: host.protocol === 'lmtp',
    name: options.name,
    connection: options.socket,
    connectionTimeout: options.connectTimeout,
    greetingTimeout: options.greetingTimeout,
    dnsTimeout: options.connectTimeout,
    socketTimeout: options.idleTimeout,
    socketCloseTimeout: 1_000,
    maxResponseSize: LONGEST_REPLY,
    allowInternalNetworkInterfaces: true,
    logger: transcript.logger,
    transactionLog: true,
    customAuth: { [SPEAK]: context => peer.spoken(line => context.sendCommand(line)) },
    tls: { rejectUnauthorized: strict, minVersion: 'TLSv1.2' },
  })
  const name = options.serverName ?? host.host
  const peer: Peer = new Peer(connection, transcript, name, host)
  const error = await peer.attempt(done => connection.connect(done))
  if (error === null && host.user) {
    transcript.phase = 'auth'
    const refused = await peer.attempt(done =>
      connection.login({ user: host.user, pass: host.password ?? '' }, done),
    )
    if (refused === null) return { type: 'open', peer: peer.ready() }
    return failed(peer, refused, name)
  }
  return error === null ? { type: 'open', peer: peer.ready() } : failed(peer, error, name)
}

function failed(peer: Peer, error: PeerError, host: string): Dialed {
  peer.close()
  return { type: 'failed', outcome: classify(error, { phase: phaseOf(error, peer.transcript.phase), host }) }
}

function phaseOf(error: PeerError, reached: Phase): Phase {
  if (error.code === 'ETLS') return 'tls'
  if (error.code === 'EDNS') return 'dns'
  return reached
}

export type PeerError = Error & {
  code?: string
  originalCode?: string
  response?: string
  timeoutType?: string
}

type Say = (line: string) => Promise<{ response: string }>
const SPEAK = 'X-SPEAK'

export class Peer {
  readonly connection: SMTPConnection
  readonly transcript: Transcript
  /** The other side's name, for outcomes. */
  readonly name: string
  readonly host: BackendHost
  extensions: Extensions = readExtensions('')
  /** Transactions begun on it. */
  transactions = 0
  /** The last one did not end cleanly: RSET before the next (RFC 5321 §4.1.1.5). */
  dirty = false
  #lost: PeerError | null = null
  #waiting = new Set<(error: PeerError) => void>()
  #onEnd: () => void = () => {}
  #speak: (say: Say) => Promise<void> = async () => {}

  constructor(connection: SMTPConnection, transcript: Transcript, name: string, host: BackendHost) {
    this.connection = connection
    this.transcript = transcript
    this.name = name
    this.host = host
    connection.on('error', (error: PeerError) => this.#fail(error))
    connection.on('end', () => this.#fail(new Error('Connection closed')))
  }

  get usable(): boolean {
    return this.#lost === null
  }

  /** Whether the connection is encrypted. */
  get secure(): boolean {
    return this.connection.secure
  }

  /** Called once when the connection is gone. */
  onEnd(callback: () => void): void {
    this.#onEnd = callback
  }

  ready(): this {
    this.extensions = readExtensions(this.transcript.ehlo)
    return this
  }

  /** Runs something that calls back; resolves with its error or null, also when the connection is lost. */
  attempt(work: (done: (error?: PeerError | null) => void) => void): Promise<PeerError | null> {
    if (this.#lost) return Promise.resolve(this.#lost)
    return new Promise(resolve => {
      const settle = (error: PeerError | null) => {
        this.#waiting.delete(settle)
        resolve(error)
      }
      this.#waiting.add(settle)
      work(error => settle(error ?? null))
    })
  }

  /**
   * Sends one command and gives its reply, or the error when the connection is lost. By way of an
   * authentication of our own making: that is how the library lets others speak on its connection.
   */
  async command(line: string): Promise<string | PeerError> {
    let reply: string | null = null
    this.#speak = async say => {
      reply = (await say(line)).response
    }
    const error = await this.attempt(done => this.connection.login({ method: SPEAK }, done))
    return reply ?? error ?? new Error('no answer')
  }

  /** Handler of the made-up authentication method SPEAK. */
  async spoken(say: Say): Promise<void> {
    await this.#speak(say)
  }

  /** Ends a transaction that went wrong. @returns false when the connection is of no more use */
  async reset(): Promise<boolean> {
    const error = await this.attempt(done => this.connection.reset(done))
    this.dirty = false
    if (error) this.close()
    return error === null
  }

  /** Says goodbye, without waiting for an answer. */
  quit(): void {
    if (this.#lost) return
    this.connection.quit()
    setTimeout(() => this.connection.close(), 2_000).unref()
  }

  /** Hangs up. */
  close(): void {
    this.connection.close()
    this.#fail(new Error('Connection closed by us'))
  }

  #fail(error: PeerError): void {
    if (this.#lost) return
    this.#lost = error
    // The callback of what was under way comes with the better error, right after this event.
    setImmediate(() => {
      for (const settle of this.#waiting) settle(error)
    })
    this.#onEnd()
  }
}
