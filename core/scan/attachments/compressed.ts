/**
 * Decompression that is bounded while it runs: what comes out is handed on chunk by chunk and counted, and the
 * first octet too many ends it. zlib's own thread pool does the work.
 */
import { createGunzip, createInflateRaw, createZstdDecompress } from 'node:zlib'
import type { Archive, FileSink } from './archive.ts'
import type { Exceeded } from './budget.ts'
import type { ByteReader } from './reader.ts'

export type Method = 'deflate' | 'gzip' | 'zstd'

/** `broken`: it is not what it says, or ends too early. */
export type Decompressed = 'done' | 'broken' | Exceeded

const STEP = 16 * 1024

/**
 * Decompresses from where the reader stands, at most `most` octets of input. What was read beyond the end of
 * the compressed data is put back.
 */
export async function decompress(
  reader: ByteReader,
  method: Method,
  most: number,
  archive: Pick<Archive, 'budget'>,
  sink: FileSink | undefined,
): Promise<Decompressed> {
  const stream = open(method)
  let result: Decompressed = 'done'
  let over = false
  let fed = 0
  let out = 0
  let last: Buffer = Buffer.alloc(0)
  const finished = new Promise<void>(resolve => {
    stream.once('close', resolve)
    stream.once('end', resolve)
    stream.once('error', resolve)
  }).then(() => {
    over = true
  })
  const drain = async () => {
    try {
      for await (const chunk of stream) {
        const octets: Buffer = chunk
        out += octets.length
        const exceeded = archive.budget.takeInflated(octets.length, { out, in: Math.max(1, fed) })
        if (exceeded) {
          result = exceeded
          return
        }
        await sink?.write(octets)
      }
    } catch {
      // A failure of the sink ends here too; it has none that come from a file's content.
      result = 'broken'
    }
  }
  const feed = async () => {
    while (!over && fed < most) {
      const chunk = await reader.some(Math.min(STEP, most - fed))
      if (!chunk) break
      fed += chunk.length
      last = chunk
      const written = new Promise<void>(resolve => stream.write(chunk, () => resolve()))
      await Promise.race([written, finished])
    }
    if (!over) stream.end()
  }
  await Promise.all([drain(), feed()])
  const surplus = fed - stream.bytesWritten
  if (surplus > 0 && surplus <= last.length) reader.unread(last.subarray(last.length - surplus))
  stream.destroy()
  return result
}

function open(method: Method) {
  const options = { chunkSize: 64 * 1024 }
  switch (method) {
    case 'deflate':
      return createInflateRaw(options)
    case 'gzip':
      return createGunzip(options)
    case 'zstd':
      return createZstdDecompress(options)
    default:
      throw new Error(`no such method: ${method satisfies never}`)
  }
}

/** A file that is one compressed file (RFC 1952, RFC 8878). */
export async function readCompressed(
  reader: ByteReader,
  method: 'gzip' | 'zstd',
  archive: Archive,
  outerNames: readonly string[],
): Promise<void> {
  const names = outerNames.map(innerName).filter(name => name !== '')
  if (method === 'gzip') {
    const own = gzipName(await reader.peek(1024))
    if (own) names.push(own)
  }
  const sink = archive.open(names.length ? names : [''])
  if (sink === 'stop') return
  if (!sink) return archive.say('archive-large')
  const result = await decompress(reader, method, Number.POSITIVE_INFINITY, archive, sink)
  await sink.end()
  sayResult(archive, result)
}

export function sayResult(archive: Archive, result: Decompressed, name?: string): void {
  if (result === 'bomb') archive.say('archive-bomb', name)
  else if (result === 'large') archive.say('archive-large', name)
  else if (result === 'broken') archive.say('archive-unreadable', name)
}

/** What programs call the file that comes out. */
function innerName(name: string): string {
  return name.replace(/\.(tgz|taz)$/i, '.tar').replace(/\.(gz|gzip|z|zst|zstd)$/i, '')
}

/** RFC 1952 §2.3.1: the original name. */
function gzipName(head: Buffer): string | undefined {
  const flags = head[3] ?? 0
  if (!(flags & 0x08)) return undefined
  let at = 10
  if (flags & 0x04) {
    if (head.length < 12) return undefined
    at = 12 + head.readUInt16LE(10)
  }
  const end = head.indexOf(0, at)
  return end > at ? head.toString('latin1', at, end) : undefined
}
