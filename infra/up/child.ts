/**
 * One process of the gateway, kept running: when it dies it is started again after 1 s, then 2, 4, 8, at
 * most 10; a minute of life starts the count anew.
 *
 * It is held by an IPC channel that nothing is sent over: when we are killed the channel breaks, and the
 * process ends by itself (core/observe/lifecycle.ts).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Log } from '@restante/core/observe/log.ts'
import { NODE_OPTIONS } from '@restante/core/observe/node-options.ts'

const FIRST_PAUSE = 1_000
const LONGEST_PAUSE = 10_000
/** A process that lived this long was well, in ms. */
const HEALTHY_LIFE = 60_000

const root = join(import.meta.dirname, '../..')

export type ChildOptions = {
  /** Its folder: relay, worker, webmail. */
  name: string
  environment: NodeJS.ProcessEnv
  say: (line: string) => void
  log: Log
  /** For tests: what is run instead of `<name>/main.ts`. */
  script?: string
}

/** Pause before the next start, in ms, after `deaths` quick deaths in a row (1 or more). */
export function pauseAfter(deaths: number): number {
  return Math.min(FIRST_PAUSE * 2 ** (deaths - 1), LONGEST_PAUSE)
}

export class Child {
  readonly name: string
  readonly #options: ChildOptions
  #process: ChildProcess | undefined
  #timer: NodeJS.Timeout | undefined
  #deaths = 0
  #ending = false

  constructor(options: ChildOptions) {
    this.name = options.name
    this.#options = options
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** Changes what the next start, after a restart, finds in its environment. */
  setEnvironment(environment: NodeJS.ProcessEnv): void {
    this.#options.environment = environment
  }

  start(): void {
    const { name, environment, log, say } = this.#options
    const script = this.#options.script ?? join(root, name, 'main.ts')
    const begun = Date.now()
    const child = spawn(process.execPath, [...(NODE_OPTIONS[name] ?? []), script], {
      env: { ...environment, RESTANTE_STARTED_BY: String(process.pid) },
      // All they print is log: our own stdout is for people.
      stdio: ['ignore', 2, 2, 'ipc'],
      // Its own session: Ctrl-C reaches it through us, in order.
      detached: true,
    })
    this.#process = child
    let over = false
    const dead = (how: string) => {
      if (over) return
      over = true
      this.#process = undefined
      if (this.#ending) return
      this.#deaths = Date.now() - begun > HEALTHY_LIFE ? 1 : this.#deaths + 1
      const pause = pauseAfter(this.#deaths)
      log.error({ event: 'up.child-died', child: name, how, pause })
      say(`${name} ended unexpectedly (${how}), starting it again in ${pause / 1000} s`)
      this.#timer = setTimeout(() => this.start(), pause)
    }
    child.once('error', error => dead(error.message))
    child.once('exit', (code, signal) => dead(signal ?? `exit ${code}`))
  }

  /** Ends it and has it started again. */
  restart(): void {
    this.#process?.kill('SIGTERM')
  }

  /** SIGTERM, then SIGKILL after `patience` ms. Resolves when it is gone. */
  async end(patience: number): Promise<void> {
    this.#ending = true
    clearTimeout(this.#timer)
    const child = this.#process
    if (!child) return
    const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
    child.kill('SIGTERM')
    const timer = setTimeout(() => {
      this.#options.log.warn({ event: 'up.child-killed', child: this.name })
      child.kill('SIGKILL')
    }, patience)
    await exited
    clearTimeout(timer)
  }
}
