/**
 * Runs the steps of a scan: side by side, but for those that wait for others; each within its own time, all
 * within the whole.
 *
 * Never rejects, and every step has a result: one that throws, whose time is over, or whose client is gone
 * comes out as `unscanned`, never as clean. Nothing is kept: a crash leaves nothing behind.
 */
import type { ScanPolicy } from '../directory/scan-policy.ts'
import type { Log } from '../observe/log.ts'
import { stepSeconds } from './counters.ts'
import type { Step, StepContext, StepName, StepOutcome, Subject } from './types.ts'

/** ms for all steps together. A sender waits ten minutes for the reply (RFC 5321 §4.5.3.2.6). */
export const WHOLE_TIME = 20_000

export type StepResult = { step: StepName; kind: Step['kind']; outcome: StepOutcome; ms: number }

export type PipelineOptions = {
  /** The client is gone. */
  signal?: AbortSignal
  /** ms; WHOLE_TIME unless told. */
  timeLimit?: number
  /** A clock in ms. */
  now: () => number
  policyOf: (address: string) => ScanPolicy
  log: Log
}

/** Why a step was not waited for any longer. */
type Ending = 'time-over' | 'client-gone'

/** @returns one result a step, in the order of the steps */
export async function runPipeline(
  steps: readonly Step[],
  subject: Subject,
  options: PipelineOptions,
): Promise<StepResult[]> {
  const run = new Run(steps, subject, options)
  const timer = setTimeout(() => run.end('time-over'), options.timeLimit ?? WHOLE_TIME)
  const onGone = () => run.end('client-gone')
  if (options.signal?.aborted) onGone()
  else options.signal?.addEventListener('abort', onGone)
  try {
    return await run.all()
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', onGone)
  }
}

class Run {
  readonly #steps: readonly Step[]
  readonly #subject: Subject
  readonly #options: PipelineOptions
  readonly #outcomes = new Map<StepName, StepOutcome>()
  readonly #started = new Map<StepName, Promise<StepResult>>()
  readonly #waiting = new Set<Waiting>()
  #ending: Ending | undefined

  constructor(steps: readonly Step[], subject: Subject, options: PipelineOptions) {
    this.#steps = steps
    this.#subject = subject
    this.#options = options
  }

  all(): Promise<StepResult[]> {
    return Promise.all(this.#steps.map(step => this.#start(step, [])))
  }

  end(how: Ending): void {
    this.#ending ??= how
    for (const waiting of this.#waiting) waiting.end(how)
  }

  /** @param above those that wait for this one: a step that waits for itself is a mistake in the steps */
  #start(step: Step, above: readonly StepName[]): Promise<StepResult> {
    if (above.includes(step.name)) throw new Error(`steps wait in a circle: ${[...above, step.name]}`)
    const known = this.#started.get(step.name)
    if (known) return known
    const before = step.after?.flatMap(name => {
      const other = this.#steps.find(candidate => candidate.name === name)
      return other ? [this.#start(other, [...above, step.name])] : []
    })
    const result = before?.length ? Promise.all(before).then(() => this.#run(step)) : this.#run(step)
    this.#started.set(step.name, result)
    return result
  }

  async #run(step: Step): Promise<StepResult> {
    const { now, log, policyOf } = this.#options
    const startedAt = now()
    const waiting = new Waiting(name => this.#outcomes.get(name), policyOf)
    let outcome: StepOutcome
    if (this.#ending) outcome = unscanned(this.#ending)
    else {
      this.#waiting.add(waiting)
      const timer = setTimeout(() => waiting.end('time-over'), step.timeLimit)
      try {
        outcome = await waiting.race(step.run(this.#subject, waiting))
      } catch (error) {
        log.warn({ event: 'scan.step-failed', step: step.name, id: this.#subject.envelope.id, error })
        outcome = unscanned('step-failed')
      } finally {
        clearTimeout(timer)
        this.#waiting.delete(waiting)
      }
    }
    this.#outcomes.set(step.name, outcome)
    const ms = now() - startedAt
    stepSeconds.observe({ step: step.name }, ms / 1_000)
    return { step: step.name, kind: step.kind, outcome, ms }
  }
}

/**
 * What a step gets to know, and the end of its time. The signal is made when it is first asked for: most
 * steps of most messages are over before anybody would.
 */
class Waiting implements StepContext {
  readonly outcomeOf: StepContext['outcomeOf']
  readonly policyOf: StepContext['policyOf']
  #controller: AbortController | undefined
  #ended: Ending | undefined
  #tell: ((outcome: StepOutcome) => void) | undefined

  constructor(outcomeOf: StepContext['outcomeOf'], policyOf: StepContext['policyOf']) {
    this.outcomeOf = outcomeOf
    this.policyOf = policyOf
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#ended) this.#controller.abort(new Error(this.#ended))
    return this.#controller.signal
  }

  race(running: Promise<StepOutcome>): Promise<StepOutcome> {
    return new Promise((resolve, reject) => {
      this.#tell = resolve
      // Also what fails after its end: a step that was given up may still throw.
      running.then(resolve, reject)
      if (this.#ended) resolve(unscanned(this.#ended))
    })
  }

  end(how: Ending): void {
    if (this.#ended) return
    this.#ended = how
    this.#tell?.(unscanned(how))
    this.#controller?.abort(new Error(how))
  }
}

const unscanned = (reason: string): StepOutcome => ({ findings: [{ type: 'unscanned', reason }] })
