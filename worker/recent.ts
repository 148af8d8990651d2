/**
 * The contents that ingest has just seen, for the delivery that follows a moment later: it need not open the
 * segment, read and decrypt a second time. Bounded; what is not here any more is read from the spool.
 */
import { Readable } from 'node:stream'
import type { Envelope, Location, Spool } from '@restante/core/spool/types.ts'

/** Bytes of content kept. */
const MOST = 16 * 1024 * 1024

type Kept = { envelope: Envelope; content: Buffer }

const keyOf = ({ segment, position }: Location) => `${segment}:${position}`

/** The same spool; a content is given out of memory once, within moments of its being scanned. */
export function rememberRecent(spool: Spool): Spool {
  const kept = new Map<string, Kept>()
  let bytes = 0

  function forget(key: string): Kept | undefined {
    const found = kept.get(key)
    if (found && kept.delete(key)) bytes -= found.content.length
    return found
  }

  return {
    segments: () => spool.segments(),
    watch: onChange => spool.watch(onChange),
    append: (envelope, content) => spool.append(envelope, content),
    note: notes => spool.note(notes),
    health: () => spool.health(),
    close: () => spool.close(),
    async *scan(segment, from) {
      for await (const record of spool.scan(segment, from)) {
        if (record.type === 'message' && record.content) {
          const key = keyOf(record.location)
          forget(key)
          kept.set(key, { envelope: record.envelope, content: record.content })
          bytes += record.content.length
          for (const oldest of kept.keys()) {
            if (bytes <= MOST) break
            forget(oldest)
          }
        }
        yield record
      }
    },
    async read(location) {
      const found = forget(keyOf(location))
      if (!found) return await spool.read(location)
      const { envelope, content: whole } = found
      return {
        envelope,
        size: whole.length,
        whole,
        // Made when somebody asks for it.
        get content() {
          return Readable.from([whole], { objectMode: false })
        },
      }
    },
  }
}
