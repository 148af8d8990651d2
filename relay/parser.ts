/**
 * smtp-server's parser of the incoming bytes, with the part after DATA replaced by ours (framing.ts): its own
 * passes bare CR and LF through and takes a dot away after either.
 *
 * This leans on internals of the pinned version; the dialog tests hold them.
 */
import { SMTPStream } from 'smtp-server/lib/smtp-stream.js'
import { DataDecoder } from './framing.ts'

export class RelayParser extends SMTPStream {
  #decoder = new DataDecoder()

  /** Whether the message that came last had bare CR or LF. */
  get mended(): boolean {
    return this.#decoder.mended
  }

  override startDataMode(maxBytes?: number | string | null) {
    this.#decoder = new DataDecoder()
    return super.startDataMode(maxBytes)
  }

  /**
   * The original clears the callback after calling it: when all of the next message is there already, that
   * wipes out the one which it has just set, and the connection hangs.
   */
  override continue(): void {
    const callback = this._continueCallback
    this._continueCallback = typeof callback !== 'function'
    if (typeof callback === 'function') callback()
  }

  override _feedDataStream(chunk: Buffer, done: (error?: Error | null) => void): void {
    const stream = this._dataStream
    const { content, rest } = this.#decoder.push(chunk)
    this._countDataBytes(content.length)
    if (rest) {
      this._endDataMode(content.length > 0 && content, rest, done)
      return
    }
    if (content.length === 0 || !stream?.writable || stream.write(content)) {
      done()
      return
    }
    // A stream that was given up never drains, it only closes.
    const go = () => {
      stream.off('drain', go)
      stream.off('close', go)
      done()
    }
    stream.on('drain', go)
    stream.on('close', go)
  }
}
