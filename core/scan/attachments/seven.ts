/**
 * 7z files: the names in the directory at the end, and whether anything is encrypted (the format's own
 * description, 7zFormat.txt of the LZMA SDK). The files themselves are not unpacked.
 *
 * The directory is mostly compressed itself and lies right before what points to it, so the last MiB is kept
 * while the rest goes by.
 */
import type { Archive } from './archive.ts'
import { decodeLzma } from './lzma.ts'
import type { ByteReader } from './reader.ts'

const LARGEST_HEADER = 2 * 1024 * 1024
const KEPT = 1024 * 1024
const MOST_NUMBERS = 100_000

export async function readSeven(reader: ByteReader, archive: Archive): Promise<void> {
  const start = await reader.take(32)
  if (!start) return archive.say('archive-unreadable')
  const offset = Number(start.readBigUInt64LE(12))
  const size = Number(start.readBigUInt64LE(20))
  if (size === 0) return
  if (!Number.isSafeInteger(offset) || size > LARGEST_HEADER) return archive.say('archive-unreadable')
  const tail = new Tail()
  const complete = await reader.pass(offset, async chunk => tail.add(chunk))
  const directory = complete ? await reader.take(size) : undefined
  if (!directory) return archive.say('archive-unreadable')
  try {
    readDirectory(directory, { tail: tail.bytes(), tailEnds: offset }, archive, 0)
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    archive.say('archive-unreadable')
  }
}

/** The last octets that went by. */
class Tail {
  #chunks: Buffer[] = []
  #size = 0

  add(chunk: Buffer): void {
    this.#chunks.push(Buffer.from(chunk))
    this.#size += chunk.length
    while (this.#size - this.#chunks[0]!.length >= KEPT) this.#size -= this.#chunks.shift()!.length
    // Small chunks are put together, lest their number grows instead.
    if (this.#chunks.length > 256) this.#chunks = [Buffer.concat(this.#chunks)]
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }
}

class Malformed extends Error {}

type Packed = { tail: Buffer /** Where it ends, counted from the first header's end. */; tailEnds: number }

function readDirectory(bytes: Buffer, packed: Packed, archive: Archive, depth: number): void {
  const fields = new Fields(bytes)
  const id = fields.octet()
  if (id === 0x17) {
    const streams = readStreams(fields)
    if (streams.folders.some(folder => folder.encrypted)) {
      archive.say('archive-encrypted')
      return
    }
    const folder = streams.folders[0]
    if (!folder || depth > 4) throw new Malformed()
    const from = packed.tail.length - packed.tailEnds + streams.position
    const input = packed.tail.subarray(Math.max(0, from), from + (streams.sizes[0] ?? 0))
    const size = folder.size
    if (from < 0 || size > LARGEST_HEADER * 4) throw new Malformed()
    const inner =
      folder.coder === '030101'
        ? decodeLzma(input, folder.properties, size)
        : folder.coder === '00'
          ? input
          : undefined
    if (!inner) throw new Malformed()
    readDirectory(inner, packed, archive, depth + 1)
    return
  }
  if (id !== 0x01) throw new Malformed()
  let encrypted = false
  for (;;) {
    const section = fields.octet()
    if (section === 0) break
    if (section === 0x02) {
      for (let property = fields.octet(); property !== 0; property = fields.octet())
        fields.skip(fields.number())
    } else if (section === 0x03 || section === 0x04) {
      encrypted ||= readStreams(fields).folders.some(folder => folder.encrypted)
    } else if (section === 0x05) {
      readNames(fields, archive)
      break
    } else throw new Malformed()
  }
  if (encrypted) archive.say('archive-encrypted')
}

function readNames(fields: Fields, archive: Archive): void {
  fields.number()
  for (;;) {
    const property = fields.octet()
    if (property === 0) return
    const content = fields.bytes(fields.number())
    if (property !== 0x11) continue
    // An octet that says they are elsewhere, which no program writes; then UTF-16 names, each with a NUL.
    const names = content.subarray(1, content.length - ((content.length - 1) % 2)).toString('utf16le')
    for (const name of names.split('\0')) if (name && !archive.named([name])) return
  }
}

type Folder = { coder: string; properties: Buffer; size: number; encrypted: boolean; outputs: number }
type Streams = { position: number; sizes: number[]; folders: Folder[] }

const AES = '06f10701'

function readStreams(fields: Fields): Streams {
  const streams: Streams = { position: 0, sizes: [], folders: [] }
  for (;;) {
    const id = fields.octet()
    if (id === 0) return streams
    if (id === 0x06) readPackInfo(fields, streams)
    else if (id === 0x07) readFolders(fields, streams)
    else if (id === 0x08) skipSubStreams(fields, streams)
    else throw new Malformed()
  }
}

function readPackInfo(fields: Fields, streams: Streams): void {
  streams.position = fields.number()
  const count = fields.count()
  for (;;) {
    const id = fields.octet()
    if (id === 0) return
    if (id === 0x09) for (let left = count; left > 0; left--) streams.sizes.push(fields.number())
    else if (id === 0x0a) fields.digests(count)
    else throw new Malformed()
  }
}

function readFolders(fields: Fields, streams: Streams): void {
  if (fields.octet() !== 0x0b) throw new Malformed()
  const count = fields.count()
  if (fields.octet() !== 0) throw new Malformed()
  for (let left = count; left > 0; left--) streams.folders.push(readFolder(fields))
  for (;;) {
    const id = fields.octet()
    if (id === 0) return
    if (id === 0x0c) {
      for (const folder of streams.folders) {
        for (let left = folder.outputs; left > 0; left--) {
          const size = fields.number()
          if (left === folder.outputs) folder.size = size
        }
      }
    } else if (id === 0x0a) fields.digests(count)
    else throw new Malformed()
  }
}

function readFolder(fields: Fields): Folder {
  const folder: Folder = { coder: '', properties: Buffer.alloc(0), size: 0, encrypted: false, outputs: 0 }
  let inputs = 0
  for (let left = fields.count(32); left > 0; left--) {
    const flags = fields.octet()
    const id = fields.bytes(flags & 0x0f).toString('hex')
    const complex = (flags & 0x10) !== 0
    inputs += complex ? fields.count(32) : 1
    folder.outputs += complex ? fields.count(32) : 1
    const properties = flags & 0x20 ? fields.bytes(fields.number()) : Buffer.alloc(0)
    if (id === AES) folder.encrypted = true
    if (!folder.coder) {
      folder.coder = id
      folder.properties = properties
    }
  }
  for (let left = folder.outputs - 1; left > 0; left--) {
    fields.number()
    fields.number()
  }
  const packed = inputs - (folder.outputs - 1)
  if (packed > 1) for (let left = packed; left > 0; left--) fields.number()
  return folder
}

function skipSubStreams(fields: Fields, streams: Streams): void {
  let counts = streams.folders.map(() => 1)
  for (;;) {
    const id = fields.octet()
    if (id === 0) return
    if (id === 0x0d) counts = counts.map(() => fields.count())
    else if (id === 0x09) {
      for (const count of counts) for (let left = count - 1; left > 0; left--) fields.number()
    } else if (id === 0x0a) {
      // Which ones have one already is not kept; all of them is what programs write.
      fields.digests(counts.reduce((sum, count) => sum + count, 0))
    } else throw new Malformed()
  }
}

class Fields {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  octet(): number {
    const octet = this.#bytes[this.#at++]
    if (octet === undefined) throw new Malformed()
    return octet
  }

  bytes(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw new Malformed()
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  skip(length: number): void {
    this.bytes(length)
  }

  /** The first octet's leading ones say how many octets follow. */
  number(): number {
    const first = this.octet()
    let value = 0
    for (let at = 0, mask = 0x80; at < 8; at++, mask >>= 1) {
      if (!(first & mask)) return value + (first & (mask - 1)) * 2 ** (8 * at)
      value += this.octet() * 2 ** (8 * at)
    }
    return value
  }

  count(most = MOST_NUMBERS): number {
    const count = this.number()
    if (count > most) throw new Malformed()
    return count
  }

  /** Check sums: which ones there are, and four octets each. */
  digests(count: number): void {
    let defined = count
    if (this.octet() === 0) {
      defined = 0
      const bits = this.bytes(Math.ceil(count / 8))
      for (let at = 0; at < count; at++) if (bits[at >> 3]! & (0x80 >> (at & 7))) defined++
    }
    this.skip(4 * defined)
  }
}
