/** The thread that makes texts safe to show, one at a time. */
import { parentPort } from 'node:worker_threads'
import type { Sanitized } from './sanitize.ts'
import { type ShowOptions, showText, type TextPart } from './show-text.ts'

export type ToShow = {
  job: number
  part: Omit<TextPart, 'text'> & { text: Uint8Array }
  options: ShowOptions
}
export type Shown = { job: number; shown?: Sanitized }

const port = parentPort
if (!port) throw new Error('show-thread.ts runs as a worker thread')

port.on('message', ({ job, part, options }: ToShow) => {
  let shown: Sanitized | undefined
  try {
    shown = showText({ ...part, text: Buffer.from(part.text) }, options)
  } catch {
    // Whoever asked shows less of it.
  }
  port.postMessage({ job, ...(shown && { shown }) } satisfies Shown)
})
