/**
 * The two ends of a file that is read while it comes: who has its octets writes them, who knows its format asks
 * for them. A write is done when the reader wants more, so never more than a chunk and what the reader asked
 * for is held.
 */

const EMPTY = Buffer.alloc(0)

/** One chunk at a time from a writer to a {@link ByteReader}. */
export class Pipe {
  #chunk: Buffer | undefined
  #ended = false
  #closed = false
  #wakeReader: (() => void) | undefined
  #wakeWriter: (() => void) | undefined

  /** Done when the reader has taken it and wants more; at once when it has gone. */
  async write(chunk: Buffer): Promise<void> {
    if (this.#closed || chunk.length === 0) return
    this.#chunk = chunk
    this.#wake()
    await new Promise<void>(resolve => {
      this.#wakeWriter = resolve
      if (this.#closed) resolve()
    })
  }

  end(): void {
    this.#ended = true
    this.#wake()
  }

  /** The reader has seen enough. */
  close(): void {
    this.#closed = true
    this.#chunk = undefined
    this.#wakeWriter?.()
  }

  async next(): Promise<Buffer | undefined> {
    this.#wakeWriter?.()
    this.#wakeWriter = undefined
    if (!this.#chunk && !this.#ended) {
      await new Promise<void>(resolve => {
        this.#wakeReader = resolve
      })
    }
    const chunk = this.#chunk
    this.#chunk = undefined
    return chunk
  }

  #wake(): void {
    this.#wakeReader?.()
    this.#wakeReader = undefined
  }
}

/** Reads a file's octets in order, with a look ahead. */
export class ByteReader {
  readonly #next: () => Promise<Buffer | undefined>
  #buffer: Buffer = EMPTY
  #ended = false
  /** Octets taken until now. */
  position = 0

  constructor(source: { next(): Promise<Buffer | undefined> }) {
    this.#next = () => source.next()
  }

  /** The next octets, not taken; fewer than `length` at the end. */
  async peek(length: number): Promise<Buffer> {
    if (this.#buffer.length < length && !this.#ended) {
      const chunks = [this.#buffer]
      let have = this.#buffer.length
      while (have < length) {
        const chunk = await this.#next()
        if (!chunk) {
          this.#ended = true
          break
        }
        chunks.push(chunk)
        have += chunk.length
      }
      this.#buffer = Buffer.concat(chunks)
    }
    return this.#buffer.subarray(0, length)
  }

  /** Exactly so many octets; undefined, with nothing taken, when there are fewer. */
  async take(length: number): Promise<Buffer | undefined> {
    const bytes = await this.peek(length)
    if (bytes.length < length) return undefined
    this.#advance(length)
    return bytes
  }

  /** At least one octet and at most `most`, as they come; undefined at the end. */
  async some(most: number): Promise<Buffer | undefined> {
    if (this.#buffer.length === 0 && !this.#ended) {
      const chunk = await this.#next()
      if (chunk) this.#buffer = chunk
      else this.#ended = true
    }
    if (this.#buffer.length === 0 || most <= 0) return undefined
    const bytes = this.#buffer.subarray(0, most)
    this.#advance(bytes.length)
    return bytes
  }

  /** Puts octets that were taken last back. */
  unread(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#buffer = this.#buffer.length ? Buffer.concat([bytes, this.#buffer]) : bytes
    this.position -= bytes.length
  }

  /** Whether there were so many. */
  async skip(length: number): Promise<boolean> {
    return this.pass(length, undefined)
  }

  /** Hands the next `length` octets on. Whether there were so many. */
  async pass(length: number, sink: ((chunk: Buffer) => Promise<void>) | undefined): Promise<boolean> {
    for (let left = length; left > 0; ) {
      const chunk = await this.some(Math.min(left, 64 * 1024))
      if (!chunk) return false
      left -= chunk.length
      await sink?.(chunk)
    }
    return true
  }

  /**
   * Goes on to where one of these marks stands, handing on what comes before it.
   *
   * @param marks of one length
   * @returns octets passed over; -1 when the end came first
   */
  async seek(marks: readonly Buffer[], sink?: (chunk: Buffer) => Promise<void>): Promise<number> {
    const length = marks[0]!.length
    for (let passed = 0; ; ) {
      const ahead = await this.peek(Math.max(length, Math.min(this.#buffer.length, 64 * 1024)))
      if (ahead.length < length) {
        const rest = await this.take(ahead.length)
        if (rest?.length) await sink?.(rest)
        return -1
      }
      const found = marks.map(mark => ahead.indexOf(mark)).filter(at => at >= 0)
      const step = found.length ? Math.min(...found) : ahead.length - length + 1
      if (step > 0) {
        this.#advance(step)
        await sink?.(ahead.subarray(0, step))
      }
      passed += step
      if (found.length) return passed
    }
  }

  #advance(length: number): void {
    this.#buffer = this.#buffer.subarray(length)
    this.position += length
  }
}
