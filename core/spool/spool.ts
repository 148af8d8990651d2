/**
 * The spool of one process, open for writing.
 *
 * A content over 1 MiB is never held in memory: it streams into a place of its own, which is durable before
 * the record that names it is written. A crash between leaves a content that no record names; compaction
 * removes it.
 */
import { LargeEncoder } from './large.ts'
import type { OpenOptions } from './open.ts'
import { LogReader } from './reader.ts'
import { largeMessageDraft, messageDraft, noteDraft } from './record.ts'
import { reached } from './states.ts'
import type { WritableStore } from './store.ts'
import {
  type Content,
  type Envelope,
  type Note,
  type Spool,
  SpoolError,
  type Spooled,
  type SpooledId,
  type SpoolHealth,
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

export class OpenedSpool extends LogReader implements Spool {
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

  constructor(options: OpenOptions, store: WritableStore) {
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

  /** Closes what dead writers left open, so that it can be read before anything else happens. */
  async start(): Promise<void> {
    await this.#sweepOnce()
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
        reached(0)
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

  async health(): Promise<SpoolHealth> {
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
