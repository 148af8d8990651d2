/**
 * The thread that looks through messages, one at a time. It is told a message's octets and tells what it found;
 * it asks for more when it has worked through what it has, so its memory is that of a few chunks.
 */
import { parentPort } from 'node:worker_threads'
import type { InspectionLimits } from './budget.ts'
import { inspect } from './inspection.ts'
import type { Observation } from './observations.ts'

export type ToThread =
  /** `bytes`: all of a short message. Otherwise chunks follow, and `end`. */
  | {
      type: 'start'
      job: number
      blockedEndings: string[]
      limits?: Partial<InspectionLimits>
      bytes?: Uint8Array
    }
  | { type: 'chunk'; chunk: Uint8Array }
  | { type: 'end' }

export type FromThread =
  /** A chunk is done with. */
  | { type: 'more'; job: number }
  | { type: 'done'; job: number; observations: Observation[] }
  | { type: 'failed'; job: number; message: string }

const port = parentPort
if (!port) throw new Error('thread.ts runs as a worker thread')

let waiting: Uint8Array[] = []
let ended = false
let wake: (() => void) | undefined

port.on('message', (message: ToThread) => {
  switch (message.type) {
    case 'start':
      waiting = message.bytes ? [message.bytes] : []
      ended = message.bytes !== undefined
      void run(message)
      return
    case 'chunk':
      waiting.push(message.chunk)
      break
    case 'end':
      ended = true
      break
    default:
      throw new Error(`no such message: ${message satisfies never}`)
  }
  wake?.()
})

async function run({
  job,
  blockedEndings,
  limits,
  bytes,
}: Extract<ToThread, { type: 'start' }>): Promise<void> {
  const say = (message: FromThread) => port?.postMessage(message)
  async function* content(): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = waiting.shift()
      if (chunk) {
        yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
        if (!bytes) say({ type: 'more', job })
      } else if (ended) return
      else
        await new Promise<void>(resolve => {
          wake = resolve
        })
    }
  }
  try {
    say({ type: 'done', job, observations: await inspect(content(), { blockedEndings, limits }) })
  } catch (error) {
    say({ type: 'failed', job, message: error instanceof Error ? error.message : String(error) })
  }
}
