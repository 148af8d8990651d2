/**
 * The scan as the relay, the webmail and the worker use it: steps (put together in inbound.ts and outgoing.ts)
 * run by the pipeline, decided by the policies, counted.
 *
 * Whatever goes wrong in here, a message comes out with a decision: at worst one that says that nobody has
 * looked at it.
 */
import type { Settings } from '../config/settings.ts'
import type { ScanPolicy } from '../directory/scan-policy.ts'
import type { Log } from '../observe/log.ts'
import { stepVerdicts, unscannedMessages } from './counters.ts'
import { decide } from './decide.ts'
import { clamdStep } from './engines/clamd.ts'
import { rspamdStep } from './engines/rspamd.ts'
import { spamdStep } from './engines/spamd.ts'
import { marksOf } from './marks.ts'
import { runPipeline, type StepResult, WHOLE_TIME } from './pipeline.ts'
import type { Scanned, Scanner, Step, StepName, Subject } from './types.ts'

/** What is worth looking at in mail that our own people send: what is in it, not where it comes from. */
const OUTGOING: ReadonlySet<StepName> = new Set(['attachments', 'rspamd', 'spamd', 'clamd'])

export type EngineSettings = Pick<Settings, 'RSPAMD_URL' | 'SPAMD_URL' | 'CLAMD_URL'>

/**
 * The engines that are configured.
 * @param nameOf what DNS calls a client: rspamd weighs that
 */
export function engineSteps(
  settings: EngineSettings,
  log: Log,
  nameOf?: (address: string) => Promise<string | undefined>,
): Step[] {
  const steps: Step[] = []
  if (settings.RSPAMD_URL.length > 0) steps.push(rspamdStep({ urls: settings.RSPAMD_URL, log, nameOf }))
  if (settings.SPAMD_URL.length > 0) steps.push(spamdStep({ urls: settings.SPAMD_URL, log }))
  if (settings.CLAMD_URL.length > 0) steps.push(clamdStep({ urls: settings.CLAMD_URL, log }))
  return steps
}

/** A scanner of these steps. */
export function scannerOf(options: {
  steps: readonly Step[]
  policyOf: (address: string) => ScanPolicy
  log: Log
  /** A clock in ms. */
  now?: () => number
  /** ms */
  timeLimit?: number
}): Scanner {
  const { log, now = () => performance.now(), timeLimit = WHOLE_TIME } = options
  const outgoing = options.steps.filter(step => OUTGOING.has(step.name))
  return {
    async scan(subject, signal) {
      const { envelope } = subject
      const submission = envelope.kind === 'submission'
      // What leaves is judged by what the sender's own domain wants; a stranger has no say in it.
      const policyOf = submission ? () => options.policyOf(envelope.sender) : options.policyOf
      const results = await runPipeline(submission ? outgoing : options.steps, subject, {
        signal,
        timeLimit,
        now,
        policyOf,
        log,
      })
      return scannedOf(subject, results, policyOf, log)
    },
    async close() {},
  }
}

function scannedOf(
  { envelope }: Subject,
  results: readonly StepResult[],
  policyOf: (address: string) => ScanPolicy,
  log: Log,
): Scanned {
  const decision = decide(
    results,
    envelope.recipients.map(recipient => recipient.address),
    policyOf,
    envelope.kind === 'submission' ? 'submission' : 'inbound',
  )
  const clientName = results.find(result => result.outcome.clientName)?.outcome.clientName
  for (const { step, verdict } of decision.record.steps) stepVerdicts.inc({ step, verdict })
  for (const { step, outcome } of results) {
    for (const finding of outcome.findings) {
      if (finding.type !== 'unscanned' || finding.reason === 'client-gone') continue
      unscannedMessages.inc({ step, reason: finding.reason })
      log.warn({
        event: 'scan.unscanned',
        id: envelope.id,
        step,
        reason: finding.reason,
        detail: finding.detail,
      })
    }
  }
  return {
    ...decision,
    addFields: [
      ...results.flatMap(result => result.outcome.addFields ?? []),
      // What our people send tells nobody outside what we found.
      ...(envelope.kind === 'submission' ? [] : marksOf(decision.record, results)),
    ],
    ...(clientName && { clientName }),
    removeFields: results.flatMap(result => result.outcome.removeFields ?? []),
  }
}
