/**
 * The message itself, looked at as it streams past: size, header, loops, NUL bytes, pace. Nothing is kept of
 * it here but the start of the line that is being read.
 */
import type { RelayLimits } from '../limits.ts'
import { Refused, replies } from '../replies.ts'

type Limits = Pick<
  RelayLimits,
  'messageSize' | 'headerSize' | 'headerLines' | 'received' | 'data' | 'dataRate'
>

/**
 * Passes the chunks on. Lines end in CRLF.
 * @param elapsed ms since MAIL
 * @param onSize told the bytes so far; may throw Refused
 * @throws Refused as soon as the message can't be accepted any more
 */
export async function* inspected(
  content: AsyncIterable<Buffer>,
  limits: Limits,
  elapsed: () => number,
  onSize: (size: number) => void = () => {},
): AsyncGenerator<Buffer> {
  const header = new HeaderWatch()
  let size = 0
  for await (const chunk of content) {
    size += chunk.length
    if (size > limits.messageSize) throw new Refused(replies.tooLarge(limits.messageSize))
    if (elapsed() > limits.data + (size / limits.dataRate) * 1_000) throw new Refused(replies.tooSlow)
    onSize(size)
    if (chunk.includes(0)) throw new Refused(replies.nulBytes)
    header.push(chunk)
    if (header.received > limits.received) throw new Refused(replies.loop(limits.received))
    if (header.lines > limits.headerLines) throw new Refused(replies.tooManyHeaderLines(limits.headerLines))
    if (header.size > limits.headerSize) throw new Refused(replies.headerTooLarge(limits.headerSize))
    yield chunk
  }
}

const LF = 0x0a
const RECEIVED = 'received:'

/** Counts the header's `Received` lines, whatever way the bytes are cut. */
export class HeaderWatch {
  received = 0
  lines = 0
  /** Bytes of the header so far. */
  size = 0
  #over = false
  /** The first characters of the line that is being read. */
  #start = ''

  push(chunk: Buffer): void {
    let at = 0
    while (!this.#over && at < chunk.length) {
      const lf = chunk.indexOf(LF, at)
      const end = lf < 0 ? chunk.length : lf
      const missing = RECEIVED.length - this.#start.length
      if (missing > 0) this.#start += chunk.toString('latin1', at, Math.min(end, at + missing))
      this.size += end - at
      at = end
      if (lf < 0) return
      if (this.#start === '' || this.#start === '\r') this.#over = true
      else if (this.#start.toLowerCase() === RECEIVED) this.received++
      this.#start = ''
      this.lines++
      this.size++
      at++
    }
  }
}
