/**
 * A ZIP archive made as it is sent (PKWARE APPNOTE 6.3): files are stored as they are, one after the other, so
 * that nothing is kept but a line for each. Sizes and checksums follow each file's content, as they are known
 * only then. Up to 4 GB in all; what people attach is far below.
 */
import { crc32 } from 'node:zlib'

export type ZipFile = { name: string; content: AsyncIterable<Buffer | Uint8Array> }

/** Names are in UTF-8, and sizes follow the content. */
const FLAGS = 0x0808
const VERSION = 20

/** @param files read in turn, each to its end before the next is opened */
export async function* zip(
  files: AsyncIterable<ZipFile> | Iterable<ZipFile>,
  at: Date,
): AsyncGenerator<Buffer> {
  const { date, time } = dosTime(at)
  const names = new Set<string>()
  const entries: { name: Buffer; checksum: number; size: number; offset: number }[] = []
  let offset = 0
  for await (const file of files) {
    const name = Buffer.from(ownName(file.name, names))
    const entry = { name, checksum: 0, size: 0, offset }
    const head = Buffer.alloc(30)
    head.writeUInt32LE(0x04034b50, 0)
    head.writeUInt16LE(VERSION, 4)
    head.writeUInt16LE(FLAGS, 6)
    head.writeUInt16LE(time, 10)
    head.writeUInt16LE(date, 12)
    head.writeUInt16LE(name.length, 26)
    yield Buffer.concat([head, name])
    for await (const chunk of file.content) {
      entry.checksum = crc32(chunk, entry.checksum)
      entry.size += chunk.length
      yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    }
    const tail = Buffer.alloc(16)
    tail.writeUInt32LE(0x08074b50, 0)
    tail.writeUInt32LE(entry.checksum, 4)
    tail.writeUInt32LE(entry.size, 8)
    tail.writeUInt32LE(entry.size, 12)
    yield tail
    offset += head.length + name.length + entry.size + tail.length
    entries.push(entry)
  }
  const start = offset
  for (const entry of entries) {
    const line = Buffer.alloc(46)
    line.writeUInt32LE(0x02014b50, 0)
    line.writeUInt16LE(VERSION, 4)
    line.writeUInt16LE(VERSION, 6)
    line.writeUInt16LE(FLAGS, 8)
    line.writeUInt16LE(time, 12)
    line.writeUInt16LE(date, 14)
    line.writeUInt32LE(entry.checksum, 16)
    line.writeUInt32LE(entry.size, 20)
    line.writeUInt32LE(entry.size, 24)
    line.writeUInt16LE(entry.name.length, 28)
    line.writeUInt32LE(entry.offset, 42)
    yield Buffer.concat([line, entry.name])
    offset += line.length + entry.name.length
  }
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(offset - start, 12)
  end.writeUInt32LE(start, 16)
  yield end
}

/** A plain file name, once: no folders, no way up, nothing that a file system takes amiss. */
function ownName(given: string, taken: Set<string>): string {
  const clean =
    given
      .replace(/[\p{Cc}<>:"/\\|?*]/gu, '_')
      .replace(/^\.+/, '_')
      .slice(0, 150)
      .toWellFormed()
      .trim() || 'attachment'
  const dot = clean.lastIndexOf('.')
  const [stem, suffix] = dot > 0 ? [clean.slice(0, dot), clean.slice(dot)] : [clean, '']
  let name = clean
  for (let count = 2; taken.has(name.toLowerCase()); count++) name = `${stem} (${count})${suffix}`
  taken.add(name.toLowerCase())
  return name
}

function dosTime(at: Date): { date: number; time: number } {
  const year = Math.max(1980, at.getUTCFullYear())
  return {
    date: ((year - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate(),
    time: (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1),
  }
}
