/**
 * Segments and large contents as local files.
 *
 *   segments/NAME.log    the bytes
 *   segments/NAME.live   there while the segment is open; holds how far it is durable (its mark)
 *   large/ID             one large content
 *   writers/ID.lock      locked while that writer lives
 *   damaged/…            what compaction could not read and set aside
 *
 * The mark is written after each sync and never synced itself: processes of one machine share the page
 * cache, and after a loss of power the segment is a dead writer's, whose end is found by its checksums. So a
 * reader never sees a record that the disk could still lose, and the 250 does not wait for the mark.
 * All of a folder's processes must run on one machine (the lock, the mark); S3 is for more than one.
 */
import { join } from 'node:path'
import { readMark } from './file-sink.ts'
import type { SpoolFile, SpoolFs } from './fs.ts'
import type { ReadableStore, SegmentBytes } from './store.ts'
import { type SegmentInfo, SpoolError } from './types.ts'

/** Pause between looks when the watch is silent or not to be had, in ms. */
const POLL = 1000
const READ_SIZE = 256 * 1024

export const folders = (root: string) => ({
  segments: join(root, 'segments'),
  large: join(root, 'large'),
  writers: join(root, 'writers'),
  damaged: join(root, 'damaged'),
})

export class FileReader implements ReadableStore {
  protected readonly fs: SpoolFs
  protected readonly folder: ReturnType<typeof folders>
  /** Sizes of closed segments: they don't change. */
  readonly #sizes = new Map<string, number>()

  constructor(root: string, fs: SpoolFs) {
    this.fs = fs
    this.folder = folders(root)
  }

  async list(): Promise<SegmentInfo[]> {
    const names = await this.fs.list(this.folder.segments)
    const live = new Set(names.filter(name => name.endsWith('.live')).map(name => name.slice(0, -5)))
    const segments: SegmentInfo[] = []
    for (const file of names.filter(name => name.endsWith('.log')).sort()) {
      const name = file.slice(0, -4)
      const known = this.#sizes.get(name)
      if (known !== undefined && !live.has(name)) {
        segments.push({ name, size: known, closed: true })
        continue
      }
      const state = await this.state(name)
      if (!state) continue
      if (state.closed) this.#sizes.set(name, state.end)
      segments.push({ name, size: state.end, closed: state.closed })
    }
    for (const name of this.#sizes.keys()) if (!names.includes(`${name}.log`)) this.#sizes.delete(name)
    return segments
  }

  /** The mark is looked for first: a segment that closes in between is then seen as open, never too long. */
  protected async state(segment: string): Promise<{ end: number; closed: boolean } | undefined> {
    const mark = await readMark(this.fs, this.livePath(segment))
    const stat = await this.fs.stat(this.logPath(segment))
    if (!stat) return undefined
    return mark === undefined
      ? { end: stat.size, closed: true }
      : { end: Math.min(mark, stat.size), closed: false }
  }

  async open(segment: string, purpose: 'scan' | 'read' = 'scan'): Promise<SegmentBytes | undefined> {
    // Whoever reads a place has been told that it is durable.
    if (purpose === 'read') return this.bytes(segment, { end: 0, closed: false })
    const state = await this.state(segment)
    return state && this.bytes(segment, state)
  }

  protected async bytes(
    segment: string,
    state: { end: number; closed: boolean },
  ): Promise<SegmentBytes | undefined> {
    const file = await this.openFile(this.logPath(segment))
    if (!file) return undefined
    return {
      ...state,
      async read(position, length) {
        const into = Buffer.allocUnsafe(length)
        return into.subarray(0, await file.read(into, position))
      },
      close: () => file.close(),
    }
  }

  async readLarge(id: string): Promise<AsyncIterable<Buffer> | undefined> {
    const file = await this.openFile(join(this.folder.large, id))
    return file && chunksOf(file)
  }

  watch(onChange: () => void): { close(): void } {
    let watcher: { close(): void } | undefined
    let soon: NodeJS.Timeout | undefined
    const hint = (name: string) => {
      // A segment's own bytes change before they are durable: what counts is its mark.
      if (name.endsWith('.log')) return
      soon ??= setTimeout(() => {
        soon = undefined
        onChange()
      }, 2)
    }
    const begin = () => {
      try {
        watcher ??= this.fs.watch(this.folder.segments, hint)
      } catch {
        // The folder is not there yet, or there are no watches left: polling does it.
      }
    }
    begin()
    const poll = setInterval(() => {
      begin()
      onChange()
    }, POLL)
    poll.unref()
    return {
      close() {
        clearInterval(poll)
        clearTimeout(soon)
        watcher?.close()
      },
    }
  }

  protected logPath(segment: string): string {
    return join(this.folder.segments, `${segment}.log`)
  }

  protected livePath(segment: string): string {
    return join(this.folder.segments, `${segment}.live`)
  }

  protected async openFile(path: string): Promise<SpoolFile | undefined> {
    try {
      return await this.fs.open(path, 'read')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw new SpoolError('failed', `${path}: ${(error as Error).message}`, { cause: error })
    }
  }
}

async function* chunksOf(file: SpoolFile): AsyncGenerator<Buffer> {
  try {
    for (let position = 0; ; ) {
      const into = Buffer.allocUnsafe(READ_SIZE)
      const got = await file.read(into, position)
      if (got === 0) return
      position += got
      yield into.subarray(0, got)
    }
  } finally {
    await file.close()
  }
}
