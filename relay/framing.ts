/**
 * The bytes after DATA: where the message ends, and its lines in one form.
 *
 * The end is CRLF.CRLF and nothing else (RFC 5321 §4.1.1.4): servers that also took LF.LF or CR.CR let
 * strangers smuggle messages past those that did not. What comes out has CRLF line ends only: a bare LF is
 * made CRLF, a bare CR a space (a new line there would let a header be forged out of another's text), as
 * Postfix does since 3.9; whoever would rather refuse such a message looks at `mended`. The dot that hides a leading dot is taken away (§4.5.2).
 *
 * The result depends on the bytes alone, never on how they were cut into chunks: all memory between chunks is
 * `#state`.
 */

export type Decoded = {
  /** What of the message came with this chunk. */
  content: Buffer
  /** Not null: the message has ended, and this follows it. */
  rest: Buffer | null
}

type State =
  /** Within a line. */
  | 'text'
  /** A CR was read and not written yet. */
  | 'text-cr'
  /** After CRLF, or at the start. */
  | 'line'
  /** After a bare LF: a line begins, but no end of data can. */
  | 'line-bare'
  /** A dot was read at the start of a line, and not written. */
  | 'dot'
  /** A dot and a CR, neither written. */
  | 'dot-cr'

const LF = 0x0a
const CR = 0x0d
const DOT = 0x2e
const CRLF = Buffer.from('\r\n')
const SPACE = Buffer.from(' ')
const NOTHING = Buffer.alloc(0)

export class DataDecoder {
  /** Whether a bare CR or LF was seen and mended. */
  mended = false
  #state: State = 'line'

  push(chunk: Buffer): Decoded {
    const pieces: Buffer[] = []
    const length = chunk.length
    let state = this.#state
    let at = 0
    // Bytes from here on are the same in and out, up to where they are flushed.
    let run = 0
    let nextLf = -1
    let nextCr = -1
    const flush = (end: number) => {
      if (end > run) pieces.push(chunk.subarray(run, end))
    }
    while (at < length) {
      const byte = chunk[at]
      switch (state) {
        case 'text': {
          if (nextLf < at) nextLf = find(chunk, LF, at)
          if (nextCr < at) nextCr = find(chunk, CR, at)
          if (nextCr < nextLf) {
            at = nextCr + 1
            state = 'text-cr'
          } else if (nextLf < length) {
            flush(nextLf)
            pieces.push(CRLF)
            this.mended = true
            at = run = nextLf + 1
            state = 'line-bare'
          } else {
            at = length
          }
          break
        }
        case 'text-cr':
          if (byte === LF) {
            if (at === 0) {
              pieces.push(CRLF)
              run = 1
            }
            at++
            state = 'line'
          } else {
            if (at > 0) flush(at - 1)
            pieces.push(SPACE)
            this.mended = true
            run = at
            state = 'text'
          }
          break
        case 'line':
        case 'line-bare':
          if (byte === DOT) {
            flush(at)
            at++
            run = at
            state = state === 'line' ? 'dot' : 'text'
          } else {
            state = 'text'
          }
          break
        case 'dot':
          if (byte === CR) {
            at++
            run = at
            state = 'dot-cr'
          } else {
            state = 'text'
          }
          break
        case 'dot-cr':
          if (byte === LF) {
            this.#state = 'line'
            return { content: join(pieces), rest: chunk.subarray(at + 1) }
          }
          pieces.push(SPACE)
          this.mended = true
          run = at
          state = 'text'
          break
        default:
          state satisfies never
      }
    }
    flush(state === 'text-cr' ? length - 1 : length)
    this.#state = state
    return { content: join(pieces), rest: null }
  }
}

function find(chunk: Buffer, byte: number, from: number): number {
  const found = chunk.indexOf(byte, from)
  return found < 0 ? Number.POSITIVE_INFINITY : found
}

function join(pieces: Buffer[]): Buffer {
  return pieces.length === 1 ? (pieces[0] ?? NOTHING) : Buffer.concat(pieces)
}
