/**
 * A message on its way into the spool: looked at while it comes in, staged (staged.ts), scanned, and appended
 * with its trace header and what the scan adds. Refusals of the scan come before the 250, so that the sender's
 * own server tells its user and nobody else gets a bounce; the spool keeps all or nothing.
 */
import type { Readable } from 'node:stream'
import type { Log } from '@restante/core/observe/log.ts'
import { decided } from '@restante/core/scan/decide.ts'
import { scannedContent, scannedStream } from '@restante/core/scan/fields.ts'
import { replyTo as scanReplyTo } from '@restante/core/scan/reasons.ts'
import { IN_MEMORY, type Staged, type Staging, stage } from '@restante/core/scan/staged.ts'
import type { Scanned, Scanner } from '@restante/core/scan/types.ts'
import { type Envelope, type Spool, SpoolError, type Spooled } from '@restante/core/spool/types.ts'
import type { RelayLimits } from './limits.ts'
import { inspected } from './policy/data.ts'
import { receivedHeader } from './received.ts'
import { Refused, type Reply, replies } from './replies.ts'

export type Taken =
  /** On stable storage; `waited` is the time since the end of data, in ms. */
  | { type: 'accepted'; spooled: Spooled; waited: number; scanned?: Scanned }
  /** Nothing was kept, and the client waits for the reply. */
  | { type: 'refused'; reply: Reply }
  /** Nothing was kept, and the client still sends: tell it and hang up. */
  | { type: 'hang-up'; reply: Reply }
  /** Nothing was kept, and the client is gone. */
  | { type: 'aborted' }

export type Taker = {
  hostname: string
  spool: Spool
  /** Absent: nobody looks. */
  scanner?: Scanner
  staging: Staging
  limits: RelayLimits
  log: Log
  now: () => number
  /** Of all messages that come in at the moment. */
  held: Held
  /** Adds those that a message is sent on to. */
  expand?: (envelope: Envelope) => Envelope
}

/** Of one transaction. */
export type Incoming = {
  /** ms since MAIL. */
  elapsed: () => number
  /** Called after the end of data: a reason to refuse that shows in the bytes. */
  objection: () => Reply | undefined
  /** Aborted when the client is gone. */
  gone: AbortSignal
  /** What is done to the content on its way in; may throw Refused. */
  through?: (content: AsyncIterable<Buffer>) => AsyncIterable<Buffer>
}

/**
 * Bytes of unfinished messages in memory. Thousands of clients that each stop short of the length from which
 * a message is written as it comes would fill it.
 */
export class Held {
  bytes = 0
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /** A place for one message; `take` throws Refused when there is no room. */
  place(): { take(size: number): void; leave(): void } {
    let mine = 0
    const hold = (bytes: number) => {
      this.bytes += bytes - mine
      mine = bytes
    }
    return {
      take: size => {
        hold(size < IN_MEMORY ? size : 0)
        if (mine > 0 && this.bytes > this.#limit) throw new Refused(replies.busy)
      },
      leave: () => hold(0),
    }
  }
}

/** Never rejects. */
export async function takeMessage(
  stream: Readable,
  envelope: Envelope,
  incoming: Incoming,
  taker: Taker,
): Promise<Taken> {
  const { spool, limits, now } = taker
  const place = taker.held.place()
  let endedAt = now()
  let staged: Staged | undefined
  try {
    // The stream must outlive a refusal: the reply is due after the end of data.
    const chunks = stream.iterator({ destroyOnReturn: false })
    const looked = inspected(chunks, limits, incoming.elapsed, place.take)
    staged = await stage(incoming.through?.(looked) ?? looked, taker.staging)
    const objection = incoming.objection()
    if (objection) throw new Refused(objection)
    endedAt = now()
    const scanned = await taker.scanner?.scan({ envelope, ...staged }, incoming.gone)
    // Nobody waits for the reply any more: the sender has the message still, and comes again.
    if (incoming.gone.aborted) return { type: 'aborted' }
    if (scanned && scanned.answer.type !== 'accept') throw new Refused(scanReplyTo(scanned.answer))
    const kept = scanned ? decided(envelope, scanned) : envelope
    const spooled = await spool.append(
      taker.expand?.(kept) ?? kept,
      contentOf(staged, traceOf(kept, taker.hostname), scanned ?? UNCHANGED),
    )
    return { type: 'accepted', spooled, waited: now() - endedAt, scanned }
  } catch (error) {
    if ((error as NodeJS.ErrnoException)?.code === 'ECONNECTION') return { type: 'aborted' }
    const reply = replyTo(error, envelope, taker.log)
    if (reply.code === 421) return { type: 'hang-up', reply }
    const type = await drained(stream, limits.messageSize, limits.data)
    return type === 'aborted' ? { type } : { type, reply }
  } finally {
    place.leave()
    await staged?.close()
  }
}

function traceOf({ id, client, recipients, receivedAt }: Envelope, hostname: string): string {
  return receivedHeader({
    helo: client?.helo,
    address: client?.address ?? '',
    name: client?.name,
    by: hostname,
    protocol: client?.protocol ?? 'SMTP',
    tls: client?.tls,
    id,
    recipients: recipients.map(recipient => recipient.address),
    at: new Date(receivedAt),
  })
}

const UNCHANGED: Pick<Scanned, 'addFields' | 'removeFields'> = { addFields: [], removeFields: [] }

function contentOf(
  staged: Staged,
  trace: string,
  scanned: Pick<Scanned, 'addFields' | 'removeFields'>,
): Buffer | AsyncIterable<Buffer> {
  return staged.bytes
    ? scannedContent(staged.bytes, trace, scanned)
    : scannedStream(staged.content(), trace, scanned)
}

function replyTo(error: unknown, envelope: Envelope, log: Log): Reply {
  if (error instanceof Refused) return error.reply
  if (error instanceof SpoolError) {
    log.error({ event: 'relay.spool-refused', id: envelope.id, code: error.code, error })
    return error.code === 'full' ? replies.full : replies.failed
  }
  // Staging a long message may fill the disk, too.
  if (['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException)?.code ?? '')) {
    log.error({ event: 'relay.staging-full', id: envelope.id, error })
    return replies.full
  }
  log.error({ event: 'relay.failed', id: envelope.id, error })
  return replies.broken
}

/**
 * Reads the rest of a message that was refused, so that the reply comes where the client expects it; up to
 * a limit, for who never ends gets no more of our time.
 */
function drained(
  stream: Readable,
  limit: number,
  patience: number,
): Promise<'refused' | 'hang-up' | 'aborted'> {
  return new Promise(resolve => {
    if (stream.readableEnded) return resolve('refused')
    if (stream.destroyed) return resolve('aborted')
    let size = 0
    const finish = (how: 'refused' | 'hang-up' | 'aborted') => {
      clearTimeout(timer)
      resolve(how)
    }
    const timer = setTimeout(() => finish('hang-up'), patience)
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > limit) finish('hang-up')
    })
    stream.once('end', () => finish('refused'))
    stream.once('close', () => finish(stream.readableEnded ? 'refused' : 'aborted'))
    stream.once('error', () => finish('aborted'))
  })
}
