/**
 * Group commit: drafts come one by one, and all that wait share one write and one sync.
 *
 * A draft is encoded for the segment it goes to as soon as there is one, while the sync of those before it
 * runs. When a write or sync fails its segment is abandoned and never tried again; what was not yet durable
 * is encoded anew for a new segment, once, and rejected when that fails too. A message may then stand in two
 * segments: its id is the same in both.
 */
import { counter, histogram } from '../observe/metrics.ts'
import { type SegmentKeys, segmentKeys, segmentSalt } from './crypto.ts'
import { type Draft, draftLength, encodeRecord, encodeSegmentHeader, SEGMENT_HEADER } from './record.ts'
import type { SegmentSink, WritableStore } from './store.ts'
import { type Location, SpoolError } from './types.ts'

/** A segment is closed when it is longer, in bytes … */
export const SEGMENT_SIZE = 64 * 1024 * 1024
/** … or older, in ms, so that what is deleted can be compacted away within a day. */
export const SEGMENT_AGE = 6 * 3_600_000
/** Bytes in one commit at most, so that the first who waits does not wait for many megabytes. */
const COMMIT_SIZE = 8 * 1024 * 1024
/** How often a draft is written: once, and once more when its segment failed. */
const MOST_TRIES = 2

const syncs = counter('spool_commits_total', 'Group commits of the spool, each one write and one sync.')
const records = counter('spool_records_total', 'Records that the spool made durable.')
const failures = counter('spool_failures_total', 'Commits of the spool that failed.')
const duration = histogram(
  'spool_commit_seconds',
  'Time that one group commit of the spool took.',
  [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1, 5],
)

type Item = {
  draft: Draft
  tries: number
  resolve(placed: { location: Location; length: number }): void
  reject(error: Error): void
}
type Encoded = { item: Item; position: number; bytes: Buffer }
type Segment = { sink: SegmentSink; keys: SegmentKeys; position: number; header?: Buffer; openedAt: number }

export type WriterOptions = {
  store: WritableStore
  secretKey: Buffer
  encrypt: boolean
  compress?: boolean
  hidden?: boolean
  segmentSize?: number
  segmentAge?: number
  /** For a second writer on the same store: where its numbers of segments begin. */
  firstNumber?: number
  now?: () => number
  /** What a failure was, for the log. */
  onFailure?: (segment: string, error: unknown) => void
}

export class LogWriter {
  readonly #options: WriterOptions
  readonly #now: () => number
  readonly #size: number
  /** Where records go now; undefined until the first comes. */
  #segment: Segment | undefined
  #number = 0
  #waiting: Item[] = []
  #encoded: Encoded[] = []
  #running: Promise<void> | undefined
  #closed = false

  constructor(options: WriterOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#size = options.segmentSize ?? SEGMENT_SIZE
    this.#number = (options.firstNumber ?? 1) - 1
  }

  /** Resolves when it is durable. @throws SpoolError `full`, `failed`, `closed` */
  add(draft: Draft): Promise<{ location: Location; length: number }> {
    if (this.#closed) return Promise.reject(new SpoolError('closed', 'the spool is closed'))
    return new Promise((resolve, reject) => {
      this.#place({ draft, tries: 0, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Encodes it for the segment at hand, or lets it wait for one. */
  #place(item: Item): void {
    const segment = this.#segment
    const room = segment && segment.position + draftLength(item.draft) <= this.#size
    const first = segment && segment.position === SEGMENT_HEADER
    // Those that wait come first, and a segment takes at least one record, however long.
    if (!segment || this.#waiting.length > 0 || !(room || first)) {
      this.#waiting.push(item)
      return
    }
    try {
      const { encrypt, compress = false } = this.#options
      const bytes = encodeRecord(item.draft, segment.position, segment.keys, { encrypt, compress })
      this.#encoded.push({ item, position: segment.position, bytes })
      segment.position += bytes.length
    } catch (error) {
      item.reject(error as Error)
    }
  }

  async #run(): Promise<void> {
    // Whatever else came in with this turn of the event loop goes along.
    await new Promise(resolve => setImmediate(resolve))
    while (this.#encoded.length > 0 || this.#waiting.length > 0) {
      if (this.#encoded.length > 0) {
        await this.#commit(this.#segment!)
        continue
      }
      if (this.#segment) await this.#end()
      const opened = await this.#open()
      if (!opened) continue
      const waiting = this.#waiting
      this.#waiting = []
      for (const item of waiting) this.#place(item)
    }
    this.#running = undefined
  }

  async #open(): Promise<boolean> {
    const { store, secretKey, hidden = false } = this.#options
    this.#number += 1
    const time = new Date(this.#now()).toISOString().replaceAll(/[-:.]/g, '')
    const name = `${time}-${store.writerId}-${String(this.#number).padStart(6, '0')}`
    try {
      const sink = await store.create(name, { hidden })
      const keys = segmentKeys(secretKey, segmentSalt(secretKey, name))
      const header = encodeSegmentHeader(keys)
      this.#segment = { sink, keys, position: SEGMENT_HEADER, header, openedAt: this.#now() }
      return true
    } catch (error) {
      failures.inc()
      this.#options.onFailure?.(name, error)
      const waiting = this.#waiting
      this.#waiting = []
      for (const item of waiting) item.reject(failure(error))
      return false
    }
  }

  async #commit(segment: Segment): Promise<void> {
    let length = 0
    let count = 0
    while (count < this.#encoded.length && (count === 0 || length < COMMIT_SIZE)) {
      length += this.#encoded[count]!.bytes.length
      count += 1
    }
    const batch = this.#encoded.splice(0, count)
    const buffers = batch.map(({ bytes }) => bytes)
    if (segment.header) buffers.unshift(segment.header)
    const end = duration.startTimer()
    try {
      await segment.sink.commit(buffers)
    } catch (error) {
      failures.inc()
      this.#options.onFailure?.(segment.sink.name, error)
      await this.#abandon(segment, batch, error)
      return
    }
    end()
    syncs.inc()
    records.inc(count)
    segment.header = undefined
    const name = segment.sink.name
    for (const { item, position, bytes } of batch) {
      item.resolve({ location: { segment: name, position }, length: bytes.length })
    }
  }

  async #abandon(segment: Segment, batch: Encoded[], error: unknown): Promise<void> {
    this.#segment = undefined
    const again: Item[] = []
    const rejected: Item[] = []
    for (const { item } of batch) {
      item.tries += 1
      // On a full disk a second segment has no more room than the first.
      const over = item.tries >= MOST_TRIES || isFull(error)
      ;(over ? rejected : again).push(item)
    }
    await segment.sink.abandon()
    for (const item of rejected) item.reject(failure(error))
    again.push(...this.#encoded.map(({ item }) => item))
    this.#encoded = []
    this.#waiting = [...again, ...this.#waiting]
  }

  async #end(): Promise<void> {
    const segment = this.#segment
    this.#segment = undefined
    try {
      await segment?.sink.close()
    } catch (error) {
      // Everything in it is durable; the take-over closes it.
      this.#options.onFailure?.(segment!.sink.name, error)
    }
  }

  /** Closes a segment that has become old, when nothing is being written to it. */
  async tidy(): Promise<void> {
    const segment = this.#segment
    const age = this.#options.segmentAge ?? SEGMENT_AGE
    if (!segment || this.#running || this.#now() - segment.openedAt < age) return
    this.#running = this.#end().then(() => {
      this.#running = undefined
      if (this.#waiting.length > 0) this.#running = this.#run()
    })
    await this.#running
  }

  /** What was added is durable or rejected. */
  async flush(): Promise<void> {
    while (this.#running) await this.#running
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.flush()
    await this.#end()
  }
}

function isFull(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'ENOSPC' || code === 'EDQUOT' || (error instanceof SpoolError && error.code === 'full')
}

function failure(error: unknown): SpoolError {
  if (error instanceof SpoolError) return error
  const reason = (error as Error).message
  return isFull(error)
    ? new SpoolError('full', `no room in the spool: ${reason}`, { cause: error })
    : new SpoolError('failed', `the spool could not be written: ${reason}`, { cause: error })
}
