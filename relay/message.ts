/**
 * A message on its way into the spool: trace header first, then the content as it comes, looked at while it
 * passes. Nothing of it is held here; the spool keeps all or nothing.
 */
import type { Readable } from 'node:stream'
import type { Log } from '@restante/core/observe/log.ts'
import { type Envelope, type Spool, SpoolError, type Spooled } from '@restante/core/spool/types.ts'
import type { RelayLimits } from './limits.ts'
import { inspected } from './policy/data.ts'
import { receivedHeader } from './received.ts'
import { Refused, type Reply, replies } from './replies.ts'

export type Taken =
  /** On stable storage; `waited` is the time since the end of data, in ms. */
  | { type: 'accepted'; spooled: Spooled; waited: number }
  /** Nothing was kept, and the client waits for the reply. */
  | { type: 'refused'; reply: Reply }
  /** Nothing was kept, and the client still sends: tell it and hang up. */
  | { type: 'hang-up'; reply: Reply }
  /** Nothing was kept, and the client is gone. */
  | { type: 'aborted' }

export type Taker = {
  hostname: string
  spool: Spool
  limits: RelayLimits
  log: Log
  now: () => number
  /** Of all messages that come in at the moment. */
  held: Held
}

/** Of one transaction. */
export type Incoming = {
  /** ms since MAIL. */
  elapsed: () => number
  /** Called after the end of data: a reason to refuse that shows in the bytes. */
  objection: () => Reply | undefined
}

/** Bytes from which the spool writes a message as it comes, instead of holding it: LARGE in core/spool. */
const STREAMED_FROM = 1_048_576

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
        hold(size < STREAMED_FROM ? size : 0)
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
  const trace = receivedHeader({
    helo: envelope.client?.helo,
    address: envelope.client?.address ?? '',
    by: taker.hostname,
    protocol: envelope.client?.protocol ?? 'SMTP',
    tls: envelope.client?.tls,
    id: envelope.id,
    recipients: envelope.recipients.map(recipient => recipient.address),
    at: new Date(envelope.receivedAt),
  })
  async function* content(): AsyncGenerator<Buffer> {
    yield Buffer.from(trace)
    // The stream must outlive a refusal: the reply is due after the end of data.
    const chunks = stream.iterator({ destroyOnReturn: false })
    yield* inspected(chunks, limits, incoming.elapsed, place.take)
    const objection = incoming.objection()
    if (objection) throw new Refused(objection)
    endedAt = now()
  }
  try {
    const spooled = await spool.append(envelope, content())
    return { type: 'accepted', spooled, waited: now() - endedAt }
  } catch (error) {
    if ((error as NodeJS.ErrnoException)?.code === 'ECONNECTION') return { type: 'aborted' }
    const reply = replyTo(error, envelope, taker.log)
    if (reply.code === 421) return { type: 'hang-up', reply }
    const type = await drained(stream, limits.messageSize, limits.data)
    return type === 'aborted' ? { type } : { type, reply }
  } finally {
    place.leave()
  }
}

function replyTo(error: unknown, envelope: Envelope, log: Log): Reply {
  if (error instanceof Refused) return error.reply
  if (error instanceof SpoolError) {
    log.error({ event: 'relay.spool-refused', id: envelope.id, code: error.code, error })
    return error.code === 'full' ? replies.full : replies.failed
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
