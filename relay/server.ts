/**
 * The SMTP front: smtp-server with our connections, and the five stages of policy hung into its callbacks.
 *
 * The promise: a 250 to the end of data is made from a `Spooled` only, which `spool.append` gives out when the
 * message is on stable storage. Whatever ends a transaction before that keeps nothing; the sender still has
 * the message and comes again.
 */
import type { Readable } from 'node:stream'
import { newId } from '@restante/core/db/id.ts'
import type { Directory } from '@restante/core/directory/snapshot.ts'
import type { Log } from '@restante/core/observe/log.ts'
import type { Envelope, Spool, Spooled } from '@restante/core/spool/types.ts'
import { SMTPServer } from 'smtp-server'
import { RelayConnection, type Surroundings } from './connection.ts'
import { acceptedMessages, openConnections, receivedBytes, refusals, timeToReply } from './counters.ts'
import { envelopeOf } from './envelope.ts'
import type { RelayLimits } from './limits.ts'
import { takeMessage } from './message.ts'
import { connectPolicy } from './policy/connect.ts'
import { mailPolicy } from './policy/mail.ts'
import { rcptPolicy } from './policy/rcpt.ts'
import { Refused, type Reply, replies, textOf } from './replies.ts'
import type { Certificate } from './tls.ts'

export type RelayOptions = {
  hostname: string
  spool: Spool
  /** The directory as it is now, and whether it was ever read. */
  directory: () => { current: Directory; ready: boolean }
  certificate: Certificate
  limits: RelayLimits
  log: Log
  now?: () => number
}

export type Relay = {
  /** Resolves with the port. */
  listen(port: number, host: string): Promise<number>
  readonly connections: number
  /** Whether it accepts connections. */
  readonly listening: boolean
  /** Lets running transactions end, for at most `patience` ms. */
  close(patience?: number): Promise<void>
}

type Session = RelayConnection['session']
type Done = (error?: Error | null, message?: string) => void

/** Commands of old jokes, and of listeners that this one is not. */
const DISABLED = ['AUTH', 'WIZ', 'SHELL', 'KILL', 'XCLIENT', 'XFORWARD', 'LHLO']

class RelayServer extends SMTPServer {
  surroundings: Surroundings | undefined
  readonly bySession = new WeakMap<Session, RelayConnection>()

  override connect(...[socket, options]: Parameters<SMTPServer['connect']>): void {
    const connection = new RelayConnection(this, socket, options)
    connection.surroundings = this.surroundings!
    this.bySession.set(connection.session, connection)
    this.connections.add(connection)
    connection.on('error', error => this._onError(error))
    connection.init()
  }
}

export function createRelay(options: RelayOptions): Relay {
  const { hostname, spool, directory, limits, log, now = Date.now } = options
  const fromAddress = new Map<string, number>()
  const counted = new WeakSet<Session>()
  const unknownRecipients = new WeakMap<Session, number>()
  const surroundings: Surroundings = { limits, draining: false, onRefused: countRefusal }

  function countRefusal(reason: string): void {
    refusals.inc({ reason })
  }

  function refuse(session: Session, reply: Reply): Refused {
    countRefusal(reply.reason)
    log.debug({ event: 'relay.refused', reason: reply.reason, client: session.remoteAddress })
    return new Refused(reply)
  }

  function onConnect(session: Session, done: Done): void {
    const address = session.remoteAddress
    const count = (fromAddress.get(address) ?? 0) + 1
    fromAddress.set(address, count)
    counted.add(session)
    openConnections.set(server.connections.size)
    const verdict = connectPolicy(
      { total: server.connections.size, fromAddress: count, loopback: /^127\.|^::1$/.test(address) },
      limits,
    )
    done(verdict.type === 'refuse' ? refuse(session, verdict.reply) : null)
  }

  function onClose(session: Session): void {
    openConnections.set(server.connections.size)
    if (!counted.delete(session)) return
    const left = (fromAddress.get(session.remoteAddress) ?? 1) - 1
    if (left > 0) fromAddress.set(session.remoteAddress, left)
    else fromAddress.delete(session.remoteAddress)
  }

  function onMailFrom(address: { address: string; args: unknown }, session: Session, done: Done): void {
    const verdict = mailPolicy({
      sender: address.address,
      parameters: Object.keys(address.args || {}),
      smtputf8: Boolean(session.envelope.smtpUtf8),
    })
    done(verdict.type === 'refuse' ? refuse(session, verdict.reply) : null)
  }

  function onRcptTo(address: { address: string; args: unknown }, session: Session, done: Done): void {
    const { current, ready } = directory()
    const verdict = rcptPolicy(
      {
        address: address.address,
        parameters: Object.keys(address.args || {}),
        smtputf8: Boolean(session.envelope.smtpUtf8),
      },
      current,
      ready,
    )
    if (verdict.type === 'accept') {
      address.address = verdict.address
      done()
      return
    }
    const connection = server.bySession.get(session)
    connection?.forgiveError()
    const count = (unknownRecipients.get(session) ?? 0) + 1
    unknownRecipients.set(session, count)
    done(refuse(session, verdict.reply))
    if (count >= limits.unknownRecipients) connection?.end(replies.tooManyUnknown)
  }

  async function onData(stream: Readable, session: Session, done: Done): Promise<void> {
    const connection = server.bySession.get(session)
    const envelope = envelopeOf(session, newId(), new Date(now()))
    const taken = await takeMessage(stream, envelope, { hostname, spool, limits, log, now })
    switch (taken.type) {
      case 'accepted':
        countAccepted(envelope, taken.spooled, taken.waited)
        connection?.messageAccepted()
        done(null, textOf(replies.queued(taken.spooled.id)))
        break
      case 'refused':
        done(refuse(session, taken.reply))
        break
      case 'hang-up':
        connection?.end(taken.reply)
        break
      case 'aborted':
        countRefusal('aborted')
        log.info({ event: 'relay.aborted', id: envelope.id, client: session.remoteAddress })
        break
      default:
        taken satisfies never
    }
    if (surroundings.draining) setImmediate(() => connection?.end(replies.shuttingDown))
  }

  function countAccepted(envelope: Envelope, spooled: Spooled, waited: number): void {
    acceptedMessages.inc()
    receivedBytes.inc(spooled.size)
    timeToReply.observe(waited / 1_000)
    log.info({
      event: 'relay.accepted',
      id: spooled.id,
      client: envelope.client?.address,
      sender: envelope.sender,
      recipients: envelope.recipients.length,
      size: spooled.size,
    })
  }

  const server = new RelayServer({
    name: hostname,
    ...options.certificate,
    minVersion: 'TLSv1.2',
    size: limits.messageSize,
    maxRecipients: limits.recipients,
    maxCommandLength: limits.commandLine,
    socketTimeout: limits.idle,
    disabledCommands: DISABLED,
    disableReverseLookup: true,
    hideENHANCEDSTATUSCODES: false,
    hideDSN: false,
    hideREQUIRETLS: true,
    // Senders in the wild break the syntax; what matters is whether the recipient is ours.
    lenientAddressParsing: true,
    heloResponse: '%s',
    logger: false,
    onConnect,
    onClose,
    onMailFrom,
    onRcptTo,
    onData,
  })
  server.surroundings = surroundings
  // Broken connections and handshakes are the Internet's, not ours.
  server.on('error', (error: NodeJS.ErrnoException) => log.debug({ event: 'relay.connection-error', error }))

  return {
    listen(port, host) {
      return new Promise((resolve, reject) => {
        server.server.once('error', reject)
        server.listen(port, host, () => {
          server.server.off('error', reject)
          resolve((server.server.address() as { port: number }).port)
        })
      })
    },
    get connections() {
      return server.connections.size
    },
    get listening() {
      return server.server.listening
    },
    async close(patience = 8_000) {
      surroundings.draining = true
      const gone = new Promise<void>(resolve => server.server.close(() => resolve()))
      for (const connection of connectionsOf(server)) {
        if (!connection.busy) connection.end(replies.shuttingDown)
      }
      let timer: NodeJS.Timeout | undefined
      await Promise.race([gone, new Promise(resolve => (timer = setTimeout(resolve, patience)))])
      clearTimeout(timer)
      for (const connection of connectionsOf(server)) {
        connection.end(replies.shuttingDown)
        connection._socket.destroy()
      }
    },
  }
}

const connectionsOf = (server: SMTPServer) => [...server.connections] as RelayConnection[]
