/** What the scan counts. */
import { counter, histogram } from '../observe/metrics.ts'

export const stepVerdicts = counter('scan_steps_total', 'Steps of the scan that were run, by verdict.', [
  'step',
  'verdict',
])
export const stepSeconds = histogram(
  'scan_step_seconds',
  'Time that a step of the scan took.',
  [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 20],
  ['step'],
)
export const unscannedMessages = counter(
  'scan_unscanned_total',
  'Messages that a step could not look at, by step and reason: an engine was down or too slow, or had no sense in its answer.',
  ['step', 'reason'],
)
export const engineFailures = counter(
  'scan_engine_failures_total',
  'Times that an engine at one address failed, by step; the next address was tried.',
  ['step'],
)
