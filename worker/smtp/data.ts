/**
 * A message's bytes as they go over the wire after DATA: dots at the beginning of lines doubled (RFC 5321
 * §4.5.2), a bare CR or LF made CRLF (§2.3.8 forbids to send one, and servers that take one for a line's end
 * can be made to see a second message), the last line ended, and the dot. Nothing else is changed.
 */
const CR = 13
const LF = 10
const DOT = 46

export class DataEncoder {
  #lineStart = true
  #afterCr = false
  #any = false

  /** @returns the chunk itself when nothing in it has to change */
  encode(chunk: Buffer): Buffer {
    if (chunk.length === 0) return chunk
    this.#any = true
    const clean = this.#clean(chunk)
    if (clean) return chunk
    const out = Buffer.allocUnsafe(chunk.length * 2 + 2)
    let at = 0
    for (const byte of chunk) {
      if (this.#afterCr && byte !== LF) {
        out[at++] = LF
        this.#lineStart = true
        this.#afterCr = false
      }
      if (byte === LF && !this.#afterCr) out[at++] = CR
      if (byte === DOT && this.#lineStart) out[at++] = DOT
      out[at++] = byte
      this.#afterCr = byte === CR
      this.#lineStart = byte === LF
    }
    return out.subarray(0, at)
  }

  /** What ends the message. */
  end(): Buffer {
    if (this.#afterCr) return Buffer.from('\n.\r\n')
    // An empty message is an empty line: "." right after 354 is for a message that is given up.
    return Buffer.from(this.#lineStart && this.#any ? '.\r\n' : '\r\n.\r\n')
  }

  /** Whether a chunk can go as it is; moves the state on when it can. */
  #clean(chunk: Buffer): boolean {
    let lineStart = this.#lineStart
    let afterCr = this.#afterCr
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]
      if (byte === LF) {
        if (!afterCr) return false
        afterCr = false
        lineStart = true
        continue
      }
      if (afterCr || (lineStart && byte === DOT)) return false
      afterCr = byte === CR
      lineStart = false
    }
    this.#lineStart = lineStart
    this.#afterCr = afterCr
    return true
  }
}
