/**
 * The marks that a message carries on: for the filters of the mailbox it goes to, and for people who look at
 * its header. A message that nothing was found in gets none.
 */
import { fieldLine } from './fields.ts'
import type { StepResult } from './pipeline.ts'
import type { Finding, ScanRecord } from './types.ts'

type Spam = Extract<Finding, { type: 'spam' }>

/** @returns whole header lines with CRLF; see OWN_FIELDS */
export function marksOf(record: ScanRecord, results: readonly StepResult[]): string[] {
  const marks: string[] = []
  const said = record.steps.filter(step => step.verdict !== 'pass')
  if (said.length > 0) {
    const steps = said.map(step => `${step.step}=${step.reason}`).join('; ')
    push(marks, 'X-Restante-Scan', `${record.verdict}; ${steps}`)
  }
  const spam = results
    .flatMap(result => result.outcome.findings)
    .find((finding): finding is Spam => finding.type === 'spam')
  if (spam) {
    push(marks, 'X-Spam-Flag', 'YES')
    push(marks, 'X-Spam-Status', spam.score === undefined ? 'Yes' : `Yes, score=${spam.score.toFixed(1)}`)
  }
  return marks
}

function push(marks: string[], name: string, value: string): void {
  const line = fieldLine(name, value)
  if (line) marks.push(line)
}
