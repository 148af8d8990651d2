/**
 * A backup's file: a line of JSON in the clear, then one encrypted stream of parts.
 *
 * The stream is compressed, cut into chunks and sealed chunk by chunk (AES-256-GCM). A chunk's nonce is its
 * number, and the header and whether it is the last are authenticated with it: chunks can't be swapped, left
 * out or cut off unseen. The key is derived anew for each file, from the installation's secret or from a
 * passphrase.
 *
 * Inside, a part is a line of JSON and blocks of bytes, each behind its length; a length of 0 ends the part.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, scryptSync } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createZstdCompress, createZstdDecompress } from 'node:zlib'

const MAGIC = 'RESTANTE-BACKUP 1 '
/** Bytes of a sealed chunk before its seal. */
const CHUNK = 256 * 1024
const TAG = 16
const LAST = 0x8000_0000
/** N·r·128 bytes are needed: 64 MiB. */
const SCRYPT = { N: 65_536, r: 8, p: 1, maxmem: 128 * 1024 * 1024 }

/** The installation's secret, or words that somebody chose for this file. */
export type Key = { type: 'secret' | 'passphrase'; text: string }
export type Part = { type: string } & Record<string, unknown>
export type Header = { key: Key['type']; salt: string; made: string }

/** The file is no backup, is damaged, or wants another key. One line. */
export class BackupError extends Error {
  override name = 'BackupError'
}

function fileKey({ type, text }: Key, salt: string): Buffer {
  const bytes = Buffer.from(salt, 'base64url')
  return type === 'passphrase'
    ? scryptSync(text, bytes, 32, SCRYPT)
    : Buffer.from(hkdfSync('sha256', text, bytes, 'restante-backup', 32))
}

const nonce = (number: number) => {
  const bytes = Buffer.alloc(12)
  bytes.writeBigUInt64BE(BigInt(number), 4)
  return bytes
}
const vouched = (line: string, last: boolean) => Buffer.from(`${line}${last ? 'last' : 'more'}`)

/** What a part's blocks are written with. Waits while the disk is slow. */
export type WriteBlock = (bytes: Buffer) => Promise<void>
export type WritePart = (part: Part, blocks: (write: WriteBlock) => Promise<void>) => Promise<void>

/**
 * Writes a whole file: under another name until it is durable, so that what stands under `file` is whole.
 *
 * @param made when; it stands in the clear
 * @returns its size in bytes
 */
export async function writeArchive(
  file: string,
  key: Key,
  made: Date,
  work: (write: WritePart) => Promise<void>,
): Promise<number> {
  const header: Header = {
    key: key.type,
    salt: randomBytes(16).toString('base64url'),
    made: made.toISOString(),
  }
  const line = `${MAGIC}${JSON.stringify(header)}\n`
  const temporary = `${file}.part`
  const handle = await open(temporary, 'w', 0o600)
  try {
    let size = (await handle.write(line)).bytesWritten
    const pack = createZstdCompress()
    const sealing = pipeline(pack, async packed => {
      size += await sealInto(handle, packed, fileKey(key, header.salt), line)
    })
    sealing.catch(() => {})
    const push = async (bytes: Buffer) => {
      if (pack.write(bytes)) return
      await Promise.race([new Promise(resolve => pack.once('drain', resolve)), sealing])
    }
    try {
      await work(async (part, blocks) => {
        await push(Buffer.from(`${JSON.stringify(part)}\n`))
        await blocks(async bytes => {
          if (bytes.length === 0) return
          const length = Buffer.alloc(4)
          length.writeUInt32BE(bytes.length)
          await push(length)
          await push(bytes)
        })
        await push(Buffer.alloc(4))
      })
      pack.end()
      await sealing
    } catch (error) {
      pack.destroy()
      await sealing.catch(() => {})
      throw error
    }
    await handle.sync()
    await handle.close()
    await rename(temporary, file)
    const folder = await open(dirname(file), 'r')
    await folder.sync().finally(() => folder.close())
    return size
  } catch (error) {
    await handle.close().catch(() => {})
    await rm(temporary, { force: true })
    throw error
  }
}

async function sealInto(
  handle: FileHandle,
  packed: AsyncIterable<Buffer>,
  key: Buffer,
  line: string,
): Promise<number> {
  let size = 0
  let number = 0
  const sealChunk = async (plain: Buffer, last: boolean) => {
    const cipher = createCipheriv('aes-256-gcm', key, nonce(number++))
    cipher.setAAD(vouched(line, last))
    const body = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
    const length = Buffer.alloc(4)
    length.writeUInt32BE((body.length | (last ? LAST : 0)) >>> 0)
    size += (await handle.writev([length, body])).bytesWritten
  }
  let waiting: Buffer[] = []
  let held = 0
  for await (const bytes of packed) {
    waiting.push(bytes)
    held += bytes.length
    while (held > CHUNK) {
      const all = Buffer.concat(waiting)
      await sealChunk(all.subarray(0, CHUNK), false)
      waiting = [all.subarray(CHUNK)]
      held -= CHUNK
    }
  }
  await sealChunk(Buffer.concat(waiting), true)
  return size
}

/** @throws BackupError when the file is none */
export async function readHeader(file: string): Promise<Header> {
  const handle = await open(file, 'r')
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(1024), 0, 1024, 0)
    return parseHeader(buffer.subarray(0, bytesRead), file).header
  } finally {
    await handle.close()
  }
}

function parseHeader(bytes: Buffer, file: string): { header: Header; line: string } {
  const end = bytes.indexOf('\n')
  const line = bytes.subarray(0, end + 1).toString('latin1')
  if (end < 0 || !line.startsWith(MAGIC)) throw new BackupError(`${file} is no backup of Restante`)
  try {
    return { header: JSON.parse(line.slice(MAGIC.length)) as Header, line }
  } catch {
    throw new BackupError(`${file} is damaged`)
  }
}

/** A part with its blocks; they must be taken, or skipped, before the next part. */
export type ReadPart = { part: Part; blocks: AsyncIterable<Buffer> }

/** Reads a file to its end. @throws BackupError when a byte of it is not as it was written, or is missing */
export async function* readArchive(file: string, key: Key): AsyncGenerator<ReadPart> {
  const unpack = createZstdDecompress()
  const opening = pipeline(openChunks(file, key), unpack)
  opening.catch(() => {})
  const bytes = new Bytes(unpack)
  try {
    for (;;) {
      const line = await bytes.line()
      if (line === undefined) break
      const blocks = partBlocks(bytes)
      yield { part: JSON.parse(line) as Part, blocks }
      for await (const _ of blocks);
    }
    await opening
  } catch (error) {
    // The stream's own error comes second hand.
    await opening
    throw error instanceof SyntaxError ? new BackupError(`${file} is damaged`) : error
  } finally {
    unpack.destroy()
  }
}

async function* partBlocks(bytes: Bytes): AsyncGenerator<Buffer> {
  for (;;) {
    const length = (await bytes.take(4)).readUInt32BE()
    if (length === 0) return
    yield await bytes.take(length)
  }
}

async function* openChunks(file: string, key: Key): AsyncGenerator<Buffer> {
  const bytes = new Bytes(createReadStream(file, { highWaterMark: CHUNK }))
  const first = await bytes.line()
  const { header, line } = parseHeader(Buffer.from(`${first ?? ''}\n`, 'latin1'), file)
  const secret = fileKey(key, header.salt)
  for (let number = 0; ; number++) {
    const length = (await bytes.take(4)).readUInt32BE()
    const last = length >= LAST
    const size = last ? length - LAST : length
    if (size < TAG || size > CHUNK + TAG) throw new BackupError(`${file} is damaged`)
    const body = await bytes.take(size)
    const cipher = createDecipheriv('aes-256-gcm', secret, nonce(number))
    cipher.setAAD(vouched(line, last))
    cipher.setAuthTag(body.subarray(-TAG))
    try {
      yield Buffer.concat([cipher.update(body.subarray(0, -TAG)), cipher.final()])
    } catch {
      throw new BackupError(
        number === 0
          ? `${file} does not open with this ${header.key === 'secret' ? 'secret' : 'passphrase'}`
          : `${file} is damaged`,
      )
    }
    if (!last) continue
    if (!(await bytes.atEnd())) throw new BackupError(`${file} is damaged: something follows its end`)
    return
  }
}

/** A stream taken by lengths and lines. */
class Bytes {
  readonly #source: AsyncIterator<Buffer>
  #held: Buffer = Buffer.alloc(0)

  constructor(stream: AsyncIterable<Buffer>) {
    this.#source = stream[Symbol.asyncIterator]()
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#source.next()
    if (done) return false
    this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value])
    return true
  }

  async take(length: number): Promise<Buffer> {
    while (this.#held.length < length) {
      if (!(await this.#more())) throw new BackupError('the backup is cut off')
    }
    const taken = this.#held.subarray(0, length)
    this.#held = this.#held.subarray(length)
    return taken
  }

  /** undefined at the end */
  async line(): Promise<string | undefined> {
    let end = this.#held.indexOf(10)
    while (end < 0) {
      if (this.#held.length > 1_000_000) throw new BackupError('this is no backup of Restante')
      if (!(await this.#more())) {
        if (this.#held.length === 0) return undefined
        throw new BackupError('the backup is cut off')
      }
      end = this.#held.indexOf(10)
    }
    return (await this.take(end + 1)).subarray(0, -1).toString('utf8')
  }

  async atEnd(): Promise<boolean> {
    return this.#held.length === 0 && !(await this.#more())
  }
}
