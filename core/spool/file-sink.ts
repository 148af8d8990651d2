/**
 * The end of one segment file that is being written, and its mark.
 *
 * Order at creation: mark file, segment file, sync of the folder; only then is it used. A crash between
 * leaves an empty segment, which the take-over removes.
 */
import { crc32 } from 'node:zlib'
import type { Log } from '../observe/log.ts'
import { type SpoolFile, type SpoolFs, writeAll } from './fs.ts'
import { reached } from './states.ts'
import type { SegmentSink } from './store.ts'

const MARK_LENGTH = 16
/** Pause before a mark that could not be written is tried again, in ms. */
const MARK_RETRY = 1000

function encodeMark(position: number): Buffer {
  const mark = Buffer.alloc(MARK_LENGTH)
  mark.writeUIntLE(position, 0, 6)
  mark.writeUInt32LE(crc32(mark.subarray(0, 8)), 8)
  return mark
}

/** How far an open segment is durable; undefined when it is closed. */
export async function readMark(fs: SpoolFs, path: string): Promise<number | undefined> {
  let file: SpoolFile
  try {
    file = await fs.open(path, 'read')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    // A mark that is being overwritten may be read half: then look again.
    for (let tries = 0; tries < 5; tries += 1) {
      const mark = Buffer.alloc(MARK_LENGTH)
      const got = await file.read(mark, 0)
      if (got === MARK_LENGTH && crc32(mark.subarray(0, 8)) === mark.readUInt32LE(8)) {
        return mark.readUIntLE(0, 6)
      }
    }
    return 0
  } finally {
    await file.close()
  }
}

type Options = {
  fs: SpoolFs
  log: Log
  name: string
  logPath: string
  livePath: string
  folder: string
  hidden: boolean
  onEnd: () => void
}

export class FileSink implements SegmentSink {
  readonly name: string
  readonly #options: Options
  readonly #file: SpoolFile
  readonly #markFile: SpoolFile
  #durable = 0
  #marked = 0
  #marking: Promise<void> | undefined
  #retry: NodeJS.Timeout | undefined
  #ended = false

  private constructor(options: Options, file: SpoolFile, markFile: SpoolFile) {
    this.name = options.name
    this.#options = options
    this.#file = file
    this.#markFile = markFile
  }

  static async create(options: Options): Promise<FileSink> {
    const { fs, logPath, livePath, folder } = options
    const opened: SpoolFile[] = []
    try {
      const markFile = await fs.open(livePath, 'create')
      opened.push(markFile)
      await writeAll(markFile, [encodeMark(0)], 0)
      const file = await fs.open(logPath, 'create')
      opened.push(file)
      await fs.syncFolder(folder)
      return new FileSink(options, file, markFile)
    } catch (error) {
      for (const file of opened) await file.close().catch(() => {})
      // The segment before its mark: a mark alone is nothing, a segment alone would count as closed.
      await fs.remove(logPath).catch(() => {})
      await fs.remove(livePath).catch(() => {})
      throw error
    }
  }

  /** How far readers of this process may go. */
  get visible(): number {
    return this.#options.hidden ? 0 : this.#durable
  }

  async commit(buffers: readonly Buffer[]): Promise<void> {
    await writeAll(this.#file, buffers, this.#durable)
    reached(1)
    await this.#file.sync()
    for (const buffer of buffers) this.#durable += buffer.length
    reached(2)
    if (!this.#options.hidden) this.#mark()
  }

  /** Writes the newest mark; one that comes while another is on its way follows it. */
  #mark(): void {
    if (this.#marking || this.#ended || this.#marked === this.#durable) return
    const position = this.#durable
    this.#marking = writeAll(this.#markFile, [encodeMark(position)], 0).then(
      () => {
        this.#marking = undefined
        this.#marked = position
        reached(3)
        this.#mark()
      },
      error => {
        this.#marking = undefined
        this.#options.log.warn({ event: 'spool.mark-failed', segment: this.name, error })
        this.#retry ??= setTimeout(() => {
          this.#retry = undefined
          this.#mark()
        }, MARK_RETRY).unref()
      },
    )
  }

  async close(): Promise<void> {
    if (this.#ended) return
    await this.#end()
    if (this.#durable === 0) await this.#options.fs.remove(this.#options.logPath)
    await this.#options.fs.remove(this.#options.livePath)
    this.#options.onEnd()
  }

  async abandon(): Promise<void> {
    if (this.#ended) return
    const { fs, log, name, logPath, livePath } = this.#options
    const failed = (error: unknown) => log.error({ event: 'spool.abandon-failed', segment: name, error })
    const cut = await this.#file.truncate(this.#durable).then(
      () => true,
      error => {
        failed(error)
        return false
      },
    )
    await this.#end().catch(failed)
    // One that could not be cut stays open, its end hidden behind the mark, until a take-over can cut it.
    if (cut) {
      try {
        if (this.#durable === 0) await fs.remove(logPath)
        await fs.remove(livePath)
      } catch (error) {
        failed(error)
      }
    }
    this.#options.onEnd()
  }

  async #end(): Promise<void> {
    this.#ended = true
    clearTimeout(this.#retry)
    await this.#marking
    await this.#file.close()
    await this.#markFile.close()
  }
}
