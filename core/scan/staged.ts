/**
 * A message between the end of data and the spool: what the scan looks at. Short ones stay in memory, longer
 * ones go into a file that has lost its name already, so that nothing of it is left when the process ends in
 * whatever way; encrypted with a key that only this object knows, where the spool is encrypted.
 *
 * It can be read as often as asked, by several at once.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rm, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'

/** Bytes up to which a message stays in memory: that from which the spool keeps it apart, too. */
export const IN_MEMORY = 1_048_576

const CHUNK = 65_536
const CIPHER = 'aes-256-ctr'
const BLOCK = 16

export type Staged = {
  size: number
  /** All of it, when it is short. */
  bytes?: Buffer
  /** A new stream from the start. */
  content(): Readable
  /** Gives the file up. Streams that are still open end with an error. */
  close(): Promise<void>
}

export type Staging = {
  /** Where long messages go meanwhile; made when it is missing. */
  folder: string
  encrypt: boolean
}

/**
 * Takes the content in.
 * @throws what `content` throws, and errors of the disk; nothing is kept then
 */
export async function stage(content: AsyncIterable<Buffer>, staging: Staging): Promise<Staged> {
  let chunks: Buffer[] = []
  let size = 0
  let file: Spill | undefined
  try {
    for await (const chunk of content) {
      size += chunk.length
      if (!file && size < IN_MEMORY) {
        chunks.push(chunk)
        continue
      }
      file ??= await Spill.open(staging)
      for (const held of chunks) await file.write(held)
      chunks = []
      await file.write(chunk)
    }
  } catch (error) {
    await file?.close()
    throw error
  }
  if (file) {
    const spill = file
    return { size, content: () => spill.read(size), close: () => spill.close() }
  }
  const [only] = chunks
  const bytes = chunks.length === 1 && only ? only : Buffer.concat(chunks)
  return { size, bytes, content: () => Readable.from([bytes], { objectMode: false }), close: async () => {} }
}

/** Removes what a process left that ended between making a file and taking its name away. */
export async function sweepStaging(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const name of await readdir(folder)) await rm(join(folder, name), { force: true })
}

class Spill {
  readonly #handle: FileHandle
  readonly #key: Buffer | undefined
  readonly #cipher: ReturnType<typeof createCipheriv> | undefined
  #written = 0

  private constructor(handle: FileHandle, encrypt: boolean) {
    this.#handle = handle
    if (!encrypt) return
    // One key a file, used for nothing else: the counter may start at nought.
    this.#key = randomBytes(32)
    this.#cipher = createCipheriv(CIPHER, this.#key, Buffer.alloc(BLOCK))
  }

  static async open({ folder, encrypt }: Staging): Promise<Spill> {
    const path = join(folder, `${process.pid}-${randomBytes(8).toString('hex')}`)
    const handle = await open(path, 'wx+', 0o600).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
      await mkdir(folder, { recursive: true, mode: 0o700 })
      return open(path, 'wx+', 0o600)
    })
    try {
      await unlink(path)
    } catch (error) {
      // Somebody sweeping up was faster.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        await handle.close()
        throw error
      }
    }
    return new Spill(handle, encrypt)
  }

  async write(chunk: Buffer): Promise<void> {
    const bytes = this.#cipher ? this.#cipher.update(chunk) : chunk
    let done = 0
    while (done < bytes.length) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, this.#written)
      done += bytesWritten
      this.#written += bytesWritten
    }
  }

  read(size: number): Readable {
    return Readable.from(this.#chunks(size), { objectMode: false, highWaterMark: CHUNK })
  }

  async *#chunks(size: number): AsyncGenerator<Buffer> {
    const decipher = this.#key && createDecipheriv(CIPHER, this.#key, Buffer.alloc(BLOCK))
    for (let at = 0; at < size; ) {
      const { bytesRead, buffer } = await this.#handle.read(
        Buffer.allocUnsafe(Math.min(CHUNK, size - at)),
        0,
        undefined,
        at,
      )
      if (bytesRead === 0) throw new Error('a staged message is shorter than it was')
      at += bytesRead
      const bytes = buffer.subarray(0, bytesRead)
      yield decipher ? decipher.update(bytes) : bytes
    }
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}
