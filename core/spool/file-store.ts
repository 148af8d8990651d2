/**
 * Writing to the folder that file-reader.ts describes, with a lock that says: this writer lives.
 *
 * What a crash leaves: segments with a mark and without a live writer (taken over), a large content without a
 * record (compaction removes it), a lock file that nobody holds (removed when it is old).
 */
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { Log } from '../observe/log.ts'
import { FileReader, folders } from './file-reader.ts'
import { FileSink } from './file-sink.ts'
import { type SpoolFs, writeAll } from './fs.ts'
import type { Lock } from './lock.ts'
import type { Inspect, LargeSink, SegmentBytes, SegmentSink, WritableStore } from './store.ts'
import { takeOverSegment } from './takeover.ts'
import type { SpoolHealth } from './types.ts'

/** A lock file nobody holds is removed when it is older, in ms: a starting writer locks at once. */
const STALE_LOCK = 3_600_000
/** Share of the room that should be free, below which there is none. */
const NO_ROOM = 0.5

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

  async health(minimumFree: number): Promise<SpoolHealth> {
    const free = await this.fs.space(this.folder.segments)
    const least = Math.min(free.bytes, free.inodes)
    if (least >= minimumFree) return { ok: true }
    const what = free.bytes <= free.inodes ? 'of the disk is free' : "of the disk's inodes are free"
    return {
      ok: false,
      reason: `only ${Math.floor(least * 100)} % ${what}`,
      room: least < minimumFree * NO_ROOM ? 'none' : 'low',
    }
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
