/**
 * One question to a daemon over a connection of its own: what is written goes out with the daemon's pace, and
 * its answer is read till it closes. An answer that comes before all was written counts, whatever becomes of
 * the connection then: that is how clamd says that a message is too long for it.
 */
import { connect, type Socket } from 'node:net'
import { EngineError } from './addresses.ts'

/** Bytes; the head of a piece, which goes out with it. */
const SMALL = 64
/** ms to connect. */
const CONNECT_TIME = 3_000

/** The connection was lost after it was made, without an answer. */
export class BrokenOff extends EngineError {}

/**
 * @param url `tcp://host:port` or `unix:/path`
 * @param end whether to say that nothing more comes, by closing our half
 * @throws EngineError when it can't be reached or says nothing; the signal's reason
 */
export async function askDaemon(
  url: URL,
  options: {
    defaultPort: number
    question: AsyncIterable<Buffer>
    end: boolean
    signal: AbortSignal
    /** Bytes */
    answerLimit: number
  },
): Promise<Buffer> {
  const { signal } = options
  if (signal.aborted) throw signal.reason
  const socket = connect(
    url.protocol === 'unix:'
      ? { path: decodeURIComponent(url.pathname) }
      : { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || options.defaultPort) },
  )
  let made = false
  const giveUp = () => socket.destroy(signal.reason as Error)
  signal.addEventListener('abort', giveUp)
  try {
    const answer = answerFrom(socket, options.answerLimit)
    // Handled below; a failure while still writing must not be nobody's.
    answer.catch(() => {})
    await connected(socket)
    made = true
    await write(socket, options.question, options.end)
    return await answer
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (error instanceof EngineError) throw error
    throw new (made ? BrokenOff : EngineError)('engine-down', (error as Error).message)
  } finally {
    signal.removeEventListener('abort', giveUp)
    socket.destroy()
  }
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.setTimeout(CONNECT_TIME, () => socket.destroy(new Error('could not connect in time')))
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.off('error', reject)
      resolve()
    })
  })
}

/** All that it says until it closes. */
function answerFrom(socket: Socket, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    let failure: Error | undefined
    socket.on('data', chunk => {
      size += chunk.length
      chunks.push(chunk)
      if (size > limit) socket.destroy(new EngineError('engine-garbage', 'an answer without end'))
    })
    socket.on('error', error => {
      failure = error
    })
    socket.on('close', () => {
      if (failure instanceof EngineError) reject(failure)
      else if (size > 0) resolve(Buffer.concat(chunks))
      else reject(failure ?? new EngineError('engine-down', 'closed without an answer'))
    })
  })
}

/**
 * Ends early, without an error, when the other side has closed: what it said decides. Between two pieces the
 * event loop turns: writing into a connection that was closed breaks it before its answer would be read.
 */
async function write(socket: Socket, question: AsyncIterable<Buffer>, end: boolean): Promise<void> {
  for await (const chunk of question) {
    if (socket.destroyed || socket.readableEnded) return
    if (!socket.write(chunk)) await drained(socket)
    if (chunk.length > SMALL) await new Promise(resolve => setImmediate(resolve))
  }
  if (end && !socket.destroyed) socket.end()
}

function drained(socket: Socket): Promise<void> {
  return new Promise<void>(resolve => {
    const done = () => {
      socket.off('drain', done).off('close', done).off('end', done)
      resolve()
    }
    socket.on('drain', done).on('close', done).on('end', done)
  })
}
