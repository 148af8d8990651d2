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

  /** All of the header, with the empty line that ends it. */
  async takeHeader(header: Buffer): Promise<void> {
    // Where lines end otherwise, mailauth mends them as they come.
    if (this.#hasBareLf(header)) await this.writeAsync(header)
    else {
      this.lastByte = header.at(-1)
      await this.emitHeaders(header)
    }
    this.#line = 0
    this.tooLong = false
  }

  /** A piece of the body. */
  async take(chunk: Buffer): Promise<void> {
    const bare = this.#hasBareLf(chunk)
    if (this.tooLong || chunk.length === 0) return
    if (bare) await this.writeAsync(chunk)
    else {
      this.lastByte = chunk.at(-1)
      await this.nextChunk(chunk)
    }
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
