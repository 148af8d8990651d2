/**
 * Takes given-up contents off the disk, every few hours: with segments that close after six hours, a deleted
 * message is gone within a day. Killed in the middle it leaves copies, which the next one tidies up.
 */
import type { Db } from '@restante/core/db/connection.ts'
import type { Log } from '@restante/core/observe/log.ts'
import { counter } from '@restante/core/observe/metrics.ts'
import { type CompactOptions, compactSpool } from '@restante/core/spool/compact.ts'
import { relocation } from '@restante/core/spool/relocation.ts'
import { loop } from '../loop.ts'

const freed = counter('spool_freed_bytes_total', 'Bytes that compaction took off the disk.')

/** With SEGMENT_AGE (6 h) and the hour before a content is given up, well below a day. */
const EVERY = 4 * 3_600_000
/** Not while everything starts and catches up, in ms. */
const FIRST = 10 * 60_000

export type Compaction = { close(): void }

export function startCompaction(
  options: Pick<CompactOptions, 'url' | 'secretKey' | 'encrypt'> & { db: Db; log: Log },
  first: number = FIRST,
): Compaction {
  const { db, log, ...spool } = options
  const ending = new AbortController()
  let early = first > 0
  const rounds = loop('compact', EVERY, log, async () => {
    if (early) {
      early = false
      return first
    }
    const result = await compactSpool({ ...spool, ...relocation(db), log, signal: ending.signal })
    if (result.busy) return FIRST
    const bytes = Math.max(0, result.bytes.before - result.bytes.after)
    freed.inc(bytes)
    log.info({ event: 'spool.compacted', freed: bytes, ...result.messages, ...result.segments })
    return EVERY
  })
  return {
    /** Does not wait: a group of segments takes longer than the process has to end, and may be cut off. */
    close() {
      ending.abort()
      void rounds.close()
    },
  }
}
