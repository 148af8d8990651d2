/**
 * What a domain wants of the scan: its own settings over the defaults. Kept as JSON with the domain and in the
 * directory's snapshot, so that the relay knows them while PostgreSQL is away.
 *
 * What can't be understood (written by a newer version) counts as not set.
 */
import { z } from 'zod'

export const scanPolicySchema = z.strictObject({
  /** The sender's DMARC policy (RFC 7489 §6.3): done as it says, only marked, or not looked at. */
  dmarc: z.enum(['honour', 'mark', 'ignore']).default('honour'),
  /** What becomes of spam that the engine would have rejected: a refusal, or the Junk folder. */
  spam: z.enum(['reject', 'junk', 'mark', 'off']).default('reject'),
  virus: z.enum(['reject', 'quarantine', 'off']).default('reject'),
  /** Dangerous attachments: programs, double endings, archives that hide them, archive bombs. */
  attachments: z.enum(['reject', 'quarantine', 'mark', 'off']).default('quarantine'),
  /** Archives that nobody can look into. */
  encrypted: z.enum(['reject', 'quarantine', 'mark', 'off']).default('mark'),
  /** Endings, without the dot, that this domain wants nevertheless, or doesn't want besides. */
  allowedEndings: z
    .array(z.string().regex(/^[a-z0-9]{1,10}$/))
    .max(100)
    .default([]),
  blockedEndings: z
    .array(z.string().regex(/^[a-z0-9]{1,10}$/))
    .max(100)
    .default([]),
  greylisting: z.boolean().default(false),
  /** Seals what we pass on (RFC 8617), so that the backend can trust our result. */
  arc: z.boolean().default(false),
  /** When no spam engine, or no virus scanner, answers: accepted with a mark, kept until scanned, or put off. */
  spamEngineDown: z.enum(['mark', 'hold', 'defer']).default('mark'),
  virusScannerDown: z.enum(['mark', 'hold', 'defer']).default('hold'),
})

export type ScanPolicy = z.output<typeof scanPolicySchema>
export type ScanPolicyInput = z.input<typeof scanPolicySchema>

export const defaultScanPolicy: ScanPolicy = Object.freeze(scanPolicySchema.parse({}))

/** The policy that a domain's stored settings mean. */
export function scanPolicyOf(stored: unknown): ScanPolicy {
  const whole = scanPolicySchema.safeParse(stored ?? {})
  if (whole.success) return whole.data
  const usable: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(stored as Record<string, unknown>)) {
    if (scanPolicySchema.safeParse({ [name]: value }).success) usable[name] = value
  }
  return scanPolicySchema.parse(usable)
}
