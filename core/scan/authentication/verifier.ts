/**
 * mailauth's verifier of DKIM and ARC signatures, fed by hand: without a stream's machinery, the header known from
 * the body beforehand, and keys from a memory (public-keys.ts). What a signature is worth is decided by mailauth
 * alone.
 *
 * A body with a line of 64 KiB is not hashed (RFC 5322 has 998 characters; the hash would take a time that grows with
 * the square of its length).
 */
import type { ARCSealOptions } from 'mailauth'
import { type BodyHash, DkimVerifier } from 'mailauth/lib/dkim/dkim-verifier.js'
import type { Ask } from './keys.ts'
import type { PublicKeys } from './public-keys.ts'

const LF = 0x0a
const CR = 0x0d
const LONGEST_LINE = 65_536

export class Verifier extends DkimVerifier {
  /** A line was so long that nothing is hashed from there on. */
  tooLong = false
  #line = 0
  #last: number | undefined

  constructor(ask: Ask, keys: PublicKeys, seal?: Partial<ARCSealOptions>) {
    super({ resolver: ask, rejectRsaSha1: true, ...(seal && { seal: { ...seal } }) })
    this.keyCache = keys.cacheFor(ask)
    this.arc.keyCache = this.keyCache
  }

  /** Where the MIME structure begins is of no interest to us, and costs a look at each octet. */
  override addBodyHash(...which: unknown[]): string {
    const key = super.addBodyHash(...which)
    const hash = this.bodyHashes.get(key)
    if (hash) hash.setContentType = nothing
    return key
  }

  /** Hashes over the body, of as many canonical forms, algorithms and lengths as signatures want. */
  get hashes(): number {
    return this.bodyHashes.size
  }

  /** All of the header, with the empty line that ends it. */
  async takeHeader(header: Buffer): Promise<void> {
    const whole = this.#crlf(header)
    this.lastByte = whole.at(-1)
    await this.emitHeaders(whole)
    this.#line = 0
    this.tooLong = false
  }

  /** A piece of the body. */
  async take(chunk: Buffer): Promise<void> {
    const whole = this.#crlf(chunk)
    if (this.tooLong || whole.length === 0) return
    this.lastByte = whole.at(-1)
    await this.nextChunk(whole)
  }

  /** With CRLF where a line ends in LF alone, which mailauth mends as well, but line by line. */
  #crlf(bytes: Buffer): Buffer {
    const before = this.#last === CR ? '\r' : ''
    if (!this.#hasBareLf(bytes)) return bytes
    const mended = (before + bytes.toString('latin1')).replace(/(?<!\r)\n/g, '\r\n')
    return Buffer.from(mended.slice(before.length), 'latin1')
  }

  #hasBareLf(bytes: Buffer): boolean {
    let bare = false
    let at = 0
    while (at < bytes.length) {
      const lf = bytes.indexOf(LF, at)
      this.#line += (lf < 0 ? bytes.length : lf) - at
      if (this.#line > LONGEST_LINE) this.tooLong = true
      if (lf < 0) break
      if ((lf === 0 ? this.#last : bytes[lf - 1]) !== CR) bare = true
      this.#line = 0
      at = lf + 1
    }
    this.#last = bytes.at(-1) ?? this.#last
    return bare
  }
}

const nothing: BodyHash['setContentType'] = () => {}
