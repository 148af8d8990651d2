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
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { Log } from '../observe/log.ts'
import { FileSink, readMark } from './file-sink.ts'
import { type SpoolFile, type SpoolFs, writeAll } from './fs.ts'
import type { Lock } from './lock.ts'
import type { Inspect, LargeSink, ReadableStore, SegmentBytes, SegmentSink, WritableStore } from './store.ts'
import { takeOverSegment } from './takeover.ts'
import { type SegmentInfo, SpoolError } from './types.ts'

/** Pause between looks when the watch is silent or not to be had, in ms. */
const POLL = 1000
/** A lock file nobody holds is removed when it is older, in ms: a starting writer locks at once. */
const STALE_LOCK = 3_600_000
const READ_SIZE = 256 * 1024

const folders = (root: string) => ({
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

export class FileStore extends FileReader implements WritableStore {
  readonly writerId: string
  readonly #lock: Lock
  readonly #log: Log
  readonly #sinks = new Map<string, FileSink>()
  /** Segments whose files are being made: not yet a sink, and nothing to take over either. */
  readonly #coming = new Set<string>()

  private constructor(root: string, fs: SpoolFs, log: Log, writerId: string, lock: Lock) {
    super(root, fs)
    this.#log = log
    this.writerId = writerId
    this.#lock = lock
  }

  static async open(root: string, writer: string, fs: SpoolFs, log: Log): Promise<FileStore> {
    const folder = folders(root)
    await fs.makeFolder(root)
    for (const path of Object.values(folder)) await fs.makeFolder(path)
    for (const path of [root, folder.segments, folder.large]) await fs.syncFolder(path)
    // The folder above may be somebody else's and not be ours to open; it then stood before we came.
    await fs.syncFolder(dirname(root)).catch(error => {
      if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error
    })
    for (;;) {
      const writerId = `${writer}-${randomBytes(8).toString('hex')}`
      const lock = fs.lock(join(folder.writers, `${writerId}.lock`))
      if (lock) return new FileStore(root, fs, log, writerId, lock)
    }
  }

  async create(name: string, options: { hidden?: boolean } = {}): Promise<SegmentSink> {
    this.#coming.add(name)
    try {
      const sink = await FileSink.create({
        fs: this.fs,
        log: this.#log,
        name,
        logPath: this.logPath(name),
        livePath: this.livePath(name),
        folder: this.folder.segments,
        hidden: options.hidden ?? false,
        onEnd: () => this.#sinks.delete(name),
      })
      this.#sinks.set(name, sink)
      return sink
    } finally {
      this.#coming.delete(name)
    }
  }

  /** Of our own segments we know how far they are durable without asking the mark. */
  protected override async state(segment: string) {
    const sink = this.#sinks.get(segment)
    return sink ? { end: sink.visible, closed: false } : super.state(segment)
  }

  async openWhole(segment: string): Promise<SegmentBytes | undefined> {
    const state = await this.state(segment)
    const stat = state && (await this.fs.stat(this.logPath(segment)))
    return stat && this.bytes(segment, { end: stat.size, closed: state.closed })
  }

  async createLarge(id: string): Promise<LargeSink> {
    const path = join(this.folder.large, id)
    const file = await this.fs.open(path, 'create')
    let position = 0
    let open = true
    const close = async () => {
      if (!open) return
      open = false
      await file.close()
    }
    return {
      write: async bytes => {
        await writeAll(file, [bytes], position)
        position += bytes.length
      },
      finish: async () => {
        await file.sync()
        await close()
        await this.fs.syncFolder(this.folder.large)
      },
      abort: async () => {
        await close().catch(() => {})
        await this.fs.remove(path).catch(() => {})
      },
    }
  }

  async takeOver(inspect: Inspect): Promise<string[]> {
    const names = await this.fs.list(this.folder.segments)
    const taken: string[] = []
    const byWriter = Map.groupBy(
      names
        .filter(name => name.endsWith('.live'))
        .map(name => name.slice(0, -5))
        .filter(name => !this.#sinks.has(name) && !this.#coming.has(name)),
      writerOf,
    )
    for (const [writer, segments] of byWriter) {
      // Ours without a sink: one that could not be cut when it was abandoned.
      const lock = writer === this.writerId ? undefined : this.fs.lock(this.lockPath(writer))
      if (!lock && writer !== this.writerId) continue
      try {
        for (const segment of segments) {
          const paths = { log: this.logPath(segment), live: this.livePath(segment) }
          try {
            await takeOverSegment(this.fs, segment, paths, this.folder.segments, inspect, this.#log)
            taken.push(segment)
          } catch (error) {
            this.#log.error({ event: 'spool.takeover-failed', segment, error })
          }
        }
      } finally {
        lock?.release()
      }
    }
    await this.#removeStaleLocks()
    return taken
  }

  async #removeStaleLocks(): Promise<void> {
    for (const name of await this.fs.list(this.folder.writers)) {
      const path = join(this.folder.writers, name)
      const stat = await this.fs.stat(path)
      if (
        !name.endsWith('.lock') ||
        name.startsWith('only-') ||
        !stat ||
        Date.now() - stat.modifiedAt < STALE_LOCK
      )
        continue
      const lock = this.fs.lock(path)
      if (!lock) continue
      await this.fs.remove(path)
      lock.release()
    }
  }

  async remove(segment: string): Promise<void> {
    await this.fs.remove(this.logPath(segment))
  }

  async listLarge(): Promise<{ id: string; modifiedAt: number }[]> {
    const found: { id: string; modifiedAt: number }[] = []
    for (const id of await this.fs.list(this.folder.large)) {
      const stat = await this.fs.stat(join(this.folder.large, id))
      if (stat) found.push({ id, modifiedAt: stat.modifiedAt })
    }
    return found
  }

  async removeLarge(id: string): Promise<void> {
    await this.fs.remove(join(this.folder.large, id))
  }

  async setAside(name: string, bytes: Buffer): Promise<void> {
    const path = join(this.folder.damaged, name)
    await this.fs.remove(path)
    const file = await this.fs.open(path, 'create')
    try {
      await writeAll(file, [bytes], 0)
      await file.sync()
    } finally {
      await file.close()
    }
    await this.fs.syncFolder(this.folder.damaged)
  }

  async exclusive(purpose: string) {
    const lock = this.fs.lock(this.lockPath(`only-${purpose}`))
    return lock && { release: async () => lock.release() }
  }

  async health(minimumFree: number): Promise<{ ok: boolean; reason?: string }> {
    const free = await this.fs.space(this.folder.segments)
    const percent = (share: number) => `${Math.floor(share * 100)} %`
    if (free.bytes < minimumFree)
      return { ok: false, reason: `only ${percent(free.bytes)} of the disk is free` }
    if (free.inodes < minimumFree) {
      return { ok: false, reason: `only ${percent(free.inodes)} of the disk's inodes are free` }
    }
    return { ok: true }
  }

  async close(): Promise<void> {
    for (const sink of this.#sinks.values()) await sink.close()
    await this.fs.remove(this.lockPath(this.writerId)).catch(() => {})
    this.#lock.release()
  }

  private lockPath(writerId: string): string {
    return join(this.folder.writers, `${writerId}.lock`)
  }
}

/** The writer that a segment's name says: time-WRITER-number. */
function writerOf(segment: string): string {
  return segment.slice(segment.indexOf('-') + 1, segment.lastIndexOf('-'))
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
