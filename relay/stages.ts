/**
 * The stages of a transaction, as smtp-server calls them: policy decides, rates are taken, the message goes
 * into the spool, replies go out.
 *
 * The promise: a 250 to the end of data is made from a `Spooled` only, which `spool.append` gives out when the
 * message is on stable storage. Whatever ends a transaction before that keeps nothing; the sender still has
 * the message and comes again.
 */
import type { Readable } from 'node:stream'
import { newId } from '@restante/core/db/id.ts'
import { domainOf, normalizeAddress } from '@restante/core/directory/addresses.ts'
import { withForwards } from '@restante/core/directory/forwards.ts'
import type { Directory } from '@restante/core/directory/snapshot.ts'
import type { Log } from '@restante/core/observe/log.ts'
import type { Envelope, Spool } from '@restante/core/spool/types.ts'
import { type Clients, NETWORK_SHARE, type Ticket } from './clients/clients.ts'
import type { Rates } from './clients/rates.ts'
import type { RelayConnection } from './connection.ts'
import { acceptedMessages, receivedBytes, timeToReply } from './counters.ts'
import { envelopeOf } from './envelope.ts'
import type { RelayLimits } from './limits.ts'
import { type Held, type Taken, type Taker, takeMessage } from './message.ts'
import { mailPolicy } from './policy/mail.ts'
import { type Restore, rcptPolicy } from './policy/rcpt.ts'
import type { Refusals } from './refusals.ts'
import { Refused, type Reply, replies, textOf } from './replies.ts'
import type { Room } from './room.ts'

export type Session = RelayConnection['session']
export type Done = (error?: Error | null, message?: string) => void

/** smtp-server's recipient, and our mark on it, which goes into the envelope. */
type Recipient = { address: string; args: unknown; unverified?: boolean; returned?: string }

/** What the answer of a domain's backend about an address came to. */
export type Answer = 'known' | 'unknown' | 'no-answer'

export type StageOptions = Pick<Taker, 'scanner' | 'staging'> & {
  hostname: string
  spool: Spool
  /** The directory as it is now, and whether it was ever read. */
  directory: () => { current: Directory; ready: boolean }
  /** Asks the backend of a domain whose recipients are learnt. Never rejects. */
  ask: (address: string, domain: string) => Promise<Answer>
  /** Absent: no address is one that we rewrote. */
  restore?: Restore
  bareNewlines: 'normalize' | 'refuse'
  limits: RelayLimits
  rates: Rates
  clients: Clients
  held: Held
  refusals: Refusals
  log: Log
  now: () => number
  connectionOf: (session: Session) => RelayConnection | undefined
  draining: () => boolean
  room: () => Room
}

/** A domain may get this many times the bounces of one of its recipients. */
const DOMAIN_BOUNCES = 20

export function createStages(options: StageOptions) {
  const { limits, rates, log, now, directory } = options
  const taker = { ...options, expand: (envelope: Envelope) => withForwards(envelope, directory().current) }

  function refuse(session: Session, reply: Reply): Refused {
    options.refusals.count(reply.reason)
    log.debug({ event: 'relay.refused', reason: reply.reason, client: session.remoteAddress })
    return new Refused(reply)
  }

  function onMailFrom(address: { address: string; args: unknown }, session: Session, done: Done): void {
    const connection = options.connectionOf(session)
    const verdict = mailPolicy({
      sender: address.address,
      parameters: Object.keys(address.args || {}),
      smtputf8: Boolean(session.envelope.smtpUtf8),
    })
    const objection =
      options.room() !== 'enough'
        ? replies.lowRoom
        : verdict.type === 'refuse'
          ? verdict.reply
          : tooMuchFrom(connection?.ticket)
    if (!objection) {
      connection?.transactionBegun()
      options.scanner?.expect?.(session.remoteAddress)
    }
    done(objection ? refuse(session, objection) : null)
  }

  function tooMuchFrom(ticket: Ticket | undefined): Reply | undefined {
    if (!ticket || ticket.exempt) return undefined
    const limit = limits.rates.messages
    const within = [
      rates.take('messages', ticket.address, limit),
      rates.take('messages', ticket.network, limit * NETWORK_SHARE),
    ]
    return within.includes(false) ? replies.tooManyMessages : undefined
  }

  function onRcptTo(address: Recipient, session: Session, done: Done): void {
    const { current, ready } = directory()
    const verdict = rcptPolicy(
      {
        address: address.address,
        parameters: Object.keys(address.args || {}),
        smtputf8: Boolean(session.envelope.smtpUtf8),
        bounce: session.envelope.mailFrom !== false && session.envelope.mailFrom.address === '',
      },
      current,
      ready,
      options.restore,
    )
    switch (verdict.type) {
      case 'accept':
        address.address = verdict.address
        acceptRecipient(verdict.address, session, done)
        break
      case 'return':
        address.address = verdict.address
        address.returned = verdict.returned
        acceptRecipient(verdict.returned, session, done)
        break
      case 'ask':
        void options.ask(verdict.address, verdict.domain).then(answer => {
          if (answer === 'known') {
            address.address = verdict.address
            acceptRecipient(verdict.address, session, done)
          } else if (answer === 'unknown') {
            refuseRecipient(replies.unknownRecipient(verdict.shown), session, done)
          } else if (current.asked(verdict.domain)?.unverified === 'hold') {
            address.address = verdict.address
            address.unverified = true
            log.info({ event: 'relay.unverified-accepted', domain: verdict.domain })
            acceptRecipient(verdict.address, session, done)
          } else {
            options.connectionOf(session)?.forgiveError()
            done(refuse(session, replies.unverified))
          }
        })
        break
      case 'refuse':
        refuseRecipient(verdict.reply, session, done)
        break
      default:
        verdict satisfies never
    }
  }

  function acceptRecipient(address: string, session: Session, done: Done): void {
    const ticket = options.connectionOf(session)?.ticket
    const sender = session.envelope.mailFrom
    const objection =
      ticket && !ticket.exempt ? tooMuchFor(address, sender && sender.address === '') : undefined
    done(objection ? refuse(session, objection) : null)
  }

  function tooMuchFor(address: string, bounce: boolean): Reply | undefined {
    const recipient = normalizeAddress(address) ?? address
    const domain = domainOf(address)
    if (bounce) {
      const limit = limits.rates.bounces
      const within = [
        rates.take('bounces', recipient, limit),
        rates.take('bounces', domain, limit * DOMAIN_BOUNCES),
      ]
      if (within.includes(false)) return replies.tooManyBounces
    }
    const within = [
      rates.take('recipient', recipient, limits.rates.recipient),
      rates.take('domain', domain, limits.rates.domain),
    ]
    return within.includes(false) ? replies.recipientTooBusy : undefined
  }

  function refuseRecipient(reply: Reply, session: Session, done: Done): void {
    const connection = options.connectionOf(session)
    const ticket = connection?.ticket
    if (ticket && !ticket.exempt && reply.code >= 500)
      rates.take('unknown', ticket.network, limits.rates.unknown)
    connection?.forgiveError()
    done(refuse(session, reply))
    if (connection && ++connection.unknownRecipients >= limits.unknownRecipients)
      connection.end(replies.tooManyUnknown)
  }

  async function onData(stream: Readable, session: Session, done: Done): Promise<void> {
    const connection = options.connectionOf(session)
    const parser = connection?._parser
    const envelope = envelopeOf(session, newId(), new Date(now()))
    const gone = new AbortController()
    if (connection) connection.onGone = () => gone.abort()
    const incoming = {
      gone: gone.signal,
      elapsed: () => connection?.transactionAge ?? 0,
      objection: () =>
        options.bareNewlines === 'refuse' && parser && 'mended' in parser && parser.mended
          ? replies.bareNewlines
          : undefined,
    }
    const taken = await takeMessage(stream, envelope, incoming, taker)
    if (connection) connection.onGone = undefined
    switch (taken.type) {
      case 'accepted':
        countAccepted(envelope, taken)
        connection?.messageAccepted()
        if (connection?.ticket) options.clients.hasSent(connection.ticket)
        done(null, textOf(replies.queued(taken.spooled.id)))
        break
      case 'refused':
        done(refuse(session, taken.reply))
        break
      case 'hang-up':
        connection?.end(taken.reply)
        break
      case 'aborted':
        options.refusals.count('aborted')
        log.info({ event: 'relay.aborted', id: envelope.id, client: session.remoteAddress })
        break
      default:
        taken satisfies never
    }
    if (options.draining()) setImmediate(() => connection?.end(replies.shuttingDown))
  }

  function countAccepted(
    envelope: Envelope,
    { spooled, waited, scanned }: Extract<Taken, { type: 'accepted' }>,
  ): void {
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
      ...(scanned && { scan: scanned.record.verdict }),
    })
  }

  return { onMailFrom, onRcptTo, onData, refuse }
}
