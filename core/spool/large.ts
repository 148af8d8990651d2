/**
 * The bytes of a large content, format version 1: a header, then chunks of 64 KiB, each authenticated (or
 * with a checksum, when not encrypted), numbered, and the last one marked as the last. So it streams both
 * ways, and a chunk that is missing, moved or cut off is noticed (the STREAM construction).
 *
 * The key is bound to the content's id, which stands in the record: contents can't be exchanged on disk.
 */
import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { contentKey, NONCE_LENGTH, SALT_LENGTH, TAG_LENGTH } from './crypto.ts'
import { SpoolError } from './types.ts'

export const LARGE_VERSION = 1
const HEADER = 64
const CHUNK = 64 * 1024
const CHECKSUM_LENGTH = 4
const MAGIC = Buffer.from('\x89RLARGE\n', 'latin1')

/** One chunk's number and whether it is the last: its nonce, or the start of its checksum. */
function chunkLabel(number: number, last: boolean): Buffer {
  const label = Buffer.alloc(NONCE_LENGTH)
  label.writeUInt32LE(number, 0)
  label.writeUInt8(last ? 1 : 0, 4)
  return label
}

/** Plain chunks of any length → stored bytes. */
export class LargeEncoder {
  /** Plain bytes taken so far. */
  size = 0
  readonly #key: KeyObject | undefined
  readonly #salt = randomBytes(SALT_LENGTH)
  #number = 0
  #held: Buffer[] = []
  #heldLength = 0

  constructor(secretKey: Buffer, id: string, encrypt: boolean) {
    this.#key = encrypt ? contentKey(secretKey, this.#salt, id) : undefined
  }

  header(): Buffer {
    const header = Buffer.alloc(HEADER)
    MAGIC.copy(header, 0)
    header.writeUInt16LE(LARGE_VERSION, 8)
    header.writeUInt16LE(this.#key ? 1 : 0, 10)
    header.writeUInt32LE(CHUNK, 12)
    this.#salt.copy(header, 16)
    header.writeUInt32LE(crc32(header.subarray(0, 60)), 60)
    return header
  }

  push(bytes: Buffer): Buffer[] {
    this.size += bytes.length
    this.#held.push(bytes)
    this.#heldLength += bytes.length
    // A chunk goes out only when more follows: the last one carries the mark.
    if (this.#heldLength <= CHUNK) return []
    let rest = Buffer.concat(this.#held)
    const stored: Buffer[] = []
    while (rest.length > CHUNK) {
      stored.push(...this.#encode(rest.subarray(0, CHUNK), false))
      rest = rest.subarray(CHUNK)
    }
    // A copy, so that the whole of a long chunk is not kept for its end.
    this.#held = [Buffer.from(rest)]
    this.#heldLength = rest.length
    return stored
  }

  end(): Buffer[] {
    return this.#encode(Buffer.concat(this.#held), true)
  }

  #encode(plain: Buffer, last: boolean): Buffer[] {
    const label = chunkLabel(this.#number, last)
    this.#number += 1
    if (!this.#key) {
      const checksum = Buffer.alloc(CHECKSUM_LENGTH)
      checksum.writeUInt32LE(crc32(plain, crc32(label, crc32(this.#salt))))
      return [plain, checksum]
    }
    const cipher = createCipheriv('aes-256-gcm', this.#key, label)
    const body = cipher.update(plain)
    cipher.final()
    return [body, cipher.getAuthTag()]
  }
}

/**
 * Stored bytes → plain chunks, each checked before it is given out.
 * @param size what the record says
 * @throws SpoolError `damaged`
 */
export async function* decodeLarge(
  stored: AsyncIterable<Buffer>,
  secretKey: Buffer,
  id: string,
  size: number,
): AsyncGenerator<Buffer> {
  let open: ((stored: Buffer, number: number, last: boolean) => Buffer) | undefined
  let overhead = 0
  let held: Buffer[] = []
  let heldLength = 0
  let needed = HEADER
  let number = 0
  let left = size
  let done = false
  for await (const piece of stored) {
    held.push(piece)
    heldLength += piece.length
    if (heldLength < needed) continue
    let bytes = held.length === 1 ? piece : Buffer.concat(held)
    while (bytes.length >= needed) {
      if (done) throw new SpoolError('damaged', `large content ${id} is longer than its record says`)
      const part = bytes.subarray(0, needed)
      bytes = bytes.subarray(needed)
      if (!open) {
        ;({ open, overhead } = openHeader(part, secretKey, id))
      } else {
        const last = left <= CHUNK
        const plain = open(part, number, last)
        number += 1
        left -= plain.length
        if (plain.length > 0) yield plain
        done = last
      }
      needed = done ? 1 : Math.min(left, CHUNK) + overhead
    }
    held = bytes.length > 0 ? [bytes] : []
    heldLength = bytes.length
  }
  if (!done) throw new SpoolError('damaged', `large content ${id} is cut short`)
}

function openHeader(header: Buffer, secretKey: Buffer, id: string) {
  const damaged = (chunk: number, cause?: unknown) =>
    new SpoolError('damaged', `large content ${id}: chunk ${chunk} was changed`, { cause })
  if (!header.subarray(0, 8).equals(MAGIC) || crc32(header.subarray(0, 60)) !== header.readUInt32LE(60)) {
    throw new SpoolError('damaged', `large content ${id} has no valid header`)
  }
  const version = header.readUInt16LE(8)
  if (version > LARGE_VERSION || header.readUInt32LE(12) !== CHUNK) {
    throw new SpoolError('failed', `large content ${id} has format ${version}, newer than this program`)
  }
  const salt = Buffer.from(header.subarray(16, 48))
  if (header.readUInt16LE(10) === 0) {
    const start = crc32(salt)
    const open = (stored: Buffer, number: number, last: boolean) => {
      const plain = stored.subarray(0, -CHECKSUM_LENGTH)
      const checksum = crc32(plain, crc32(chunkLabel(number, last), start))
      if (checksum !== stored.readUInt32LE(plain.length)) throw damaged(number)
      return plain
    }
    return { open, overhead: CHECKSUM_LENGTH }
  }
  const key = contentKey(secretKey, salt, id)
  const open = (stored: Buffer, number: number, last: boolean) => {
    const decipher = createDecipheriv('aes-256-gcm', key, chunkLabel(number, last))
    decipher.setAuthTag(stored.subarray(-TAG_LENGTH))
    try {
      const plain = decipher.update(stored.subarray(0, -TAG_LENGTH))
      decipher.final()
      return plain
    } catch (error) {
      throw damaged(number, error)
    }
  }
  return { open, overhead: TAG_LENGTH }
}
