/**
 * The ports that our own people and mail servers send through: submission with STARTTLS (RFC 6409) and over
 * implicit TLS (RFC 8314). A password is taken over TLS only.
 *
 * They share the relay's connections, limits and staging; what differs is who may come in (senders.ts) and what
 * becomes of a message (stages.ts).
 */
import { parseNetworks } from '@restante/core/config/networks.ts'
import { Clients } from '../clients/clients.ts'
import { Rates } from '../clients/rates.ts'
import type { RelayConnection, Surroundings } from '../connection.ts'
import { ADMISSION_REPLIES, openFront, type Relay } from '../front.ts'
import { RelayServer } from '../listener.ts'
import { Held } from '../message.ts'
import { Refusals } from '../refusals.ts'
import { Refused, type Reply, replies } from '../replies.ts'
import { watchRoom } from '../room.ts'
import type { RelayOptions } from '../server.ts'
import type { Done, Session } from '../stages.ts'
import { createSubmissionStages, type SubmissionStageOptions } from './stages.ts'

export type SubmissionOptions = Pick<
  RelayOptions,
  'hostname' | 'spool' | 'scanner' | 'staging' | 'directory' | 'limits' | 'log' | 'certificates' | 'ask'
> &
  Pick<SubmissionStageOptions, 'senders' | 'maySend' | 'suppressed'> & {
    /** TLS from the first byte (RFC 8314 §3.3); otherwise STARTTLS. */
    implicitTls: boolean
    now?: () => number
  }

const DISABLED = ['WIZ', 'SHELL', 'KILL', 'XFORWARD', 'XCLIENT', 'LHLO']
const LOOPBACK = parseNetworks('127.0.0.0/8, ::1')

export function createSubmission(options: SubmissionOptions): Relay {
  const { hostname, limits, log, now = Date.now } = options
  const rates = new Rates(now)
  const clients = new Clients({ limits, exempt: LOOPBACK, rates, now })
  const refusals = new Refusals(log)
  const surroundings: Surroundings = {
    limits,
    now,
    draining: false,
    greetingDelay: () => 0,
    mayForward: () => false,
    onForwarded: () => {},
    onRefused: reason => refusals.count(reason),
  }
  const watch = watchRoom(options.spool, log)
  const stages = createSubmissionStages({
    ask: async () => 'no-answer',
    ...options,
    now,
    held: new Held(limits.held),
    refusals,
    connectionOf: session => server.bySession.get(session),
    draining: () => surroundings.draining,
    room: () => watch.room,
  })

  function onConnect(session: Session, done: Done): void {
    const connection = server.bySession.get(session)
    const reply = connection && enter(connection)
    const objection = watch.room === 'none' ? replies.noRoom : reply
    if (objection) refusals.count(objection.reason)
    done(objection ? new Refused(objection) : null)
  }

  function enter(connection: RelayConnection): Reply | undefined {
    const { ticket, admission } = clients.enter(connection.remoteAddress)
    connection.ticket = ticket
    return admission === 'welcome' ? undefined : ADMISSION_REPLIES[admission]
  }

  const server = new RelayServer({
    name: hostname,
    secure: options.implicitTls,
    ...options.certificates.main,
    sniOptions: Object.fromEntries(options.certificates.byName),
    minVersion: 'TLSv1.2',
    // A mail server may show who it is; a person's program has nothing to show.
    requestCert: true,
    rejectUnauthorized: false,
    size: limits.messageSize,
    maxRecipients: limits.recipients,
    maxCommandLength: limits.commandLine,
    socketTimeout: limits.idle,
    disabledCommands: DISABLED,
    disableReverseLookup: true,
    hideENHANCEDSTATUSCODES: false,
    hideDSN: false,
    hideREQUIRETLS: true,
    heloResponse: '%s',
    logger: false,
    authMethods: ['PLAIN', 'LOGIN'],
    // Mail servers that are known by their network need none: the stages ask.
    authOptional: true,
    allowInsecureAuth: false,
    onConnect,
    onClose(session) {
      const connection = server.bySession.get(session)
      if (connection?.ticket) clients.leave(connection.ticket)
      if (!connection) return
      connection.ticket = undefined
      connection.onGone?.()
    },
    onAuth: stages.onAuth,
    onMailFrom: stages.onMailFrom,
    onRcptTo: stages.onRcptTo,
    onData: stages.onData,
  })
  server.surroundings = surroundings
  server.on('error', error => log.debug({ event: 'submission.connection-error', error }))

  return openFront({ server, surroundings, watch, refusals })
}
