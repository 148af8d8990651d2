/**
 * Bytes of a segment → records, as the bytes come, however they are cut.
 *
 * What is not a record is damage: the decoder goes on at the next place where a whole header has the right
 * checksum and names its own position, so one bad stretch costs the records it touches and no others.
 */
import { bodyMatches, decodeRecordHeader, RECORD_HEADER, RECORD_MAGIC, type RecordHeader } from './record.ts'

export type Frame =
  | { type: 'record'; position: number; next: number; header: RecordHeader; head: Buffer; body: Buffer }
  | { type: 'damage'; position: number; next: number; reason: string }

export class Decoder {
  readonly #seed: number
  #chunks: Buffer[] = []
  #held = 0
  /** Bytes that must be held before it is worth looking again. */
  #needed = RECORD_HEADER
  /** Position of the first byte held. */
  #position: number
  /** Where the bad stretch began that we are in. */
  #badSince: number | undefined

  /** @param position where the first byte pushed stands in the segment */
  constructor(position: number, seed: number) {
    this.#position = position
    this.#seed = seed
  }

  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk)
    this.#held += chunk.length
    if (this.#held < this.#needed) return []
    let bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks)
    const frames: Frame[] = []
    for (;;) {
      const header = decodeRecordHeader(bytes, this.#position, this.#seed)
      if (!header) {
        if (bytes.length < RECORD_HEADER) {
          this.#needed = RECORD_HEADER
          break
        }
        this.#badSince ??= this.#position
        const at = bytes.indexOf(RECORD_MAGIC, 1)
        // The last three bytes may be the beginning of a header.
        const skip = at === -1 ? bytes.length - RECORD_MAGIC.length + 1 : at
        bytes = bytes.subarray(skip)
        this.#position += skip
        continue
      }
      if (this.#badSince !== undefined) {
        frames.push(damage(this.#badSince, this.#position, 'not a record'))
        this.#badSince = undefined
      }
      const length = RECORD_HEADER + header.length
      if (bytes.length < length) {
        this.#needed = length
        break
      }
      const next = this.#position + length
      const body = bytes.subarray(RECORD_HEADER, length)
      if (bodyMatches(header, body, this.#seed)) {
        const head = bytes.subarray(0, RECORD_HEADER)
        frames.push({ type: 'record', position: this.#position, next, header, head, body })
      } else frames.push(damage(this.#position, next, 'wrong checksum'))
      bytes = bytes.subarray(length)
      this.#position = next
    }
    this.#chunks = bytes.length > 0 ? [bytes] : []
    this.#held = bytes.length
    return frames
  }

  /** No more bytes come: what is left is no whole record. */
  end(): Frame[] {
    const end = this.#position + this.#held
    const start = this.#badSince ?? this.#position
    return end > start
      ? [damage(start, end, this.#badSince === undefined ? 'cut short' : 'not a record')]
      : []
  }
}

function damage(position: number, next: number, reason: string): Frame {
  return { type: 'damage', position, next, reason }
}
