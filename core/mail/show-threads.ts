/**
 * A thread for texts that take long to be made safe, so that one reader's message keeps nobody else waiting. It works
 * on one text at a time, within a bounded heap; one that crashes or outlives its time is ended, and of its text only the
 * beginning is shown, as it stands. It starts with the first long text and ends when none has come for a while: what
 * takes HTML apart is large.
 */
import { Worker } from 'node:worker_threads'
import type { Sanitized } from './sanitize.ts'
import { type ShowText, showText } from './show-text.ts'
import type { Shown, ToShow } from './show-thread.ts'

export type ShowThreads = { show: ShowText; close(): Promise<void> }

/** Octets of a text that is not worth a thread: some milliseconds at worst. */
const SHORT = 24 * 1024

export function createShowThreads(
  options: {
    /** ms for one text. */
    timeLimit?: number
    /** ms without work after which the thread ends. */
    idle?: number
    /** MiB */
    heap?: number
    /** For tests: the thread's own program. */
    program?: URL
  } = {},
): ShowThreads {
  const { timeLimit = 20_000, idle = 60_000, heap = 256, program } = options
  let thread: Worker | undefined
  let resting: NodeJS.Timeout | undefined
  let last: Promise<unknown> = Promise.resolve()
  let jobs = 0

  function opened(): Worker {
    if (thread) return thread
    const made = new Worker(program ?? new URL('./show-thread.ts', import.meta.url), {
      name: 'show',
      resourceLimits: { maxOldGenerationSizeMb: heap, maxYoungGenerationSizeMb: 16 },
      execArgv: [],
    })
    made.unref()
    // Told by its end, too.
    made.on('error', () => {})
    made.once('exit', () => {
      if (thread === made) thread = undefined
    })
    thread = made
    return made
  }

  async function end(): Promise<void> {
    const ended = thread
    thread = undefined
    await ended?.terminate()
  }

  function run(message: Omit<ToShow, 'job'>): Promise<Sanitized | undefined> {
    const worker = opened()
    const job = ++jobs
    return new Promise(resolve => {
      const settle = (shown?: Sanitized) => {
        clearTimeout(timer)
        worker.off('message', onMessage).off('exit', onExit)
        resolve(shown)
      }
      const onMessage = (answer: Shown) => {
        if (answer.job === job) settle(answer.shown)
      }
      const onExit = () => settle()
      const timer = setTimeout(() => void end().then(onExit), timeLimit)
      worker.on('message', onMessage).once('exit', onExit)
      worker.postMessage({ job, ...message } satisfies ToShow)
    })
  }

  return {
    async show(part, how) {
      const text = part.text ?? Buffer.alloc(0)
      if (text.length <= SHORT) return showText(part, how)
      const { type, charset, flowed, delSp, truncated } = part
      const facts = { type, charset, flowed, delSp, truncated }
      const work = last.then(() => run({ part: { ...facts, text: new Uint8Array(text) }, options: how }))
      last = work
      clearTimeout(resting)
      const shown = await work
      clearTimeout(resting)
      resting = setTimeout(() => void end(), idle).unref()
      if (shown) return shown
      const start = showText({ ...facts, type: 'text/plain', text: text.subarray(0, SHORT) }, how)
      return { ...start, html: `${start.html}<p>[…]</p>` }
    },
    async close() {
      clearTimeout(resting)
      await end()
    },
  }
}
