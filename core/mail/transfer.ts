/**
 * Content transfer encodings (RFC 2045 §6), decoded as the chunks come. Broken input is read as far as it can
 * be: characters outside the alphabet are skipped, a "=" that escapes nothing stands for itself.
 */

export interface TransferDecoder {
  push(chunk: Buffer): Buffer
  /** What was still waiting for more. */
  end(): Buffer
}

const NOTHING = Buffer.alloc(0)

/** @param encoding the value of Content-Transfer-Encoding; unknown ones are taken as they are */
export function transferDecoder(encoding: string | null): TransferDecoder {
  switch ((encoding ?? '').trim().toLowerCase()) {
    case 'base64':
      return new Base64Decoder()
    case 'quoted-printable':
      return new QuotedPrintableDecoder()
    default:
      return { push: chunk => chunk, end: () => NOTHING }
  }
}

/** Decodes all of it at once. */
export function decodeTransfer(bytes: Buffer, encoding: string | null): Buffer {
  const decoder = transferDecoder(encoding)
  return Buffer.concat([decoder.push(bytes), decoder.end()])
}

class Base64Decoder implements TransferDecoder {
  #rest = ''

  push(chunk: Buffer): Buffer {
    const given = this.#rest + chunk.toString('latin1')
    const plain = withoutLineEnds(given)
    return this.#decodeAll(plain) ?? this.#decodeAll(given.replace(/[^A-Za-z0-9+/]+/g, '')) ?? NOTHING
  }

  /**
   * What has nothing but the alphabet in it, as most does, is known by its length once decoded; looking at each
   * character costs ten times as much. `-` and `_` Node decodes, too.
   * @returns undefined when there is something else in it
   */
  #decodeAll(text: string): Buffer | undefined {
    const whole = text.length - (text.length % 4)
    const rest = text.slice(whole)
    if (text.includes('-') || text.includes('_') || !/^[A-Za-z0-9+/]*$/.test(rest)) return undefined
    const decoded = Buffer.from(text.slice(0, whole), 'base64')
    if (decoded.length !== (whole / 4) * 3) return undefined
    this.#rest = rest
    return decoded
  }

  end(): Buffer {
    const rest = Buffer.from(this.#rest, 'base64')
    this.#rest = ''
    return rest
  }
}

/** Without the padding at the end, either. */
function withoutLineEnds(text: string): string {
  let end = text.length
  while (end > 0 && '=\r\n'.includes(text[end - 1]!)) end--
  return text.slice(0, end).replaceAll('\r\n', '')
}

const EQUALS = 0x3d
const CR = 0x0d
const LF = 0x0a
const TAB = 0x09
const SPACE = 0x20
/** A line may not be longer than 76; what waits for its end is given out as it is beyond this. */
const LONGEST_WAIT = 4096

class QuotedPrintableDecoder implements TransferDecoder {
  #rest: Buffer = NOTHING

  push(chunk: Buffer): Buffer {
    const input = this.#rest.length ? Buffer.concat([this.#rest, chunk]) : chunk
    return this.#decode(input, false)
  }

  end(): Buffer {
    return this.#decode(this.#rest, true)
  }

  #decode(input: Buffer, last: boolean): Buffer {
    const output = Buffer.alloc(input.length)
    let written = 0
    let at = 0
    while (at < input.length) {
      const byte = input[at]!
      if (byte === EQUALS) {
        const step = escapeAt(input, at, last)
        if (step === 'more') break
        if (step.byte !== undefined) output[written++] = step.byte
        at = step.next
      } else if (byte === SPACE || byte === TAB || byte === CR) {
        // White space at the end of a line was added on the way (RFC 2045 §6.7 rule 3).
        let end = at
        while (end < input.length && (input[end] === SPACE || input[end] === TAB)) end++
        const atEnd = end >= input.length
        if (atEnd && !last && end - at < LONGEST_WAIT) break
        const cr = input[end] === CR
        if (cr && end + 1 >= input.length && !last) break
        const lineEnds = atEnd ? last : input[end] === LF || (cr && input[end + 1] === LF)
        if (!lineEnds) written += input.copy(output, written, at, Math.max(end, at))
        at = end
        if (cr) {
          output[written++] = CR
          at++
        }
      } else {
        output[written++] = byte
        at++
      }
    }
    // Copied, because the chunk's own memory may be used again by whoever gave it.
    this.#rest = Buffer.from(input.subarray(at))
    return output.subarray(0, written)
  }
}

/** What a "=" at this place is: an octet, a soft line break, or (broken) itself. */
function escapeAt(input: Buffer, at: number, last: boolean): 'more' | { byte?: number; next: number } {
  let end = at + 1
  while (end < input.length && (input[end] === SPACE || input[end] === TAB) && end - at < LONGEST_WAIT) end++
  if (end >= input.length) return last ? { next: end } : 'more'
  if (input[end] === LF) return { next: end + 1 }
  if (input[end] === CR) {
    if (end + 1 >= input.length) return last ? { next: end + 1 } : 'more'
    if (input[end + 1] === LF) return { next: end + 2 }
    return { next: end + 1 }
  }
  if (end > at + 1) return { byte: EQUALS, next: at + 1 }
  const high = hex(input[at + 1]!)
  if (high < 0) return { byte: EQUALS, next: at + 1 }
  if (at + 2 >= input.length) return last ? { byte: EQUALS, next: at + 1 } : 'more'
  const low = hex(input[at + 2]!)
  if (low < 0) return { byte: EQUALS, next: at + 1 }
  return { byte: high * 16 + low, next: at + 3 }
}

function hex(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  if (byte >= 0x41 && byte <= 0x46) return byte - 0x37
  if (byte >= 0x61 && byte <= 0x66) return byte - 0x57
  return -1
}
