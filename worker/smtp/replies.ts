/**
 * Bytes from a mail server → replies (RFC 5321 §4.2.1), however the bytes are cut. Bounded: a server that
 * talks without end is found out after a few lines.
 *
 * Patient with what is no reply: a line without a code ends the reply it stands in, and what that means is
 * for outcome/reply.ts to say.
 */

import { StringDecoder } from 'node:string_decoder'

/** Characters of one reply at most. RFC 5321 §4.5.3.1.5 has 512 for a line. */
const LONGEST = 64 * 1024

const CONTINUED = /^\d{3}-/

export class ReplyError extends Error {
  override name = 'ReplyError'
  readonly code = 'EPROTOCOL'
}

export class ReplyParser {
  /** A character may be cut in two. */
  readonly #decoder = new StringDecoder('utf8')
  /** The line that has not ended yet. */
  #rest = ''
  #lines: string[] = []
  #length = 0

  /**
   * @returns whole replies, their lines joined by LF
   * @throws ReplyError when one is too long
   */
  push(chunk: Buffer): string[] {
    const replies: string[] = []
    let text = this.#rest + this.#decoder.write(chunk)
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n')) {
      const line = text.charCodeAt(at - 1) === 13 ? text.slice(0, at - 1) : text.slice(0, at)
      text = text.slice(at + 1)
      this.#length += line.length
      if (this.#length > LONGEST) throw new ReplyError('a reply without end')
      if (line === '' && this.#lines.length === 0) continue
      this.#lines.push(line)
      if (CONTINUED.test(line)) continue
      replies.push(this.#lines.join('\n'))
      this.#lines = []
      this.#length = 0
    }
    this.#rest = text
    if (this.#length + text.length > LONGEST) throw new ReplyError('a reply without end')
    return replies
  }

  /** Nothing half is waiting. */
  get empty(): boolean {
    return this.#rest === '' && this.#lines.length === 0
  }
}
