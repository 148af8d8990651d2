/**
 * Segments and large contents in an S3 bucket, for installations of more than one machine.
 *
 *   segments/NAME/OFFSET   one group commit: the segment's bytes from that offset on
 *   closed/NAME.SIZE       there when the segment is closed, at that size
 *   large/ID               one large content
 *   writers/ID             renewed while that writer lives
 *   damaged/…              what compaction could not read and set aside
 *
 * An object is there as a whole or not at all, and durable when its PUT is answered: nothing is ever torn,
 * and everything that can be seen is durable. A writer whose sign of life stands still for a whole lease is
 * dead. One that could not give its sign (a paused machine) asks, before it writes again, whether its
 * segment was closed meanwhile, and then leaves it.
 */

import { randomBytes } from 'node:crypto'
import type { Log } from '../observe/log.ts'
import { Bucket } from './s3-bucket.ts'
import type { LargeSink, ReadableStore, SegmentBytes, SegmentSink, WritableStore } from './store.ts'
import { type SegmentInfo, SpoolError } from './types.ts'

const POLL = 1000
/** A writer is dead when its sign of life did not change for so long, in ms. */
const LEASE = 90_000
/** Signs of life within one lease. */
const BEATS = 9
/** Compaction's own segments, by their writer's name, are seen only when they are closed. */
const HIDDEN = /^[^-]*-compact-/
/** Objects asked for at once when a stretch of a segment is read. */
const PARALLEL = 16
/** A lease that others may break: longest time that one compaction takes, in ms. */
const EXCLUSIVE_LEASE = 3_600_000

type Extent = { start: number; length: number }
type Known = { extents: Extent[]; closedAt?: number }

export class S3Reader implements ReadableStore {
  protected readonly bucket: Bucket
  readonly #known = new Map<string, Known>()

  protected constructor(bucket: Bucket) {
    this.bucket = bucket
  }

  static open(url: string): S3Reader {
    return new S3Reader(new Bucket(url))
  }

  async list(): Promise<SegmentInfo[]> {
    const [names, closed] = await Promise.all([this.bucket.folders('segments/'), this.closedSizes('')])
    for (const name of this.#known.keys()) if (!names.includes(name)) this.#known.delete(name)
    const segments: SegmentInfo[] = []
    for (const name of names) {
      const size = closed.get(name)
      if (size !== undefined) segments.push({ name, size, closed: true })
      else segments.push({ name, size: seenEnd(name, await this.#refresh(name)), closed: false })
    }
    return segments
  }

  protected async closedSizes(segment: string): Promise<Map<string, number>> {
    const sizes = new Map<string, number>()
    for (const { key } of await this.bucket.list(`closed/${segment}`)) {
      const dot = key.lastIndexOf('.')
      sizes.set(key.slice('closed/'.length, dot), Number(key.slice(dot + 1)))
    }
    return sizes
  }

  /** Asks for the objects that came since we last asked. */
  async #refresh(segment: string): Promise<Known> {
    const known = this.#known.get(segment) ?? { extents: [] }
    if (known.closedAt !== undefined) return known
    // Closed first: what is listed after it was there when it closed.
    const closedAt = (await this.closedSizes(`${segment}.`)).get(segment)
    const last = known.extents.at(-1)
    const folder = `segments/${segment}/`
    const after = last && `${folder}${offsetName(last.start)}`
    for (const { key, size } of await this.bucket.list(folder, after)) {
      const start = Number(key.slice(folder.length))
      // A gap: what comes behind it belongs to a removal that is under way.
      if (start === endOf({ extents: known.extents })) known.extents.push({ start, length: size })
    }
    if (closedAt !== undefined) known.closedAt = closedAt
    if (known.extents.length > 0) this.#known.set(segment, known)
    return known
  }

  async open(segment: string, purpose: 'scan' | 'read' = 'scan'): Promise<SegmentBytes | undefined> {
    const known = (purpose === 'read' && this.#known.get(segment)) || (await this.#refresh(segment))
    if (known.extents.length === 0) return undefined
    return {
      end: seenEnd(segment, known),
      closed: known.closedAt !== undefined,
      read: (position, length) => this.#read(segment, known, position, length),
      close: async () => {},
    }
  }

  /** Where the bytes end that we know of. */
  protected wholeEnd(segment: string): number {
    const known = this.#known.get(segment)
    return known ? endOf(known) : 0
  }

  async #read(segment: string, known: Known, position: number, length: number): Promise<Buffer> {
    if (position >= endOf(known)) await this.#refresh(segment)
    const end = Math.min(position + length, endOf(known))
    const wanted: (Extent & { from: number; to: number })[] = []
    // From the end: what is read is most often new.
    for (let index = known.extents.length - 1; index >= 0; index -= 1) {
      const extent = known.extents[index]!
      if (extent.start + extent.length <= position) break
      if (extent.start >= end) continue
      const from = Math.max(position - extent.start, 0)
      wanted.unshift({ ...extent, from, to: Math.min(end - extent.start, extent.length) })
    }
    const pieces: Buffer[] = []
    for (let at = 0; at < wanted.length; at += PARALLEL) {
      const group = wanted.slice(at, at + PARALLEL).map(async ({ start, from, to }) => {
        const bytes = await this.bucket.get(`segments/${segment}/${offsetName(start)}`, from, to)
        if (bytes) return bytes
        this.#known.delete(segment)
        throw new SpoolError('missing', `segment ${segment} is not there`)
      })
      pieces.push(...(await Promise.all(group)))
    }
    return Buffer.concat(pieces)
  }

  readLarge(id: string): Promise<AsyncIterable<Buffer> | undefined> {
    return this.bucket.stream(`large/${id}`)
  }

  watch(onChange: () => void): { close(): void } {
    const poll = setInterval(onChange, POLL)
    poll.unref()
    return { close: () => clearInterval(poll) }
  }
}

/** Where the bytes end that belong to the segment and follow each other. */
function endOf(known: Known): number {
  const last = known.extents.at(-1)
  const end = last ? last.start + last.length : 0
  return known.closedAt === undefined ? end : Math.min(end, known.closedAt)
}

/** How far a scan may go. */
function seenEnd(segment: string, known: Known): number {
  return known.closedAt === undefined && HIDDEN.test(segment) ? 0 : endOf(known)
}

/** So that the order of the keys is the order of the bytes. */
function offsetName(offset: number): string {
  return String(offset).padStart(12, '0')
}

export class S3Store extends S3Reader implements WritableStore {
  readonly writerId: string
  readonly #log: Log
  readonly #lease: number
  readonly #beat: NodeJS.Timeout
  /** When our last sign of life was taken, by this process's own clock. */
  #lastBeat = 0
  #beating: Promise<void> | undefined
  readonly #own = new Set<string>()
  /** What others' signs of life were, and since when they are so. */
  readonly #seen = new Map<string, { sign: number; since: number }>()

  private constructor(bucket: Bucket, writerId: string, lease: number, log: Log) {
    super(bucket)
    this.writerId = writerId
    this.#lease = lease
    this.#log = log
    this.#beat = setInterval(() => {
      this.#signOfLife().catch(error => log.warn({ event: 'spool.lease-not-renewed', error }))
    }, lease / BEATS)
    this.#beat.unref()
  }

  static async openForWriting(url: string, writer: string, log: Log, lease = LEASE): Promise<S3Store> {
    const bucket = new Bucket(url)
    const store = new S3Store(bucket, `${writer}-${randomBytes(8).toString('hex')}`, lease, log)
    try {
      await store.#signOfLife()
      return store
    } catch (error) {
      clearInterval(store.#beat)
      bucket.close()
      throw new SpoolError('failed', `the spool's bucket can't be used: ${(error as Error).message}`, {
        cause: error,
      })
    }
  }

  #signOfLife(): Promise<void> {
    const at = performance.now()
    this.#beating ??= this.bucket
      .put(`writers/${this.writerId}`, Buffer.from(new Date().toISOString()))
      .then(() => {
        this.#lastBeat = at
      })
      .finally(() => {
        this.#beating = undefined
      })
    return this.#beating
  }

  /** @throws when somebody may have taken us for dead, and closed this segment */
  async #mayWrite(segment: string): Promise<void> {
    if (performance.now() - this.#lastBeat < this.#lease / 3) return
    await this.#signOfLife()
    if ((await this.closedSizes(`${segment}.`)).size > 0) {
      throw new Error('this writer was taken for dead and its segment closed')
    }
  }

  async create(name: string): Promise<SegmentSink> {
    this.#own.add(name)
    let durable = 0
    let broken = false
    const key = () => `segments/${name}/${offsetName(durable)}`
    const close = async () => {
      if (durable > 0) await this.bucket.put(`closed/${name}.${durable}`, Buffer.from(String(durable)))
      this.#own.delete(name)
    }
    return {
      name,
      commit: async buffers => {
        if (broken) throw new Error('an abandoned segment')
        try {
          await this.#mayWrite(name)
          const bytes = Buffer.concat(buffers)
          await this.bucket.put(key(), bytes)
          durable += bytes.length
        } catch (error) {
          broken = true
          throw error
        }
      },
      close,
      abandon: async () => {
        broken = true
        try {
          // The bytes that were refused may have arrived all the same. Beyond the closed size nobody reads.
          await close()
          await this.bucket.remove(key())
        } catch (error) {
          this.#log.error({ event: 'spool.abandon-failed', segment: name, error })
          // Left open: a take-over closes it, ours or another's.
          this.#own.delete(name)
        }
      },
    }
  }

  async createLarge(id: string): Promise<LargeSink> {
    return this.bucket.upload(`large/${id}`)
  }

  async takeOver(): Promise<string[]> {
    const now = performance.now()
    const signs = new Map<string, number>()
    for (const { key, modifiedAt } of await this.bucket.list('writers/')) {
      signs.set(key.slice('writers/'.length), modifiedAt)
    }
    const taken: string[] = []
    const alive = new Set<string>()
    for (const { name, closed } of await this.list()) {
      if (closed || this.#own.has(name)) continue
      const writer = name.slice(name.indexOf('-') + 1, name.lastIndexOf('-'))
      if (writer !== this.writerId) {
        const sign = signs.get(writer) ?? 0
        const seen = this.#seen.get(writer)
        if (seen?.sign !== sign) this.#seen.set(writer, { sign, since: now })
        if (seen?.sign !== sign || now - seen.since < this.#lease) {
          alive.add(writer)
          continue
        }
      }
      const size = this.wholeEnd(name)
      await this.bucket.put(`closed/${name}.${size}`, Buffer.from(String(size)))
      this.#log.info({ event: 'spool.taken-over', segment: name })
      taken.push(name)
    }
    for (const writer of this.#seen.keys()) {
      if (alive.has(writer)) continue
      this.#seen.delete(writer)
      await this.bucket.remove(`writers/${writer}`)
    }
    return taken
  }

  async openWhole(segment: string): Promise<SegmentBytes | undefined> {
    const bytes = await this.open(segment)
    return bytes && { ...bytes, end: this.wholeEnd(segment) }
  }

  /** From the end, so that what a crash leaves is a shorter segment; then its mark. */
  async remove(segment: string): Promise<void> {
    const objects = await this.bucket.list(`segments/${segment}/`)
    for (const { key } of objects.reverse()) await this.bucket.remove(key)
    for (const { key } of await this.bucket.list(`closed/${segment}.`)) await this.bucket.remove(key)
  }

  async listLarge(): Promise<{ id: string; modifiedAt: number }[]> {
    const listed = await this.bucket.list('large/')
    return listed.map(({ key, modifiedAt }) => ({ id: key.slice('large/'.length), modifiedAt }))
  }

  removeLarge(id: string): Promise<void> {
    return this.bucket.remove(`large/${id}`)
  }

  setAside(name: string, bytes: Buffer): Promise<void> {
    return this.bucket.put(`damaged/${name}`, bytes)
  }

  /** Not a real lock (the protocol has none): two at once do double work, and no harm. */
  async exclusive(purpose: string) {
    const key = `locks/${purpose}`
    const held = (await this.bucket.list(key)).find(found => found.key === key)
    if (held && Date.now() - held.modifiedAt < EXCLUSIVE_LEASE) return undefined
    await this.bucket.put(key, Buffer.from(this.writerId))
    return { release: () => this.bucket.remove(key) }
  }

  async health(): Promise<{ ok: boolean; reason?: string }> {
    const silent = performance.now() - this.#lastBeat
    if (silent < this.#lease / 2) return { ok: true }
    return { ok: false, reason: `the spool's bucket did not answer for ${Math.round(silent / 1000)} s` }
  }

  async close(): Promise<void> {
    clearInterval(this.#beat)
    if (this.#own.size === 0) await this.bucket.remove(`writers/${this.writerId}`).catch(() => {})
    this.bucket.close()
  }
}
