/**
 * One connection to a mail server, open and signed in, fit for transactions one after the other.
 *
 * Opening never throws for what the other side does: it gives a Peer or the outcome that says why not.
 * With `tls=opportunistic` a handshake that fails is tried again in clear (RFC 7435 §3), but never with a
 * password. Certificates are checked for `required` and `implicit`; on loopback there is nobody in between,
 * and names there mean nothing.
 */
import { isIP, type Socket } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import type { BackendHost } from '@restante/core/directory/backends.ts'
import { proxyHeader } from '@restante/core/directory/proxy-protocol.ts'
import { classify } from '@restante/core/outcome/classify.ts'
import type { Outcome, Phase } from '@restante/core/outcome/types.ts'
import { aboutTheClient, type ClientFacts } from './client-facts.ts'
import { type Extensions, readExtensions } from './extensions.ts'
import { Link, linkError, openSocket, type PeerError, startTls } from './link.ts'

export type { PeerError } from './link.ts'

export type DialOptions = {
  /** The name we greet with. */
  name: string
  /** ms for DNS, connect and TLS together. */
  connectTimeout: number
  /** ms until the greeting. */
  greetingTimeout: number
  /** ms until the reply to a command. RFC 5321 §4.5.3.2 wants 5 minutes; the others follow from it. */
  idleTimeout: number
  /** An open connection to use instead of dialing. */
  socket?: Socket
  /** The name for TLS and outcomes, when it is not the host dialed. */
  serverName?: string
  /** Asked of the certificate, besides what the host's own setting asks. */
  proof?: Proof
  /** Whose mail it is for, where the server is told so by the connection. */
  client?: ClientFacts | null
}

export const DELIVERY_TIMEOUTS = { connectTimeout: 10_000, greetingTimeout: 30_000, idleTimeout: 300_000 }
export const PROBE_TIMEOUTS = { connectTimeout: 8_000, greetingTimeout: 8_000, idleTimeout: 8_000 }

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

/** What the other side has to show; the connection is encrypted in any case. */
export type Proof = {
  by: 'dane' | 'mta-sts'
  /** Looks at the certificate instead of the authorities. @returns what is wrong with it */
  check?: (socket: TLSSocket) => Error | null
  /** In place of the system's authorities. */
  ca?: string
}

/** Why a connection did not come to be: what the server said, or what happened. */
type Fault = { what: string | PeerError; phase: Phase }

async function open(host: BackendHost, options: DialOptions, clear: boolean): Promise<Dialed> {
  const name = options.serverName ?? host.host
  const opened = await connectTo(host, options)
  const fault = opened instanceof Peer ? await introduce(opened, options, clear) : opened
  if (!fault && opened instanceof Peer) return { type: 'open', peer: opened }
  if (opened instanceof Peer) opened.close()
  const { what, phase } = fault ?? { what: 'no answer', phase: 'connect' }
  const outcome = classify(what, { phase, host: name })
  const known = opened instanceof Peer && opened.seenAs !== null
  return { type: 'failed', outcome: known ? aboutTheClient(outcome) : outcome }
}

function tlsOptions(host: BackendHost, options: DialOptions): ConnectionOptions {
  const name = options.serverName ?? host.host
  return {
    servername: isIP(name) ? undefined : name,
    rejectUnauthorized: options.proof
      ? !options.proof.check
      : (host.tls === 'required' || host.tls === 'implicit') && !isLoopback(host.host),
    ...(options.proof?.ca && { ca: options.proof.ca }),
    minVersion: 'TLSv1.2',
  }
}

async function connectTo(host: BackendHost, options: DialOptions): Promise<Peer | Fault> {
  const tls = host.tls === 'implicit' ? tlsOptions(host, options) : null
  const to = { host: host.host, port: host.port, tls }
  const socket =
    options.socket ??
    (host.client === 'proxy' || host.client === 'proxy2'
      ? await openForClient(to, host.client, options)
      : await openSocket(to, options.connectTimeout))
  if (!(socket instanceof Error)) {
    const peer = new Peer(new Link(socket), host, options, tls !== null)
    if (host.client === 'proxy' || host.client === 'proxy2') peer.seenAs = options.client?.address ?? null
    return peer
  }
  const unresolved = (socket as NodeJS.ErrnoException).syscall === 'getaddrinfo'
  return { what: socket, phase: unresolved ? 'dns' : 'connect' }
}

/** The PROXY protocol's header goes in front of everything, TLS too. */
async function openForClient(
  { tls, ...to }: Parameters<typeof openSocket>[0],
  way: 'proxy' | 'proxy2',
  { client, connectTimeout }: DialOptions,
): Promise<Socket | PeerError> {
  const socket = await openSocket({ ...to, tls: null }, connectTimeout)
  if (socket instanceof Error) return socket
  socket.write(proxyHeader(way, client?.address ?? null, socket))
  return tls ? await startTls(socket, tls, connectTimeout) : socket
}

/** Greeting, EHLO, STARTTLS, AUTH. @returns what stood in the way */
async function introduce(peer: Peer, options: DialOptions, clear: boolean): Promise<Fault | null> {
  const greeting = await peer.link.reply(options.greetingTimeout)
  if (!isPositive(greeting)) return { what: greeting, phase: 'greeting' }
  const refused = await hello(peer)
  if (refused) return refused
  const { host } = peer
  if (!clear && !peer.secure) {
    const fault = peer.extensions.has('STARTTLS')
      ? await upgrade(peer, options)
      : host.tls === 'required'
        ? { what: linkError('the server does not offer STARTTLS', 'ETLS'), phase: 'tls' as const }
        : null
    if (fault) return fault
  }
  return host.user ? await signIn(peer, host.user, host.password ?? '') : null
}

/** @returns what stood in the way */
export async function hello(peer: Peer, name = peer.ourName): Promise<Fault | null> {
  const lmtp = peer.host.protocol === 'lmtp'
  const answer = await peer.command(`${lmtp ? 'LHLO' : 'EHLO'} ${name}`)
  if (isPositive(answer)) {
    peer.extensions = readExtensions(answer as string)
    peer.called = /^250[- ](\S+)/.exec(answer as string)?.[1] ?? ''
    return null
  }
  // RFC 5321 §3.2: a server may know no EHLO.
  if (lmtp || typeof answer !== 'string' || !/^5\d\d/.test(answer)) return { what: answer, phase: 'ehlo' }
  const old = await peer.command(`HELO ${name}`)
  peer.extensions = readExtensions('')
  return isPositive(old) ? null : { what: old, phase: 'ehlo' }
}

async function upgrade(peer: Peer, options: DialOptions): Promise<Fault | null> {
  const { host } = peer
  const answer = await peer.command('STARTTLS')
  if (!isPositive(answer)) {
    const goOn = host.tls === 'opportunistic' && !host.user && !peer.link.lost
    return goOn ? null : { what: answer, phase: 'tls' }
  }
  // Whatever was said after that, in clear, was said by somebody else.
  if (!peer.link.quiet) return { what: linkError('said more before TLS', 'ETLS'), phase: 'tls' }
  const socket = await startTls(peer.link.release(), tlsOptions(host, options), options.connectTimeout)
  if (socket instanceof Error) return { what: socket, phase: 'tls' }
  peer.link.use(socket)
  peer.secure = true
  const fault = options.proof?.check?.(socket as TLSSocket)
  if (fault) return { what: fault, phase: 'tls' }
  peer.proof = options.proof?.by ?? null
  return await hello(peer)
}

/** RFC 4954, RFC 4616; LOGIN for servers that know nothing else. */
async function signIn(peer: Peer, user: string, password: string): Promise<Fault | null> {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const methods = peer.extensions.methods
  let answer: string | PeerError
  if (methods.includes('PLAIN') || !methods.includes('LOGIN')) {
    answer = await peer.command(`AUTH PLAIN ${base64(`\0${user}\0${password}`)}`)
  } else {
    answer = await peer.command('AUTH LOGIN')
    for (const secret of [user, password]) {
      if (typeof answer === 'string' && answer.startsWith('334')) answer = await peer.command(base64(secret))
    }
  }
  return isPositive(answer) ? null : { what: answer, phase: 'auth' }
}

const isPositive = (reply: string | PeerError): boolean => typeof reply === 'string' && reply.startsWith('2')

export class Peer {
  readonly link: Link
  /** The other side's name, for outcomes. */
  readonly name: string
  readonly host: BackendHost
  readonly idleTimeout: number
  /** The name we greet with. */
  readonly ourName: string
  /** Whose connection the server takes it for (client-facts.ts); null: ours. */
  seenAs: string | null = null
  extensions: Extensions = readExtensions('')
  /** What it calls itself in answer to EHLO. */
  called = ''
  /** The connection is encrypted. */
  secure: boolean
  /** How it has shown who it is, where its domain asks for that. */
  proof: Proof['by'] | null = null
  /** Transactions begun on it. */
  transactions = 0
  /** The last one did not end cleanly: RSET before the next (RFC 5321 §4.1.1.5). */
  dirty = false

  constructor(link: Link, host: BackendHost, options: DialOptions, secure: boolean) {
    this.link = link
    this.host = host
    this.name = options.serverName ?? host.host
    this.idleTimeout = options.idleTimeout
    this.ourName = options.name
    this.secure = secure
  }

  /** Whether another transaction can be begun. A server that spoke up by itself has said goodbye. */
  get usable(): boolean {
    return this.link.lost === null && this.link.quiet
  }

  /** Called once when the connection is gone. */
  onEnd(callback: () => void): void {
    this.link.onEnd(callback)
  }

  /** Sends one command and gives its reply, or the error when the connection is lost. */
  async command(line: string): Promise<string | PeerError> {
    this.link.write(`${line}\r\n`)
    return await this.link.reply(this.idleTimeout)
  }

  /** Ends a transaction that went wrong. @returns false when the connection is of no more use */
  async reset(): Promise<boolean> {
    const well = isPositive(await this.command('RSET'))
    this.dirty = false
    if (!well) this.close()
    return well
  }

  /** Says goodbye, without waiting for an answer. */
  quit(): void {
    if (this.link.lost) return
    this.link.write('QUIT\r\n')
    setTimeout(() => this.close(), 2_000).unref()
  }

  /** Hangs up. */
  close(): void {
    this.link.fail(linkError('Connection closed by us', 'ECONNECTION'))
  }
}
