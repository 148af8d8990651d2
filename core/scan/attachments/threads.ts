/**
 * The threads that look through messages, so that no message can keep the process from its other clients.
 *
 * A thread has one message at a time and a heap of its own that is bounded; one that crashes, runs out of memory
 * or outlives its message's time is ended and replaced, and only its message is unscanned. Threads start with
 * the first message that needs one and don't keep the process alive while they are idle.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Subject } from '../types.ts'
import type { InspectionLimits } from './budget.ts'
import type { Observation } from './observations.ts'
import type { FromThread, ToThread } from './thread.ts'

export type ThreadsOptions = {
  threads: number
  /** For tests: the thread's own program. */
  program?: URL
  /** MiB of a thread's heap. */
  heap?: number
  limits?: Partial<InspectionLimits>
}

export type InspectOptions = { blockedEndings: string[]; signal: AbortSignal }

export type Inspected =
  | { ok: true; observations: Observation[] }
  | { ok: false; reason: 'time-over' | 'step-failed'; detail?: string }

/** Chunks on their way to a thread. */
const WINDOW = 4
/** Octets of a chunk: what is handed over at once costs the thread its time at once. */
const CHUNK = 64 * 1024

/** ms */
const LAST_WAIT = 1_000

type Job = { start: (thread: Thread) => void; cancel: () => void }

export class InspectionThreads {
  readonly #options: ThreadsOptions
  #idle: Thread[] = []
  #busy = new Set<Thread>()
  #waiting = new Set<Job>()
  #closed = false

  constructor(options: ThreadsOptions) {
    this.#options = options
  }

  /** Messages that wait for a thread. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Never rejects. Ends early, and the thread with it, when the signal says so. */
  async inspect(subject: Pick<Subject, 'content' | 'bytes'>, options: InspectOptions): Promise<Inspected> {
    const { signal } = options
    const thread = await this.#free(signal)
    if (!thread) return { ok: false, reason: 'time-over' }
    try {
      return await thread.inspect(subject, options, this.#options.limits)
    } finally {
      this.#busy.delete(thread)
      if (thread.usable && !this.#closed) this.#idle.push(thread)
      else void thread.end()
      this.#startNext()
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const job of this.#waiting) job.cancel()
    await Promise.all([...this.#idle, ...this.#busy].map(thread => thread.end()))
    this.#idle = []
  }

  #free(signal: AbortSignal): Promise<Thread | undefined> {
    return new Promise(resolve => {
      if (signal.aborted || this.#closed) return resolve(undefined)
      const onAbort = () => job.cancel()
      const job: Job = {
        start: thread => {
          signal.removeEventListener('abort', onAbort)
          resolve(thread)
        },
        cancel: () => {
          this.#waiting.delete(job)
          signal.removeEventListener('abort', onAbort)
          resolve(undefined)
        },
      }
      signal.addEventListener('abort', onAbort)
      this.#waiting.add(job)
      this.#startNext()
    })
  }

  #startNext(): void {
    for (const job of this.#waiting) {
      const thread = this.#takeThread()
      if (!thread) return
      this.#waiting.delete(job)
      this.#busy.add(thread)
      job.start(thread)
    }
  }

  #takeThread(): Thread | undefined {
    for (;;) {
      const idle = this.#idle.pop()
      if (!idle) break
      if (idle.usable) return idle
    }
    return this.#busy.size < this.#options.threads ? new Thread(this.#options) : undefined
  }
}

class Thread {
  readonly #worker: Worker
  #jobs = 0
  #failure: string | undefined
  #onMessage: ((message: FromThread) => void) | undefined
  #onFailure: (() => void) | undefined

  constructor({ program, heap = 48 }: ThreadsOptions) {
    this.#worker = new Worker(program ?? new URL('./thread.ts', import.meta.url), {
      name: 'attachments',
      resourceLimits: { maxOldGenerationSizeMb: heap, maxYoungGenerationSizeMb: 8 },
      // Flags of the process (a debugger, a test runner's loader) are not meant for it.
      execArgv: [],
    })
    this.#worker.unref()
    this.#worker.on('message', (message: FromThread) => this.#onMessage?.(message))
    this.#worker.on('error', error => this.#fail(error instanceof Error ? error.message : String(error)))
    this.#worker.on('exit', () => this.#fail('the thread ended'))
  }

  get usable(): boolean {
    return this.#failure === undefined
  }

  #fail(message: string): void {
    this.#failure ??= message
    this.#onFailure?.()
  }

  async end(): Promise<void> {
    this.#fail('the thread was ended')
    // A thread that is stuck within the engine itself (in its garbage collection, seen once) can't be waited for.
    await Promise.race([this.#worker.terminate(), delay(LAST_WAIT, undefined, { ref: false })])
  }

  async inspect(
    subject: Pick<Subject, 'content' | 'bytes'>,
    { blockedEndings, signal }: InspectOptions,
    limits: Partial<InspectionLimits> | undefined,
  ): Promise<Inspected> {
    const job = ++this.#jobs
    let onWay = 0
    let wake = () => {}
    let result: Inspected | undefined
    const settled = new Promise<void>(resolve => {
      const settle = (outcome: Inspected) => {
        result ??= outcome
        wake()
        resolve()
      }
      this.#onFailure = () => settle({ ok: false, reason: 'step-failed', detail: this.#failure })
      this.#onMessage = message => {
        if (message.job !== job) return
        if (message.type === 'done') settle({ ok: true, observations: message.observations })
        else if (message.type === 'failed')
          settle({ ok: false, reason: 'step-failed', detail: message.message })
        else {
          onWay--
          wake()
        }
      }
      signal.addEventListener('abort', () => settle({ ok: false, reason: 'time-over' }), { once: true })
      if (signal.aborted) settle({ ok: false, reason: 'time-over' })
      if (this.#failure !== undefined) this.#onFailure()
    })
    this.#worker.ref()
    try {
      const begin = { type: 'start', job, blockedEndings, limits } as const
      if (subject.bytes) {
        // A copy, because its owner goes on reading it; handed over, because one copy is enough.
        const bytes = new Uint8Array(subject.bytes)
        this.#send({ ...begin, bytes }, [bytes.buffer])
      } else {
        this.#send(begin)
        const failed = await this.#feed(
          subject,
          () => result !== undefined,
          async () => {
            onWay++
            while (onWay >= WINDOW && !result) {
              await new Promise<void>(resolve => {
                wake = resolve
              })
            }
          },
        )
        if (failed) return this.#giveUp({ ok: false, reason: 'step-failed', detail: failed })
        this.#send({ type: 'end' })
      }
      await settled
    } finally {
      this.#onMessage = undefined
      this.#onFailure = undefined
      this.#worker.unref()
    }
    // A thread that has not finished knows nothing of the next message.
    return result?.ok ? result : this.#giveUp(result ?? { ok: false, reason: 'step-failed' })
  }

  #giveUp(result: Inspected): Inspected {
    this.#failure ??= 'it did not finish its message'
    return result
  }

  /** @returns why the content could not be read */
  async #feed(
    subject: Pick<Subject, 'content'>,
    isOver: () => boolean,
    sent: () => Promise<void>,
  ): Promise<string | undefined> {
    const content = subject.content()
    try {
      for await (const chunk of content) {
        const octets: Buffer = chunk
        for (let at = 0; at < octets.length && !isOver(); at += CHUNK) {
          const part = new Uint8Array(octets.subarray(at, at + CHUNK))
          this.#send({ type: 'chunk', chunk: part }, [part.buffer])
          await sent()
        }
        if (isOver()) break
      }
      return undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    } finally {
      content.destroy()
    }
  }

  #send(message: ToThread, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer)
  }
}
