/**
 * Reading the log: records of a segment in order, and one message by its place.
 *
 * It holds no state but keys, takes no lock and changes nothing, so any number of processes may read. What
 * it gives out has passed its checksum, and when encrypted its authentication.
 */
import { Readable } from 'node:stream'
import { type SegmentKeys, segmentKeys, segmentSalt } from './crypto.ts'
import { Decoder } from './decode.ts'
import { decodeLarge } from './large.ts'
import {
  bodyMatches,
  decodeRecordHeader,
  decodeSegmentHeader,
  FORMAT_VERSION,
  openRecord,
  RECORD_HEADER,
  SEGMENT_HEADER,
} from './record.ts'
import type { Inspect, ReadableStore, SegmentBytes } from './store.ts'
import { type Envelope, type Location, type Scanned, SpoolError, type SpoolReader } from './types.ts'

/** Bytes taken at once when a segment is read through. */
const SCAN_SIZE = 256 * 1024
/** Bytes taken at first when one message is read: most are shorter. */
const READ_SIZE = 16 * 1024
/** A scan gives out contents up to this size, in bytes: many records are held at a time. */
const SHORT = 128 * 1024
/** Keys kept at hand; a segment's are 100 bytes. */
const MOST_KEYS = 1000

export class LogReader implements SpoolReader {
  protected readonly store: ReadableStore
  readonly #secretKey: Buffer
  readonly #keys = new Map<string, SegmentKeys>()

  constructor(store: ReadableStore, secretKey: Buffer) {
    this.store = store
    this.#secretKey = secretKey
  }

  segments() {
    return this.store.list()
  }

  watch(onChange: () => void) {
    return this.store.watch(onChange)
  }

  async *scan(segment: string, from: number): AsyncGenerator<Scanned> {
    const bytes = await this.store.open(segment)
    if (!bytes) throw missing(segment)
    try {
      yield* this.scanBytes(segment, bytes, from)
    } finally {
      await bytes.close()
    }
  }

  /** @throws SpoolError `damaged` when the segment was written with another secret */
  async *scanBytes(
    segment: string,
    bytes: Pick<SegmentBytes, 'read' | 'end' | 'closed'>,
    from: number,
  ): AsyncGenerator<Scanned> {
    const end = bytes.end
    if (end === 0 || from >= end) return
    const keys = await this.#keysOf(segment, bytes)
    if (from === 0 && !keys.intact) {
      const location = { segment, position: 0 }
      yield { type: 'damage', location, next: SEGMENT_HEADER, reason: "the segment's header was changed" }
    }
    let position = Math.max(from, SEGMENT_HEADER)
    const decoder = new Decoder(position, keys.seed)
    while (position < end) {
      const chunk = await bytes.read(position, Math.min(SCAN_SIZE, end - position))
      if (chunk.length === 0) break
      position += chunk.length
      for (const frame of decoder.push(chunk)) yield scanned(segment, frame, keys)
    }
    // In an open segment a part of a record is one that is still being written.
    if (bytes.closed) for (const frame of decoder.end()) yield scanned(segment, frame, keys)
  }

  async read(location: Location): Promise<{ envelope: Envelope; size: number; content: Readable }> {
    const { segment, position } = location
    const bytes = await this.store.open(segment, 'read')
    if (!bytes) throw missing(segment)
    try {
      const keys = await this.#keysOf(segment, bytes)
      let stored = await bytes.read(position, READ_SIZE)
      const header = decodeRecordHeader(stored, position, keys.seed)
      if (!header) throw new SpoolError('damaged', `no record at ${segment}:${position}`)
      const length = RECORD_HEADER + header.length
      if (stored.length < length) {
        const rest = await bytes.read(position + stored.length, length - stored.length)
        stored = Buffer.concat([stored, rest])
      }
      const body = stored.subarray(RECORD_HEADER, length)
      if (!bodyMatches(header, body, keys.seed)) {
        throw new SpoolError('damaged', `the record at ${segment}:${position} has a wrong checksum`)
      }
      const record = open(location, () => openRecord(header, stored, body, keys))
      switch (record.type) {
        case 'note':
          throw new SpoolError('missing', `the record at ${segment}:${position} is not a message`)
        case 'message': {
          const content = Readable.from([record.content], { objectMode: false })
          return { envelope: record.envelope, size: record.content.length, content }
        }
        case 'large': {
          const { envelope, largeId, size } = record
          const large = await this.store.readLarge(largeId)
          if (!large) throw new SpoolError('missing', `large content ${largeId} is not there`)
          const plain = decodeLarge(large, this.#secretKey, largeId, size)
          return { envelope, size, content: Readable.from(plain, { objectMode: false }) }
        }
      }
    } finally {
      await bytes.close()
    }
  }

  /** Whether a message stands at a place. */
  async holds(location: Location, id: string): Promise<boolean> {
    try {
      const { envelope, content } = await this.read(location)
      content.destroy()
      return envelope.id === id
    } catch (error) {
      if (error instanceof SpoolError) return false
      throw error
    }
  }

  /** Where the last valid record ends: what a take-over keeps. */
  inspect: Inspect = async (segment, bytes) => {
    const keys = await this.#keysOf(segment, bytes)
    const decoder = new Decoder(SEGMENT_HEADER, keys.seed)
    let end = 0
    for (let position = SEGMENT_HEADER; ; ) {
      const chunk = await bytes.read(position, SCAN_SIZE)
      if (chunk.length === 0) return { end }
      position += chunk.length
      for (const frame of decoder.push(chunk)) if (frame.type === 'record') end = frame.next
    }
  }

  async #keysOf(
    segment: string,
    bytes: Pick<SegmentBytes, 'read'>,
  ): Promise<SegmentKeys & { intact: boolean }> {
    const known = this.#keys.get(segment)
    if (known) return { ...known, intact: true }
    const header = decodeSegmentHeader(await bytes.read(0, SEGMENT_HEADER))
    switch (header.type) {
      case 'newer':
        throw new SpoolError(
          'failed',
          `segment ${segment} has format ${header.version}; this program knows ${FORMAT_VERSION}`,
        )
      case 'damaged':
        // Its salt follows from its name, so its records can still be read.
        return { ...segmentKeys(this.#secretKey, segmentSalt(this.#secretKey, segment)), intact: false }
      case 'ok': {
        const keys = segmentKeys(this.#secretKey, header.salt)
        if (!keys.check.equals(header.check)) {
          throw new SpoolError('damaged', `segment ${segment} was written with another RESTANTE_SECRET`)
        }
        if (this.#keys.size >= MOST_KEYS) this.#keys.clear()
        this.#keys.set(segment, keys)
        return { ...keys, intact: true }
      }
    }
  }
}

function missing(segment: string): SpoolError {
  return new SpoolError('missing', `segment ${segment} is not there`)
}

function open<T>({ segment, position }: Location, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new SpoolError('damaged', `record at ${segment}:${position}: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

function scanned(segment: string, frame: ReturnType<Decoder['push']>[number], keys: SegmentKeys): Scanned {
  const location = { segment, position: frame.position }
  const next = frame.next
  if (frame.type === 'damage') return { type: 'damage', location, next, reason: frame.reason }
  try {
    const record = openRecord(frame.header, frame.head, frame.body, keys)
    switch (record.type) {
      case 'note':
        return { type: 'note', location, next, note: record.note }
      case 'message':
        return {
          type: 'message',
          location,
          next,
          envelope: record.envelope,
          size: record.content.length,
          ...(record.content.length <= SHORT && { content: record.content }),
        }
      case 'large':
        return {
          type: 'message',
          location,
          next,
          envelope: record.envelope,
          size: record.size,
          large: record.largeId,
        }
    }
  } catch (error) {
    return { type: 'damage', location, next, reason: (error as Error).message }
  }
}
