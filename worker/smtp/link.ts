/**
 * One connection to a mail server: bytes out, replies in, in order. Whoever sends several commands at once
 * asks for as many replies.
 *
 * Nothing here throws: a reply that will not come is the error that says why (lost, too late, without end).
 */
import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { ReplyParser } from './replies.ts'

export type PeerError = Error & {
  code?: string
  originalCode?: string
  response?: string
  timeoutType?: string
}

/** Characters of replies that nobody asked for, at most. */
const MOST_UNREAD = 1024 * 1024

export function linkError(message: string, code: string, timeoutType?: string): PeerError {
  return Object.assign(new Error(message), { code, ...(timeoutType && { timeoutType }) })
}

/** Opens a TCP or TLS connection. @returns the socket, or why there is none */
export function openSocket(
  to: { host: string; port: number; tls: ConnectionOptions | null },
  timeout: number,
): Promise<Socket | PeerError> {
  const socket = to.tls
    ? connectTls({ ...to.tls, host: to.host, port: to.port })
    : connect({ host: to.host, port: to.port })
  return whenOpen(socket, to.tls ? 'secureConnect' : 'connect', timeout)
}

/** RFC 3207: goes on in TLS on a connection that is open. */
export function startTls(
  socket: Socket,
  options: ConnectionOptions,
  timeout: number,
): Promise<Socket | PeerError> {
  return whenOpen(connectTls({ ...options, socket }), 'secureConnect', timeout)
}

function whenOpen(socket: Socket, event: string, timeout: number): Promise<Socket | PeerError> {
  return new Promise(resolve => {
    const end = (result: Socket | PeerError) => {
      clearTimeout(timer)
      socket.off('error', end)
      socket.off('close', closed)
      if (result instanceof Error) {
        socket.on('error', () => {})
        socket.destroy()
      }
      resolve(result)
    }
    const closed = () => end(linkError('Connection closed', 'ECONNECTION'))
    const timer = setTimeout(
      () => end(linkError('Connection timeout', 'ETIMEDOUT', 'connection')),
      Math.max(1, timeout),
    )
    socket.once('error', end)
    socket.once('close', closed)
    socket.once(event, () => end(socket))
  })
}

export class Link {
  #socket!: Socket
  #parser = new ReplyParser()
  #replies: string[] = []
  #unread = 0
  #waiter: ((reply: string | PeerError) => void) | null = null
  #lost: PeerError | null = null
  #onEnd: () => void = () => {}

  constructor(socket: Socket) {
    this.use(socket)
  }

  /** Null while the connection is there. */
  get lost(): PeerError | null {
    return this.#lost
  }

  /** Nothing was said that nobody asked for. */
  get quiet(): boolean {
    return this.#replies.length === 0 && this.#parser.empty
  }

  get socket(): Socket {
    return this.#socket
  }

  onEnd(callback: () => void): void {
    this.#onEnd = callback
  }

  /** Talks on this socket from now on. */
  use(socket: Socket): void {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('error', (error: PeerError) => this.fail(error))
    socket.on('close', () => this.fail(linkError('Connection closed', 'ECONNECTION')))
  }

  /** Lets go of the socket, which somebody else (TLS) is going to use. */
  release(): Socket {
    this.#socket.removeAllListeners('data')
    this.#socket.removeAllListeners('error')
    this.#socket.removeAllListeners('close')
    return this.#socket
  }

  /** @returns false when it is more than the socket wants to hold: wait for `drained` */
  write(bytes: string | Buffer): boolean {
    return this.#lost ? true : this.#socket.write(bytes)
  }

  async drained(timeout: number): Promise<void> {
    if (this.#lost || !this.#socket.writableNeedDrain) return
    const socket = this.#socket
    await new Promise<void>(resolve => {
      const timer = setTimeout(() => this.fail(linkError('Timeout', 'ETIMEDOUT', 'socket')), timeout)
      const end = () => {
        clearTimeout(timer)
        socket.off('drain', end)
        socket.off('close', end)
        resolve()
      }
      socket.on('drain', end)
      socket.on('close', end)
    })
  }

  /** The next reply, one caller at a time. What was said before the connection was lost is still given out. */
  reply(timeout: number): Promise<string | PeerError> {
    const said = this.#replies.shift()
    if (said !== undefined) {
      this.#unread -= said.length
      return Promise.resolve(said)
    }
    if (this.#lost) return Promise.resolve(this.#lost)
    return new Promise(resolve => {
      const timer = setTimeout(() => this.fail(linkError('Timeout', 'ETIMEDOUT', 'socket')), timeout)
      this.#waiter = reply => {
        clearTimeout(timer)
        this.#waiter = null
        resolve(reply)
      }
    })
  }

  /** Ends it, with the reason that whoever waits is given. */
  fail(error: PeerError): void {
    if (this.#lost) return
    this.#lost = error
    this.#socket.destroy()
    this.#waiter?.(error)
    this.#onEnd()
  }

  #take(chunk: Buffer): void {
    if (this.#lost) return
    try {
      for (const reply of this.#parser.push(chunk)) {
        if (this.#waiter) this.#waiter(reply)
        else {
          this.#replies.push(reply)
          this.#unread += reply.length
        }
      }
    } catch (error) {
      this.fail(error as PeerError)
    }
    if (this.#unread > MOST_UNREAD) this.fail(linkError('replies without end', 'EPROTOCOL'))
  }
}
