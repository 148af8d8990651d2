/**
 * The stages of a submission (RFC 6409): who signed in, what they may send as, where it may go, and the message
 * itself, which is made complete, scanned, and on stable storage before its 250, as the relay's are.
 *
 * A person's message leaves a copy in the Sent folder of the mailbox whose address it went out from.
 */
import type { Readable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { MaySend } from '@restante/core/access/sending.ts'
import { newId } from '@restante/core/db/id.ts'
import { parseAddress } from '@restante/core/directory/addresses.ts'
import { withForwards } from '@restante/core/directory/forwards.ts'
import type { Envelope } from '@restante/core/spool/types.ts'
import type { SMTPServerAuthentication, SMTPServerAuthenticationResponse } from 'smtp-server'
import type { RelayConnection } from '../connection.ts'
import { acceptedSubmissions } from '../counters.ts'
import { envelopeOf } from '../envelope.ts'
import { type Taker, takeMessage } from '../message.ts'
import { isAscii, localPart, mailPolicy, shown } from '../policy/mail.ts'
import { withAsciiDomain } from '../policy/rcpt.ts'
import { protocolOf } from '../received.ts'
import { Refused, type Reply, replies, textOf } from '../replies.ts'
import type { Done, Session, StageOptions } from '../stages.ts'
import { completed } from './complete.ts'
import { accountFor, maySendAs, type Sender, type Senders } from './senders.ts'

export type SubmissionStageOptions = Taker &
  Pick<StageOptions, 'directory' | 'ask' | 'room' | 'draining' | 'refusals' | 'connectionOf'> & {
    senders: Senders
    maySend: (person: { id: string; address: string }, recipients: number) => Promise<MaySend>
    /** Whether an organization does not write to an address for a while (core/queue/suppression.ts). */
    suppressed?: (organizationId: string, address: string) => Promise<boolean>
  }

type SignedIn = (error: Error | null, response?: SMTPServerAuthenticationResponse) => void

export function createSubmissionStages(options: SubmissionStageOptions) {
  const { log, now, directory, senders } = options
  const bySession = new WeakMap<Session, Sender>()
  const taker = { ...options, expand: (envelope: Envelope) => withForwards(envelope, directory().current) }

  function refuse(session: Session, reply: Reply): Refused {
    options.refusals.count(reply.reason)
    log.debug({ event: 'submission.refused', reason: reply.reason, client: session.remoteAddress })
    return new Refused(reply)
  }

  async function onAuth(auth: SMTPServerAuthentication, session: Session, done: SignedIn): Promise<void> {
    try {
      const found = await senders.signIn({
        address: auth.username ?? '',
        password: auth.password ?? '',
        remoteAddress: session.remoteAddress,
      })
      switch (found.type) {
        case 'ok':
          bySession.set(session, found.sender)
          done(null, { user: nameOf(found.sender) })
          break
        case 'refused':
          log.info({ event: 'submission.sign-in-refused', client: session.remoteAddress })
          done(refuse(session, replies.wrongPassword))
          break
        case 'limited':
          done(refuse(session, replies.tooManySignIns(found.retryAfter)))
          break
        default:
          found satisfies never
      }
    } catch (error) {
      log.warn({ event: 'submission.sign-in-failed', error })
      done(refuse(session, replies.signInLater))
    }
  }

  async function senderOf(session: Session): Promise<Sender | null> {
    const known = bySession.get(session)
    if (known) return known
    const connection = options.connectionOf(session)
    const found = await senders.byNetwork(session.remoteAddress, fingerprintOf(connection))
    if (found) bySession.set(session, found)
    return found
  }

  async function onMailFrom(
    address: { address: string; args: unknown },
    session: Session,
    done: Done,
  ): Promise<void> {
    try {
      done(await objectionToSender(address, session))
    } catch (error) {
      log.warn({ event: 'submission.sender-unknown', error })
      done(refuse(session, replies.signInLater))
    }
  }

  async function objectionToSender(
    address: { address: string; args: unknown },
    session: Session,
  ): Promise<Refused | null> {
    if (options.room() !== 'enough') return refuse(session, replies.lowRoom)
    const sender = await senderOf(session)
    if (!sender) return refuse(session, replies.signInFirst)
    const verdict = mailPolicy({
      sender: address.address,
      parameters: Object.keys(address.args || {}),
      smtputf8: Boolean(session.envelope.smtpUtf8),
    })
    if (verdict.type === 'refuse') return refuse(session, verdict.reply)
    const { current, ready } = directory()
    if (!ready) return refuse(session, replies.notReady)
    if (!maySendAs(sender, withAsciiDomain(address.address), current))
      return refuse(session, replies.notYourAddress(shown(address.address)))
    options.connectionOf(session)?.transactionBegun()
    return null
  }

  async function onRcptTo(
    recipient: { address: string; args: unknown },
    session: Session,
    done: Done,
  ): Promise<void> {
    const address = withAsciiDomain(recipient.address)
    const parsed = parseAddress(address)
    if (!parsed) return done(refuse(session, replies.badRecipient))
    if (!session.envelope.smtpUtf8 && !isAscii(localPart(address)))
      return done(refuse(session, replies.needsUtf8))
    const { current } = directory()
    const route = current.route(address)
    if (route.type === 'unknown-domain' && !parsed.domain.includes('.'))
      return done(refuse(session, replies.noSuchDomain(shown(parsed.domain))))
    const unknown =
      route.type === 'unknown-recipient' &&
      (!current.asked(route.domain) || (await options.ask(address, route.domain)) === 'unknown')
    if (unknown) return done(refuse(session, replies.unknownRecipient(shown(address))))
    if (route.type === 'unknown-domain' && (await isSuppressed(session, parsed.address)))
      return done(refuse(session, replies.suppressed(shown(address))))
    recipient.address = address
    done(null)
  }

  /** With the database away nobody knows, and it goes out. */
  async function isSuppressed(session: Session, address: string): Promise<boolean> {
    const sender = bySession.get(session)
    const organizationId =
      sender?.type === 'server' ? sender.client.organizationId : sender?.accounts[0]?.organizationId
    if (!organizationId || !options.suppressed) return false
    return await options.suppressed(organizationId, address).catch(error => {
      log.warn({ event: 'submission.suppressed-unknown', error })
      return false
    })
  }

  async function onData(stream: Readable, session: Session, done: Done): Promise<void> {
    const connection = options.connectionOf(session)
    const sender = bySession.get(session)
    const gone = new AbortController()
    if (connection) connection.onGone = () => gone.abort()
    const at = new Date(now())
    const envelope = sender && submissionOf(sender, session, at)
    const objection = async () => {
      if (sender?.type !== 'person' || !envelope) return undefined
      const may = await options.maySend(sender, envelope.recipients.length)
      return may.allowed ? undefined : replies.sentTooMuch(may.retryAfter)
    }
    const limited = await objection().catch(error => {
      log.warn({ event: 'submission.limit-unknown', error })
      return undefined
    })
    async function* through(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      if (!sender) throw new Refused(replies.signInFirst)
      if (limited) throw new Refused(limited)
      const authors = (all: readonly string[]) => authorObjection(sender, all)
      yield* completed(content, { hostname: options.hostname, at, objection: authors })
    }
    const taken = await takeMessage(
      stream,
      envelope ?? envelopeOf(session, newId(), at),
      {
        gone: gone.signal,
        elapsed: () => connection?.transactionAge ?? 0,
        objection: () => undefined,
        through,
      },
      taker,
    )
    if (connection) connection.onGone = undefined
    switch (taken.type) {
      case 'accepted':
        acceptedSubmissions.inc()
        log.info({
          event: 'submission.accepted',
          id: taken.spooled.id,
          client: session.remoteAddress,
          recipients: envelope?.recipients.length,
          size: taken.spooled.size,
        })
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
        options.refusals.count('aborted')
        break
      default:
        taken satisfies never
    }
    if (options.draining()) setImmediate(() => connection?.end(replies.shuttingDown))
  }

  /** Servers write as whomever they host; people as themselves. */
  function authorObjection(sender: Sender, authors: readonly string[]): Reply | undefined {
    if (sender.type === 'server') return undefined
    const stranger = authors.find(author => !accountFor(sender, author))
    if (stranger === undefined && authors.length > 0) return undefined
    return replies.notYourAddress(shown(stranger ?? ''))
  }

  return { onAuth, onMailFrom, onRcptTo, onData }
}

function submissionOf(sender: Sender, session: Session, at: Date): Envelope {
  const envelope = envelopeOf(session, newId(), at)
  const client = {
    ...envelope.client,
    protocol: protocolOf(
      session.openingCommand === 'EHLO',
      session.secure,
      Boolean(session.envelope.smtpUtf8),
      Boolean(session.user),
    ),
  }
  switch (sender.type) {
    case 'server':
      return { ...envelope, kind: 'submission', organizationId: sender.client.organizationId, client }
    case 'person': {
      const account = accountFor(sender, envelope.sender)
      return {
        ...envelope,
        kind: 'submission',
        client: { ...client, person: sender.id },
        ...(account && {
          copy: { mailboxId: account.id, role: 'sent' as const, keywords: ['$seen'], emailId: newId() },
        }),
      }
    }
    default:
      return sender satisfies never
  }
}

const nameOf = (sender: Sender) => (sender.type === 'person' ? sender.address : (sender.client.user ?? ''))

function fingerprintOf(connection: RelayConnection | undefined): string | undefined {
  const socket = connection?._socket as TLSSocket | undefined
  return socket?.getPeerX509Certificate?.()?.fingerprint256.replaceAll(':', '').toLowerCase()
}
