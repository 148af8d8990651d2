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

import { Bucket } from './s3-bucket.ts'
import type { ReadableStore, SegmentBytes } from './store.ts'
import { type SegmentInfo, SpoolError } from './types.ts'

const POLL = 1000
/** Compaction's own segments, by their writer's name, are seen only when they are closed. */
const HIDDEN = /^[^-]*-compact-/
/** Objects asked for at once when a stretch of a segment is read. */
const PARALLEL = 16

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
export function offsetName(offset: number): string {
  return String(offset).padStart(12, '0')
}
