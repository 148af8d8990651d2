/**
 * Closing a segment file whose writer is dead: the torn end is cut, what is whole becomes durable, then it
 * can be seen. Any process may do it, two at once may: each step can be done again.
 *
 * - Whole records after the mark count: the writer may have answered 250 and died before it moved the mark.
 * - Before the mark nothing is ever cut: bad bytes there are damage, for `verify` and for a person.
 * - Bytes after the mark are written once more, the same, before the sync. The dead writer's own sync may
 *   have failed; the kernel then holds those pages for clean, and a sync alone would say "done" for nothing.
 */
import type { Log } from '../observe/log.ts'
import { readMark } from './file-sink.ts'
import { type SpoolFile, type SpoolFs, writeAll } from './fs.ts'
import type { Inspect } from './store.ts'

const COPY = 1024 * 1024

export async function takeOverSegment(
  fs: SpoolFs,
  segment: string,
  paths: { log: string; live: string },
  folder: string,
  inspect: Inspect,
  log: Log,
): Promise<void> {
  const mark = await readMark(fs, paths.live)
  // Its writer, or another process, closed it meanwhile.
  if (mark === undefined) return
  let file: SpoolFile | undefined
  try {
    file = await fs.open(paths.log, 'write')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  if (file) {
    let empty = false
    try {
      const size = await file.size()
      const { end } = await inspect(segment, {
        read: async (position, length) => {
          const into = Buffer.allocUnsafe(length)
          return into.subarray(0, await file.read(into, position))
        },
      })
      // A mark beyond the last whole record: bytes that were durable went bad. They stay.
      const keep = Math.max(end, Math.min(mark, size))
      if (keep > end || mark > size) {
        log.error({ event: 'spool.damaged', segment, position: end, size, mark })
      }
      if (size > keep) {
        log.warn({ event: 'spool.torn-end-cut', segment, position: keep, bytes: size - keep })
        await file.truncate(keep)
      }
      for (let position = Math.min(mark, keep); position < keep; ) {
        const chunk = Buffer.allocUnsafe(Math.min(COPY, keep - position))
        const got = await file.read(chunk, position)
        if (got === 0) break
        await writeAll(file, [chunk.subarray(0, got)], position)
        position += got
      }
      await file.sync()
      empty = keep === 0
    } finally {
      await file.close()
    }
    if (empty) await fs.remove(paths.log)
  }
  await fs.syncFolder(folder)
  await fs.remove(paths.live)
  log.info({ event: 'spool.taken-over', segment })
}
