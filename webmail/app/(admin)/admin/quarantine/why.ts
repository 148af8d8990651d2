/** The gravest finding as one sentence. */
import type { Locale } from '@restante/core/db/schema/directory.ts'
import type { ScanRecord, Verdict } from '@restante/core/db/schema/scan.ts'
import { sentenceOf } from '@restante/core/scan/reasons.ts'

const GRAVITY: readonly Verdict[] = ['pass', 'mark', 'defer', 'quarantine', 'reject']

/** @returns null when nothing was found, or nobody looked */
export function whyOf(scan: ScanRecord | null, locale: Locale): string | null {
  const worst = [...(scan?.steps ?? [])]
    .filter(step => step.verdict !== 'pass')
    .sort((a, b) => GRAVITY.indexOf(b.verdict) - GRAVITY.indexOf(a.verdict))[0]
  return worst ? sentenceOf(worst.reason, worst.detail, locale) : null
}
