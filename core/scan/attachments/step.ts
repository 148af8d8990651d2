/**
 * The attachment policy: what the files of a message are, by their names and by their content.
 *
 * A short message that holds nothing but text, or files of which nothing has to be unpacked, is decided here and
 * now; everything else is looked through in a thread of its own (threads.ts), so that nothing a message holds can keep the event loop from its other
 * clients. A thread that crashes or outlives its time means `unscanned`, never the end of the process.
 */
import type { ScanPolicy } from '../../directory/scan-policy.ts'
import type { Finding, Step, StepOutcome, Subject } from '../types.ts'
import { inspectShort } from './inspection.ts'
import { findingsFor, type Observation } from './observations.ts'
import { holdsOnlyText } from './quick.ts'
import { InspectionThreads } from './threads.ts'

export type AttachmentsOptions = {
  /** Threads that look through messages. Default 1. */
  threads?: number
  /** ms; a message that takes longer counts as unscanned. Default 10,000. */
  timeLimit?: number
  /** Shared with another step, or set up apart for a test. Closed by its owner. */
  pool?: InspectionThreads
}

export type AttachmentsStep = Step & {
  /** Ends its threads. */
  close(): Promise<void>
}

const NO_FILES: StepOutcome = { findings: [{ type: 'clean', reason: 'no-attachments' }] }

export function attachmentsStep(options: AttachmentsOptions = {}): AttachmentsStep {
  const timeLimit = options.timeLimit ?? 10_000
  const pool = options.pool ?? new InspectionThreads({ threads: options.threads ?? 1 })
  return {
    name: 'attachments',
    kind: 'virus',
    timeLimit,
    async run(subject, context) {
      const policies = new Map<string, ScanPolicy>()
      for (const { address } of recipientsOf(subject)) policies.set(address, context.policyOf(address))
      const blocked = new Set([...policies.values()].flatMap(policy => policy.blockedEndings))
      if (subject.bytes && holdsOnlyText(subject.bytes)) return NO_FILES
      const blockedEndings = [...blocked]
      const seen = subject.bytes && (await inspectShort(subject.bytes, { blockedEndings }))
      if (seen) return outcomeFor(seen, policies)
      const result = await pool.inspect(subject, { blockedEndings, signal: context.signal })
      if (!result.ok)
        return { findings: [{ type: 'unscanned', reason: result.reason, detail: result.detail }] }
      return outcomeFor(result.observations, policies)
    },
    async close() {
      if (!options.pool) await pool.close()
    },
  }
}

const recipientsOf = (subject: Subject) => subject.envelope.recipients

/** What holds for everyone as `findings`; what hangs on a domain's own endings by recipient. */
export function outcomeFor(
  observations: readonly Observation[],
  policies: ReadonlyMap<string, ScanPolicy>,
): StepOutcome {
  const all = [...policies].map(([address, policy]) => [address, findingsFor(observations, policy)] as const)
  const shared = (all[0]?.[1] ?? []).filter(finding => all.every(([, own]) => own.some(same(finding))))
  const byRecipient = new Map<string, Finding[]>()
  for (const [address, own] of all) {
    const rest = own.filter(finding => !shared.some(same(finding)))
    if (rest.length) byRecipient.set(address, rest)
  }
  const findings: Finding[] = shared.length ? shared : [{ type: 'clean', reason: 'attachments-clean' }]
  return byRecipient.size ? { findings, byRecipient } : { findings }
}

const same = (a: Finding) => (b: Finding) => a.reason === b.reason && a.detail === b.detail
