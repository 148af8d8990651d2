/**
 * The gateway's own additions to a delivery status, and what can be read from an SMTP reply when they are not
 * there.
 */
import type { DeliveryStatus } from '../jmap/types.ts'

/** Beside RFC 8621's smtpReply, delivered and displayed. */
export type Status = {
  'restante:host': string | null
  'restante:at': string | null
  'restante:nextAttemptAt': string | null
  /** A sentence in the reader's language. */
  'restante:reason': string | null
}

export function replyText(status: DeliveryStatus & Partial<Status>) {
  return {
    host: status['restante:host'] ?? null,
    at: status['restante:at'] ?? null,
    next: status['restante:nextAttemptAt'] ?? null,
    reason: status['restante:reason'] ?? reasonOf(status.smtpReply),
  }
}

/** The words of a refusal, without its codes; null for what is no refusal. */
export function reasonOf(reply: string): string | null {
  if (!/^[45]\d\d/.test(reply)) return null
  return reply.replace(/^\d{3}[ -]?/gm, '').replace(/^\d\.\d{1,3}\.\d{1,3}\s*/, '').trim() || null
}
