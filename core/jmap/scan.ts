/**
 * What the scan found, as clients see it: `restante:scan` of an Email (ours). Null for what nobody scanned, and
 * for one's own copies. Symbols, engines and times are for admins.
 */
import type { Executor } from '../db/connection.ts'
import type { ScanStep, Verdict } from '../db/schema/scan.ts'
import type { EmailRow } from './email-get.ts'

export type ScanView = {
  verdict: Verdict
  /** The steps that found something, the gravest first. */
  reasons: (Pick<ScanStep, 'step' | 'verdict' | 'reason'> & { detail: string | null; score: number | null })[]
}

const GRAVITY: readonly Verdict[] = ['reject', 'quarantine', 'defer', 'mark', 'pass']

/** By message id. The rows are the caller's own: they were read for an account of theirs. */
export async function scanOf(db: Executor, rows: readonly EmailRow[]): Promise<Map<string, ScanView>> {
  const ids = [...new Set(rows.filter(row => !row.copy).map(row => row.message_id))]
  if (ids.length === 0) return new Map()
  const found = await db
    .selectFrom('message')
    .select(['id', 'scan'])
    .where('id', 'in', ids)
    .where('scan', 'is not', null)
    .execute()
  return new Map(
    found.flatMap(({ id, scan }) => {
      if (!scan) return []
      const reasons = scan.steps
        .filter(step => step.verdict !== 'pass')
        .sort((a, b) => GRAVITY.indexOf(a.verdict) - GRAVITY.indexOf(b.verdict))
        .map(({ step, verdict, reason, detail, score }) => ({
          step,
          verdict,
          reason,
          detail: detail ?? null,
          score: score ?? null,
        }))
      return [[id, { verdict: scan.verdict, reasons }] as const]
    }),
  )
}
