/** What a message is held for, by the step of the scan that found it; the gravest counts. Pure: pages use it too. */
import type { ScanHold } from '../db/schema/delivery.ts'
import type { ScanRecord } from '../db/schema/scan.ts'

export const KINDS = ['virus', 'attachment', 'spam', 'forged', 'blocked', 'unscanned'] as const
export type Kind = (typeof KINDS)[number]

/** Steps of the scan by what they look for. */
export const STEPS: Record<Exclude<Kind, 'unscanned'>, readonly string[]> = {
  virus: ['clamd'],
  attachment: ['attachments'],
  spam: ['rspamd', 'spamd'],
  forged: ['authentication'],
  blocked: ['lists', 'blocklists', 'connection'],
}

const isHard = (verdict: string) => verdict === 'quarantine' || verdict === 'reject'

/** The gravest of what was found. */
export function kindOf(hold: ScanHold, scan: ScanRecord | null): Kind {
  if (hold === 'scan') return 'unscanned'
  const steps = (scan?.steps ?? []).filter(step => isHard(step.verdict)).map(step => step.step)
  for (const kind of KINDS) {
    if (kind !== 'unscanned' && STEPS[kind].some(step => steps.includes(step))) return kind
  }
  return hold === 'spam' ? 'spam' : 'blocked'
}
