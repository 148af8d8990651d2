/**
 * The SMTP front: smtp-server with our connections, who may connect, and the stages of a transaction
 * (stages.ts) hung into its callbacks.
 *
 * When every place is taken, a connection that does nothing makes room for the one that knocks: a flood of
 * idle or dripping clients costs them their connections, not honest senders theirs.
 */
import { TLSSocket } from 'node:tls'
import { type Networks, parseNetworks } from '@restante/core/config/networks.ts'
import { Clients } from './clients/clients.ts'
import { Rates } from './clients/rates.ts'
import type { RelayConnection, Surroundings } from './connection.ts'
import { connectionsTotal, heldBytes, openConnections, tlsConnections } from './counters.ts'
import { ADMISSION_REPLIES, openFront, type Relay } from './front.ts'
import { RelayServer } from './listener.ts'
import { Held } from './message.ts'
import { Refusals } from './refusals.ts'
import { type Reply, replies } from './replies.ts'
import { watchRoom } from './room.ts'
import { createStages, type Done, type Session, type StageOptions } from './stages.ts'
import type { Certificates } from './tls.ts'

export type RelayOptions = Pick<
  StageOptions,
  'hostname' | 'spool' | 'scanner' | 'staging' | 'directory' | 'limits' | 'log'
> & {
  certificates: Certificates
  ask?: StageOptions['ask']
  restore?: StageOptions['restore']
  bareNewlines?: StageOptions['bareNewlines']
  /** Loopback unless told. */
  exempt?: Networks
  proxies?: Networks
  forwarders?: Networks
  rates?: Rates
  now?: () => number
  /** ms between looks at the spool's room. */
  lookEvery?: number
}

/** Commands of old jokes, and of listeners that this one is not. */
const DISABLED = ['AUTH', 'WIZ', 'SHELL', 'KILL', 'XFORWARD', 'LHLO']
/** Connections looked at for one that can make room. The oldest come first. */
const ROOM_SEARCH = 2_000
const LOOPBACK = parseNetworks('127.0.0.0/8, ::1')
const NOBODY = parseNetworks('')

export function createRelay(options: RelayOptions): Relay {
  const { hostname, limits, log, now = Date.now, exempt = LOOPBACK, forwarders = NOBODY } = options
  const rates = options.rates ?? new Rates(now)
  const clients = new Clients({ limits, exempt, rates, now })
  const held = new Held(limits.held)
  const refusals = new Refusals(log)
  const surroundings: Surroundings = {
    limits,
    now,
    draining: false,
    greetingDelay: address => (clients.isKnown(address) ? 0 : limits.greetingDelay),
    mayForward: address => forwarders.has(address),
    onForwarded(connection) {
      // The filter in front has its own place no more: its client has one.
      if (connection.ticket) clients.leave(connection.ticket)
      const reply = enter(connection)
      if (reply) connection.end(reply)
    },
    onRefused: reason => refusals.count(reason),
  }
  const watch = watchRoom(options.spool, log, options.lookEvery)
  const stages = createStages({
    ask: async () => 'no-answer',
    bareNewlines: 'normalize',
    ...options,
    now,
    rates,
    clients,
    held,
    refusals,
    connectionOf: session => server.bySession.get(session),
    draining: () => surroundings.draining,
    room: () => watch.room,
  })

  function enter(connection: RelayConnection): Reply | undefined {
    const { ticket, admission } = clients.enter(connection.remoteAddress)
    connection.ticket = ticket
    return admission === 'welcome' ? undefined : ADMISSION_REPLIES[admission]
  }

  function onConnect(session: Session, done: Done): void {
    const connection = server.bySession.get(session)
    connectionsTotal.inc()
    openConnections.set(server.connections.size)
    const reply = connection && enter(connection)
    if (watch.room === 'none') done(stages.refuse(session, replies.noRoom))
    else if (reply) done(stages.refuse(session, reply))
    else if (server.connections.size > limits.connections && !makeRoom())
      done(stages.refuse(session, replies.tooManyConnections))
    else done(null)
  }

  /** @returns whether somebody could be sent away */
  function makeRoom(): boolean {
    let looked = 0
    for (const connection of server.connections as Set<RelayConnection>) {
      if (connection.dispensable) {
        connection.end(replies.makeRoom)
        // It need not agree to go.
        connection._socket.destroySoon()
        return true
      }
      if (++looked >= ROOM_SEARCH) break
    }
    return false
  }

  function onClose(session: Session): void {
    openConnections.set(server.connections.size)
    const connection = server.bySession.get(session)
    if (connection?.ticket) clients.leave(connection.ticket)
    if (!connection) return
    connection.ticket = undefined
    connection.onGone?.()
  }

  const server = new RelayServer({
    name: hostname,
    ...options.certificates.main,
    sniOptions: Object.fromEntries(options.certificates.byName),
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
    onSecure(socket, _session, done) {
      if (socket instanceof TLSSocket) tlsConnections.inc({ version: socket.getProtocol() ?? 'unknown' })
      done()
    },
    onMailFrom: stages.onMailFrom,
    onRcptTo: stages.onRcptTo,
    onData: stages.onData,
  })
  server.surroundings = surroundings
  server.proxies = options.proxies ?? NOBODY
  // Broken connections and handshakes are the Internet's, not ours.
  server.on('error', (error: NodeJS.ErrnoException) => log.debug({ event: 'relay.connection-error', error }))

  return openFront({
    server,
    surroundings,
    watch,
    refusals,
    onSweep: () => heldBytes.set(held.bytes),
  })
}
