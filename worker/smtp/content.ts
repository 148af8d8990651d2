/**
 * The content on its way to a peer: counted, so that a message that was cut short by a fault of the spool is
 * never ended as if it were whole. When the count is wrong the stream fails, the final dot is not sent and
 * the connection is closed; the peer has nothing.
 */
import { type Readable, Transform, type TransformCallback } from 'node:stream'

export class ContentError extends Error {
  override name = 'ContentError'
}

/** @param size bytes that must come, neither more nor less */
export function exactly(size: number, source: Readable): Readable {
  let seen = 0
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      seen += chunk.length
      if (seen > size) done(new ContentError(`more than the ${size} bytes that were spooled`))
      else done(null, chunk)
    },
    flush(done: TransformCallback) {
      if (seen === size) done()
      else done(new ContentError(`${seen} of ${size} bytes`))
    },
  })
  source.on('error', error =>
    counter.destroy(new ContentError('the spool could not be read', { cause: error })),
  )
  counter.on('close', () => source.destroy())
  source.pipe(counter)
  return counter
}
