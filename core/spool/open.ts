/**
 * Opening the spool: for writing (with its writer lock) or only for reading.
 *
 * A content over 1 MiB is never held in memory: it streams into a place of its own, which is durable before
 * the record that names it is written. A crash between leaves a content that no record names; compaction
 * removes it.
 */
import { fileURLToPath } from 'node:url'
import type { Log } from '../observe/log.ts'
import { FileReader, FileStore } from './files.ts'
import { localFs, type SpoolFs } from './fs.ts'
import { LargeEncoder } from './large.ts'
import { LogReader } from './reader.ts'
import { largeMessageDraft, messageDraft, noteDraft } from './record.ts'
import type { ReadableStore, WritableStore } from './store.ts'
import {
  type Content,
  type Envelope,
  type Note,
  type Spool,
  SpoolError,
  type Spooled,
  type SpooledId,
  type SpoolReader,
} from './types.ts'
import { LogWriter } from './writer.ts'

/** Contents longer than this, in bytes, are streamed. */
export const LARGE = 1024 * 1024
/** Longest content, in bytes: a record's header has 32 bits for it. */
const MOST_CONTENT = 2 ** 32 - 1
/** Longest wait of a note for a message to share its sync with, in ms. */
const NOTE_WAIT = 100
/** How often we look for segments that dead writers left open, and for our own old ones, in ms. */
const SWEEP = 10_000
/** How long a failed write makes `health` say so, unless one succeeds meanwhile, in ms. */
const FAILURE_SHOWN = 15_000

export type OpenOptions = {
  /** file:/folder or s3://bucket/prefix?endpoint=…&region=… */
  url: string
  /** 32 bytes: deriveKey(secret, 'spool'). */
  secretKey: Buffer
  encrypt: boolean
  /** Which process writes: relay, worker, webmail, cli. */
  writer: string
  log: Log
  /** The file system, for tests. */
  fs?: SpoolFs
  /** Share of the disk that must be free for `health` to be ok; 0.1 unless told. */
  minimumFree?: number
  /** Bytes and ms after which a segment is closed. */
  segmentSize?: number
  segmentAge?: number
  /** S3 only: how long a writer's sign of life must stand still before it counts as dead, in ms. */
  lease?: number
  /** Pause between sweeps, in ms. */
  sweep?: number
}

/** @throws SpoolError `failed` when the place can't be used */
export async function openSpool(options: OpenOptions): Promise<Spool> {
  return OpenedSpool.open(options)
}

/** Opens for reading only: takes no lock and changes nothing; the folder need not exist yet. */
export async function openSpoolReader(
  options: Pick<OpenOptions, 'url' | 'secretKey' | 'log' | 'fs'>,
): Promise<SpoolReader> {
  return new LogReader(await openReadableStore(options), options.secretKey)
}

export async function openReadableStore(
  options: Pick<OpenOptions, 'url' | 'log' | 'fs'>,
): Promise<ReadableStore> {
  if (options.url.startsWith('s3:')) {
    // Loaded only when asked for: the client is large.
    const { S3Reader } = await import('./s3.ts')
    return S3Reader.open(options.url)
  }
  return new FileReader(folderOf(options.url), options.fs ?? localFs)
}

export async function openWritableStore(
  options: Pick<OpenOptions, 'url' | 'writer' | 'log' | 'fs' | 'lease'>,
): Promise<WritableStore> {
  if (!/^[a-z]+$/.test(options.writer)) throw new TypeError(`writer ${options.writer}: a to z only`)
  if (options.url.startsWith('s3:')) {
    const { S3Store } = await import('./s3.ts')
    return S3Store.openForWriting(options.url, options.writer, options.log, options.lease)
  }
  const folder = folderOf(options.url)
  try {
    return await FileStore.open(folder, options.writer, options.fs ?? localFs, options.log)
  } catch (error) {
    throw new SpoolError('failed', `spool ${folder}: ${(error as Error).message}`, { cause: error })
  }
}

/** file:/folder, file:///folder; also with characters that a URL would have to escape. */
function folderOf(url: string): string {
  if (!url.startsWith('file:')) throw new SpoolError('failed', `spool ${url}: neither file: nor s3:`)
  return url.startsWith('file://') ? fileURLToPath(url) : url.slice('file:'.length)
}

class OpenedSpool extends LogReader implements Spool {
  readonly #store: WritableStore
  readonly #options: OpenOptions
  readonly #writer: LogWriter
  readonly #sweep: NodeJS.Timeout
  #sweeping: Promise<void> | undefined
  #notes: { notes: readonly Note[]; resolve(): void; reject(error: Error): void }[] = []
  #noteTimer: NodeJS.Timeout | undefined
  #largeNumber = 0
  #lastFailure: { reason: string; at: number } | undefined
  #appending = new Set<Promise<unknown>>()
  #closed = false

  private constructor(options: OpenOptions, store: WritableStore) {
    super(store, options.secretKey)
    this.#options = options
    this.#store = store
    this.#writer = new LogWriter({
      store,
      secretKey: options.secretKey,
      encrypt: options.encrypt,
      segmentSize: options.segmentSize,
      segmentAge: options.segmentAge,
      onFailure: (segment, error) => options.log.error({ event: 'spool.commit-failed', segment, error }),
    })
    this.#sweep = setInterval(() => {
      this.#sweeping ??= this.#sweepOnce().finally(() => {
        this.#sweeping = undefined
      })
    }, options.sweep ?? SWEEP)
    this.#sweep.unref()
  }

  static async open(options: OpenOptions): Promise<OpenedSpool> {
    const store = await openWritableStore(options)
    const spool = new OpenedSpool(options, store)
    await spool.#sweepOnce()
    return spool
  }

  async append(envelope: Envelope, content: Content): Promise<Spooled> {
    if (this.#closed) throw new SpoolError('closed', 'the spool is closed')
    const appended = this.#append(envelope, content)
    this.#appending.add(appended)
    try {
      return await appended
    } finally {
      this.#appending.delete(appended)
    }
  }

  async #append(envelope: Envelope, content: Content): Promise<Spooled> {
    const head: Buffer[] = []
    let size = 0
    const source = Buffer.isBuffer(content) ? [content] : content
    let large: LargeWrite | undefined
    try {
      for await (const chunk of source) {
        size += chunk.length
        if (size > MOST_CONTENT) throw new SpoolError('failed', 'a content of 4 GiB or more')
        if (!large && size > LARGE) {
          large = await this.#beginLarge()
          for (const earlier of head.splice(0)) await large.write(earlier)
        }
        if (large) await large.write(chunk)
        else head.push(chunk)
      }
      await large?.finish()
    } catch (error) {
      await large?.abort()
      throw error
    }
    this.#flushNotes()
    const draft = large
      ? largeMessageDraft(envelope, large.id, size)
      : messageDraft(envelope, head.length === 1 ? head[0]! : Buffer.concat(head))
    // A large content whose record is rejected is left to compaction: the record may be on disk all the same.
    const { location } = await this.#add(() => this.#writer.add(draft))
    return { id: envelope.id as SpooledId, location, size }
  }

  /** Begins a large content. Errors of the store come out as SpoolError, those of the source as they are. */
  async #beginLarge(): Promise<LargeWrite> {
    this.#largeNumber += 1
    const id = `${this.#store.writerId}-${String(this.#largeNumber).padStart(6, '0')}`
    const encoder = new LargeEncoder(this.#options.secretKey, id, this.#options.encrypt)
    const sink = await this.#add(() => this.#store.createLarge(id))
    const put = (buffers: Buffer[]) =>
      this.#add(async () => {
        if (buffers.length > 0) await sink.write(Buffer.concat(buffers))
      })
    try {
      await put([encoder.header()])
    } catch (error) {
      await sink.abort()
      throw error
    }
    return {
      id,
      write: chunk => put(encoder.push(chunk)),
      finish: async () => {
        await put(encoder.end())
        await this.#add(() => sink.finish())
      },
      abort: () => sink.abort(),
    }
  }

  /** Runs a step that writes: remembers for `health` how the last one went, and gives errors their code. */
  async #add<T>(step: () => Promise<T>): Promise<T> {
    try {
      const result = await step()
      this.#lastFailure = undefined
      return result
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      this.#lastFailure = { reason: message, at: Date.now() }
      if (error instanceof SpoolError) throw error
      const full = code === 'ENOSPC' || code === 'EDQUOT'
      throw new SpoolError(full ? 'full' : 'failed', `the spool could not be written: ${message}`, {
        cause: error,
      })
    }
  }

  note(notes: readonly Note[]): Promise<void> {
    if (this.#closed) return Promise.reject(new SpoolError('closed', 'the spool is closed'))
    if (notes.length === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#notes.push({ notes, resolve, reject })
      this.#noteTimer ??= setTimeout(() => this.#flushNotes(), NOTE_WAIT)
    })
  }

  #flushNotes(): void {
    clearTimeout(this.#noteTimer)
    this.#noteTimer = undefined
    for (const { notes, resolve, reject } of this.#notes.splice(0)) {
      const added = notes.map(note => this.#add(() => this.#writer.add(noteDraft(note))))
      Promise.all(added).then(() => resolve(), reject)
    }
  }

  async health(): Promise<{ ok: boolean; reason?: string }> {
    if (this.#closed) return { ok: false, reason: 'the spool is closed' }
    try {
      const state = await this.#store.health(this.#options.minimumFree ?? 0.1)
      if (!state.ok) return state
    } catch (error) {
      return { ok: false, reason: (error as Error).message }
    }
    const failed = this.#lastFailure
    // It is forgotten after a while, or nobody who asks first would ever try again.
    return failed && Date.now() - failed.at < FAILURE_SHOWN
      ? { ok: false, reason: failed.reason }
      : { ok: true }
  }

  async #sweepOnce(): Promise<void> {
    try {
      await this.#store.takeOver(this.inspect)
      await this.#writer.tidy()
    } catch (error) {
      this.#options.log.error({ event: 'spool.sweep-failed', error })
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#sweep)
    await this.#sweeping
    await Promise.allSettled(this.#appending)
    this.#flushNotes()
    await this.#writer.close()
    await this.#store.close()
  }
}

type LargeWrite = {
  id: string
  write(chunk: Buffer): Promise<void>
  finish(): Promise<void>
  abort(): Promise<void>
}
