/**
 * The listener: smtp-server's, with our connections on it, and with load balancers that say PROXY in front
 * (both versions; the original knows the first only).
 */
import type { Socket } from 'node:net'
import { type Networks, parseNetworks } from '@restante/core/config/networks.ts'
import { SMTPServer } from 'smtp-server'
import { RelayConnection, type Surroundings } from './connection.ts'
import { readProxyHeader } from './proxy-header.ts'
import { replies, textOf } from './replies.ts'
import type { Session } from './stages.ts'

/** ms that a load balancer has for its header. */
const PROXY_PATIENCE = 10_000
const NOBODY = parseNetworks('')

type ProxyDone = Parameters<SMTPServer['_handleProxy']>[1]

export class RelayServer extends SMTPServer {
  surroundings: Surroundings | undefined
  proxies: Networks = NOBODY
  readonly bySession = new WeakMap<Session, RelayConnection>()
  #connections = 0

  #nextId(): string {
    this.#connections++
    return String(this.#connections)
  }

  override connect(...[socket, options]: Parameters<SMTPServer['connect']>): void {
    const connection = new RelayConnection(this, socket, options)
    connection.surroundings = this.surroundings!
    this.bySession.set(connection.session, connection)
    this.connections.add(connection)
    connection.on('error', error => this._onError(error))
    connection.init()
  }

  override _expectsProxyHeader(socket: Socket): boolean {
    return this.proxies.has(socket.remoteAddress ?? '')
  }

  override _handleProxy(socket: Socket, done: ProxyDone): void {
    if (!this._expectsProxyHeader(socket)) {
      setImmediate(() => done(null, { id: this.#nextId() }))
      return
    }
    let bytes: Buffer = Buffer.alloc(0)
    const finish = (source?: { address: string; port: number } | 'invalid') => {
      clearTimeout(timer)
      socket.off('readable', read).off('close', give).off('end', give).off('error', give)
      if (source !== 'invalid') {
        done(null, {
          id: this.#nextId(),
          ...(source && { remoteAddress: source.address, remotePort: source.port }),
        })
        return
      }
      socket.on('error', () => {})
      socket.end(`${replies.badProxyHeader.code} ${textOf(replies.badProxyHeader)}\r\n`)
      socket.destroySoon()
      this.surroundings?.onRefused(replies.badProxyHeader.reason)
      done(new Error('no PROXY header'))
    }
    const give = () => finish('invalid')
    const read = () => {
      for (let chunk = socket.read() as Buffer | null; chunk; chunk = socket.read() as Buffer | null) {
        bytes = Buffer.concat([bytes, chunk])
        const header = readProxyHeader(bytes)
        if (header.type === 'incomplete') continue
        if (header.type === 'invalid') return give()
        const rest = bytes.subarray(header.length)
        if (rest.length > 0) socket.unshift(rest)
        return finish(header.source)
      }
    }
    const timer = setTimeout(give, PROXY_PATIENCE)
    socket.on('readable', read).on('close', give).on('end', give).on('error', give)
  }
}
