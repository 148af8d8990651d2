/**
 * The bytes of a segment, format version 1: one header, then records without gaps. docs/spool.md draws it.
 *
 * A record's header says where it stands, how long it is and what both checksums are; so one that is cut,
 * changed or in the wrong place is recognised, and its length can be trusted before its body is read.
 * All numbers are little endian.
 */
import { crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { type SegmentKeys, sealedLength, sealParts, unsealBody } from './crypto.ts'
import { type Envelope, type Note, SpoolError } from './types.ts'

export const FORMAT_VERSION = 1
export const SEGMENT_HEADER = 64
export const RECORD_HEADER = 32
/** Longest body of a record, in bytes: an envelope of 10,000 recipients and a small content fit many times. */
export const MOST_BODY = 64 * 1024 * 1024
/** The first byte is no ASCII and the last a line feed: a copy that "mended" line ends is noticed. */
const SEGMENT_MAGIC = Buffer.from('\x89RSPOOL\n', 'latin1')
export const RECORD_MAGIC = Buffer.from('\x8eREC', 'latin1')

export const KIND = { message: 1, note: 2 } as const
export const FLAG = { encrypted: 1, compressed: 2, large: 4 } as const
const KNOWN_FLAGS = FLAG.encrypted | FLAG.compressed | FLAG.large

export type RecordHeader = {
  kind: number
  flags: number
  position: number
  /** Bytes of the body as stored. */
  length: number
  /** Bytes of the message's content; 0 for a note. */
  size: number
  bodyChecksum: number
}

export function encodeSegmentHeader(keys: SegmentKeys): Buffer {
  const header = Buffer.alloc(SEGMENT_HEADER)
  SEGMENT_MAGIC.copy(header, 0)
  header.writeUInt16LE(FORMAT_VERSION, 8)
  header.writeUInt32LE(SEGMENT_HEADER, 12)
  keys.salt.copy(header, 16)
  keys.check.copy(header, 48)
  header.writeUInt32LE(crc32(header.subarray(0, 60)), 60)
  return header
}

export type SegmentHeader =
  | { type: 'ok'; salt: Buffer; check: Buffer }
  | { type: 'damaged' }
  | { type: 'newer'; version: number }

export function decodeSegmentHeader(bytes: Buffer): SegmentHeader {
  if (bytes.length < SEGMENT_HEADER) return { type: 'damaged' }
  if (!bytes.subarray(0, 8).equals(SEGMENT_MAGIC)) return { type: 'damaged' }
  if (crc32(bytes.subarray(0, 60)) !== bytes.readUInt32LE(60)) return { type: 'damaged' }
  const version = bytes.readUInt16LE(8)
  if (version > FORMAT_VERSION) return { type: 'newer', version }
  return {
    type: 'ok',
    salt: Buffer.from(bytes.subarray(16, 48)),
    check: Buffer.from(bytes.subarray(48, 56)),
  }
}

/** What a record is made of, before it has a place. It can be encoded again for another segment. */
export type Draft = {
  kind: number
  large: boolean
  size: number
  /** The body's plain parts, in order. */
  parts: readonly Buffer[]
}

export function messageDraft(envelope: Envelope, content: Buffer): Draft {
  return { kind: KIND.message, large: false, size: content.length, parts: bodyParts(envelope, content) }
}

/** A message whose content of `size` bytes stands in a place of its own. */
export function largeMessageDraft(envelope: Envelope, largeId: string, size: number): Draft {
  return { kind: KIND.message, large: true, size, parts: bodyParts(envelope, Buffer.from(largeId)) }
}

export function noteDraft(note: Note): Draft {
  return { kind: KIND.note, large: false, size: 0, parts: [Buffer.from(JSON.stringify(note))] }
}

function bodyParts(envelope: Envelope, rest: Buffer): Buffer[] {
  const text = Buffer.from(JSON.stringify(envelope))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(text.length)
  return [length, text, rest]
}

/** Bytes that a draft takes at most in a segment. */
export function draftLength(draft: Draft): number {
  let length = 0
  for (const part of draft.parts) length += part.length
  return RECORD_HEADER + sealedLength(length)
}

/** @throws SpoolError `failed` when it is longer than a record may be */
export function encodeRecord(
  draft: Draft,
  position: number,
  keys: SegmentKeys,
  how: { encrypt: boolean; compress: boolean },
): Buffer {
  let parts = draft.parts
  let flags = draft.large ? FLAG.large : 0
  if (how.compress) {
    const plain = Buffer.concat(parts)
    const packed = zstdCompressSync(plain)
    if (packed.length < plain.length) {
      parts = [packed]
      flags |= FLAG.compressed
    }
  }
  let length = 0
  for (const part of parts) length += part.length
  if (how.encrypt) {
    flags |= FLAG.encrypted
    length = sealedLength(length)
  }
  if (length > MOST_BODY) throw new SpoolError('failed', `a record of ${length} bytes is too long`)
  const header = Buffer.alloc(RECORD_HEADER)
  RECORD_MAGIC.copy(header, 0)
  header.writeUInt8(draft.kind, 4)
  header.writeUInt8(flags, 5)
  header.writeUIntLE(position, 8, 6)
  header.writeUInt32LE(length, 16)
  header.writeUInt32LE(draft.size, 20)
  const body = how.encrypt ? sealParts(keys.key, parts, header.subarray(0, 24)) : parts
  let checksum = keys.seed
  for (const part of body) checksum = crc32(part, checksum)
  header.writeUInt32LE(checksum, 24)
  header.writeUInt32LE(crc32(header.subarray(0, 28), keys.seed), 28)
  return Buffer.concat([header, ...body])
}

/** The header at the start of `bytes`, or undefined when there is none that belongs at this position. */
export function decodeRecordHeader(bytes: Buffer, position: number, seed: number): RecordHeader | undefined {
  if (bytes.length < RECORD_HEADER || !bytes.subarray(0, 4).equals(RECORD_MAGIC)) return undefined
  if (crc32(bytes.subarray(0, 28), seed) !== bytes.readUInt32LE(28)) return undefined
  const header = {
    kind: bytes.readUInt8(4),
    flags: bytes.readUInt8(5),
    position: bytes.readUIntLE(8, 6),
    length: bytes.readUInt32LE(16),
    size: bytes.readUInt32LE(20),
    bodyChecksum: bytes.readUInt32LE(24),
  }
  return header.position === position && header.length <= MOST_BODY ? header : undefined
}

export function bodyMatches(header: RecordHeader, body: Buffer, seed: number): boolean {
  return body.length === header.length && crc32(body, seed) === header.bodyChecksum
}

export type RecordBody =
  | { type: 'message'; envelope: Envelope; content: Buffer }
  | { type: 'large'; envelope: Envelope; largeId: string; size: number }
  | { type: 'note'; note: Note }

/**
 * What stands in a record whose checksums are right.
 * @param head the record's first 24 bytes: the cipher text is bound to them
 * @throws Error with a reason when it can't be opened or is of a kind that this version does not know
 */
export function openRecord(
  header: RecordHeader,
  head: Buffer,
  stored: Buffer,
  keys: SegmentKeys,
): RecordBody {
  if (header.flags & ~KNOWN_FLAGS) throw new Error(`record with unknown flags ${header.flags}`)
  let body = stored
  if (header.flags & FLAG.encrypted) {
    try {
      body = unsealBody(keys.key, body, head.subarray(0, 24))
    } catch (error) {
      throw new Error('the record was changed after it was encrypted', { cause: error })
    }
  }
  if (header.flags & FLAG.compressed) body = zstdDecompressSync(body, { maxOutputLength: 2 * MOST_BODY })
  switch (header.kind) {
    case KIND.note:
      return { type: 'note', note: JSON.parse(body.toString('utf8')) as Note }
    case KIND.message: {
      const end = 4 + body.readUInt32LE(0)
      const envelope = JSON.parse(body.toString('utf8', 4, end)) as Envelope
      const content = body.subarray(end)
      return header.flags & FLAG.large
        ? { type: 'large', envelope, largeId: content.toString('utf8'), size: header.size }
        : { type: 'message', envelope, content }
    }
    default:
      throw new Error(`record of an unknown kind ${header.kind}`)
  }
}
