/**
 * A message in the spool as the scan wants it: without the fields that we put on top when we took it, which the
 * sender did not write and signatures don't cover.
 */
import { Readable } from 'node:stream'
import { OWN_FIELDS } from '@restante/core/scan/fields.ts'
import type { Subject } from '@restante/core/scan/types.ts'
import type { Envelope, Location, SpoolReader } from '@restante/core/spool/types.ts'

/** Of the head at most; ours are never that long. */
const HEAD = 65_536
/** What is short is in memory, as at the front. */
const SHORT = 1_048_576

/** @throws SpoolError when the content is lost */
export async function subjectOf(
  spool: SpoolReader,
  message: { envelope: Envelope; location: Location; size: number },
): Promise<Subject> {
  const { envelope, location } = message
  const open = () => Readable.from(own(spool, location, envelope.id), { objectMode: false })
  if (message.size > SHORT) return { envelope, size: message.size, content: open }
  const bytes = Buffer.concat(await open().toArray())
  return { envelope, size: bytes.length, bytes, content: () => Readable.from([bytes], { objectMode: false }) }
}

async function* own(spool: SpoolReader, location: Location, id: string): AsyncGenerator<Buffer> {
  const { content } = await spool.read(location)
  try {
    let head: Buffer | null = Buffer.alloc(0)
    for await (const chunk of content as AsyncIterable<Buffer>) {
      if (!head) {
        yield chunk
        continue
      }
      head = Buffer.concat([head, chunk])
      if (head.length < HEAD && !head.includes('\r\n\r\n')) continue
      yield head.subarray(lengthOfOurs(head, id))
      head = null
    }
    if (head) yield head.subarray(lengthOfOurs(head, id))
  } finally {
    content.destroy()
  }
}

/** Bytes of the fields on top that are ours: the trace field that names this message, and the scan's marks. */
export function lengthOfOurs(head: Buffer, id: string): number {
  const text = head.toString('latin1')
  let at = 0
  let traced = false
  for (const [field = '', name = ''] of text.matchAll(/([^\s:]+):[^\n]*\n(?:[ \t][^\n]*\n)*/gy)) {
    const key = name.toLowerCase()
    const trace: boolean = key === 'received' && !traced && field.includes(id)
    traced ||= trace
    if (!trace && !OWN_FIELDS.includes(key) && !(key === 'authentication-results' && !traced)) break
    at += field.length
  }
  // A head without our trace field was not taken by our front: nothing of it is ours.
  return traced ? at : 0
}
