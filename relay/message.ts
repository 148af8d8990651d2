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
}

/** Never rejects. */
export async function takeMessage(stream: Readable, envelope: Envelope, taker: Taker): Promise<Taken> {
  const { spool, limits, now } = taker
  const startedAt = now()
  let endedAt = startedAt
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
    yield* inspected(stream.iterator({ destroyOnReturn: false }), limits, () => now() - startedAt)
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
