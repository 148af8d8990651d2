/**
 * Rar files: names and whether they are encrypted, of the fourth and the fifth format. The compression is
 * RARLAB's own, so only files that are stored are looked into.
 */
import type { Archive } from './archive.ts'
import type { ByteReader } from './reader.ts'

const LARGEST_HEADER = 2 * 1024 * 1024

export async function readRar(reader: ByteReader, archive: Archive): Promise<void> {
  const mark = await reader.take(7)
  if (!mark) return archive.say('archive-unreadable')
  const complete =
    mark[6] === 1 && (await reader.take(1))
      ? await readFive(reader, archive)
      : await readFour(reader, archive)
  if (!complete) archive.say('archive-unreadable')
}

async function readFour(reader: ByteReader, archive: Archive): Promise<boolean> {
  for (let any = false; ; any = true) {
    const base = await reader.peek(7)
    if (base.length === 0) return any
    if (base.length < 7) return false
    const type = base[2]!
    const flags = base.readUInt16LE(3)
    const size = base.readUInt16LE(5)
    if (size < 7 || type < 0x72 || type > 0x7b) return false
    const head = await reader.take(size)
    if (!head) return false
    if (type === 0x73 && flags & 0x80) {
      archive.say('archive-encrypted')
      return true
    }
    if (type === 0x7b) return true
    if (type !== 0x74) {
      const more = flags & 0x8000 && head.length >= 11 ? head.readUInt32LE(7) : 0
      if (!(await reader.skip(more))) return false
      continue
    }
    if (head.length < 32) return false
    const large = (flags & 0x100) !== 0
    const packed = head.readUInt32LE(7) + (large && head.length >= 36 ? head.readUInt32LE(32) * 2 ** 32 : 0)
    const nameAt = large ? 40 : 32
    const raw = head.subarray(nameAt, nameAt + head.readUInt16LE(26))
    const names = flags & 0x200 ? unicodeNames(raw) : [plain(raw)]
    const stored = head[25] === 0x30
    const done = await readFile(reader, archive, { names, packed, encrypted: (flags & 0x04) !== 0, stored })
    if (done !== 'next') return done === 'stop'
  }
}

async function readFive(reader: ByteReader, archive: Archive): Promise<boolean> {
  for (let any = false; ; any = true) {
    const start = await reader.peek(16)
    if (start.length === 0) return any
    const size = vint(start, 4)
    if (!size || size.value === 0 || size.value > LARGEST_HEADER) return false
    const head = await reader.take(size.next + size.value)
    if (!head) return false
    const fields = new Vints(head, size.next)
    const type = fields.next()
    const flags = fields.next()
    const extraSize = flags & 1 ? fields.next() : 0
    const packed = flags & 2 ? fields.next() : 0
    if (fields.broken) return false
    if (type === 4) {
      archive.say('archive-encrypted')
      return true
    }
    if (type === 5) return true
    if (type !== 2) {
      if (!(await reader.skip(packed))) return false
      continue
    }
    const fileFlags = fields.next()
    fields.next()
    fields.next()
    fields.at += (fileFlags & 2 ? 4 : 0) + (fileFlags & 4 ? 4 : 0)
    const compression = fields.next()
    fields.next()
    const nameLength = fields.next()
    if (fields.broken) return false
    const names = [plain(head.subarray(fields.at, fields.at + nameLength))]
    const encrypted = hasEncryptionRecord(head.subarray(Math.max(0, head.length - extraSize)))
    const stored = ((compression >> 7) & 7) === 0
    const done = await readFile(reader, archive, { names, packed, encrypted, stored })
    if (done !== 'next') return done === 'stop'
  }
}

type File = { names: string[]; packed: number; encrypted: boolean; stored: boolean }

async function readFile(
  reader: ByteReader,
  archive: Archive,
  file: File,
): Promise<'next' | 'stop' | 'broken'> {
  if (file.encrypted) archive.say('archive-encrypted', file.names[0])
  if (file.encrypted || !file.stored || file.packed === 0) {
    if (!archive.named(file.names)) return 'stop'
    return (await reader.skip(file.packed)) ? 'next' : 'broken'
  }
  const sink = archive.open(file.names)
  if (sink === 'stop') return 'stop'
  if (!sink) archive.say('archive-large')
  const complete = await reader.pass(file.packed, sink && (chunk => sink.write(chunk)))
  await sink?.end()
  return complete ? 'next' : 'broken'
}

function hasEncryptionRecord(extra: Buffer): boolean {
  for (let at = 0; at < extra.length; ) {
    const size = vint(extra, at)
    const type = size && vint(extra, size.next)
    if (!size || !type) return false
    if (type.value === 1) return true
    at = size.next + size.value
  }
  return false
}

/** Seven bits an octet, the lowest first. */
function vint(bytes: Buffer, at: number): { value: number; next: number } | undefined {
  let value = 0
  for (let index = 0; index < 8; index++) {
    const octet = bytes[at + index]
    if (octet === undefined) return undefined
    value += (octet & 0x7f) * 2 ** (7 * index)
    if (!(octet & 0x80)) return Number.isSafeInteger(value) ? { value, next: at + index + 1 } : undefined
  }
  return undefined
}

class Vints {
  readonly #bytes: Buffer
  at: number
  broken = false

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.at = at
  }

  next(): number {
    const read = vint(this.#bytes, this.at)
    if (!read) {
      this.broken = true
      return 0
    }
    this.at = read.next
    return read.value
  }
}

function plain(raw: Buffer): string {
  const text = raw.toString('utf8')
  return text.includes('\ufffd') ? raw.toString('latin1') : text
}

/** The fourth format's: the name in the system's charset, NUL, and what makes the Unicode one of it. */
function unicodeNames(raw: Buffer): string[] {
  const nul = raw.indexOf(0)
  if (nul < 0) return [plain(raw)]
  const name = raw.subarray(0, nul)
  const code = raw.subarray(nul + 1)
  const high = code[0] ?? 0
  const units: number[] = []
  let at = 1
  let flags = 0
  for (let bits = 0; at < code.length && units.length < 2_048; bits -= 2) {
    if (bits === 0) {
      flags = code[at++]!
      bits = 8
    }
    const low = code[at] ?? 0
    switch ((flags >> (bits - 2)) & 3) {
      case 0:
        units.push(low)
        at++
        break
      case 1:
        units.push(low | (high << 8))
        at++
        break
      case 2:
        units.push(low | ((code[at + 1] ?? 0) << 8))
        at += 2
        break
      default: {
        at++
        const shift = low & 0x80 ? (code[at++] ?? 0) : undefined
        for (let left = (low & 0x7f) + 2; left > 0; left--) {
          const from = name[units.length] ?? 0
          units.push(shift === undefined ? from : ((from + shift) & 0xff) | (high << 8))
        }
      }
    }
  }
  return [String.fromCharCode(...units), plain(name)].filter(Boolean)
}
