/**
 * What the outcome of a delivery or a probe says about the backend's health. Pure; rules as data.
 *
 * Greylisting, a full mailbox, a refused recipient and refused content are answers of a server that works:
 * they are no evidence against it, and none for it either (a server that greylists everybody for a day is not
 * proven well by it).
 */
import type { Category, Outcome } from '../outcome/types.ts'
import type { Cause, Concern, Event, Evidence, Source } from './machine.ts'
import type { Feedback } from './window.ts'

type Meaning = 'success' | 'refusal' | 'none' | { failure: Cause }

const MEANING: Record<Category, Meaning> = {
  accepted: 'success',
  'bad-address': 'refusal',
  'mailbox-disabled': 'refusal',
  'bad-domain': { failure: 'rejects-us' },
  'mailbox-full': 'none',
  'too-large': 'none',
  'content-refused': 'none',
  'address-blocked': { failure: 'rejects-us' },
  'sender-not-authenticated': 'none',
  greylisted: 'none',
  'too-many': 'none',
  'destination-down': { failure: 'temporary-error' },
  unreachable: { failure: 'unreachable' },
  'timed-out': { failure: 'timed-out' },
  'dns-fault': { failure: 'dns' },
  'tls-fault': { failure: 'tls' },
  authentication: { failure: 'authentication' },
  loop: 'none',
  expired: 'none',
  cancelled: 'none',
  unknown: 'none',
}

/** @returns null when the outcome is no evidence */
export function evidenceOf(outcome: Outcome, source: Source, address?: string): Evidence | null {
  const meaning = MEANING[outcome.category]
  const detail = describe(outcome)
  if (meaning === 'none' || putsOffOneRecipient(outcome)) return null
  if (meaning === 'success') return { type: 'success', source, address }
  if (meaning === 'refusal') {
    return outcome.permanent && address ? { type: 'refusal', address, detail } : null
  }
  const content = outcome.phase === 'data' || outcome.phase === 'final'
  const cause = refine(meaning.failure, outcome)
  return { type: 'failure', source, cause, detail, ...(content && { content }) }
}

/**
 * "Not now" to one recipient, with a status that speaks of the address, the mailbox or a policy (RFC 3463 §3.2,
 * §3.3, §3.8) and not of the system: greylisting by another name.
 */
function putsOffOneRecipient({ phase, code, enhanced }: Outcome): boolean {
  const temporary = code !== undefined && code >= 400 && code < 500 && code !== 421
  return phase === 'rcpt' && temporary && /^4\.[127]\./.test(enhanced ?? '')
}

/**
 * What is worth an admin's eye though it is no evidence. @param known whether the address is one that the backend
 * should know
 */
export function remarkOf(outcome: Outcome, known: boolean): (Event & { type: 'remark' }) | null {
  const concern = concernOf(outcome, known)
  return concern && { type: 'remark', concern, detail: describe(outcome) }
}

function concernOf(outcome: Outcome, known: boolean): Concern | null {
  switch (outcome.category) {
    case 'greylisted':
      return 'greylisting'
    case 'mailbox-full':
      return 'mailbox-full'
    case 'bad-address':
    case 'mailbox-disabled':
      return known ? 'unknown-users' : null
    default:
      return outcome.category !== 'accepted' && putsOffOneRecipient(outcome) ? 'greylisting' : null
  }
}

/** A conversation with a server that took so long for one message is slow, in ms (RFC 5321 §4.5.3.2 waits minutes). */
export const SLOW = 10_000

/** Node's and OpenSSL's words for a certificate that is not valid any more, or not for this name, or of nobody. */
const BAD_CERTIFICATE =
  /CERT_HAS_EXPIRED|certificate has expired|CERT_NOT_YET_VALID|ERR_TLS_CERT_ALTNAME|SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER)|self.signed certificate|certificate (?:revoked|is not yet valid)/i

const BROKEN_OFF = /ECONNRESET|ECONNABORTED|EPIPE|ECONNECTION|closed|hung up/i

/** RFC 3463 §3.4 (x.3.1), and RFC 5321 §4.2.3 (452) where the server says no more. */
function isOutOfSpace({ code, enhanced, text }: Outcome): boolean {
  if (enhanced) return enhanced.endsWith('.3.1')
  return code === 452 || /insufficient (?:system )?storage|no space left|disk (?:is )?full/i.test(text ?? '')
}

/** Causes that the category alone does not tell apart. */
function refine(cause: Cause, outcome: Outcome): Cause {
  if (cause === 'tls' && BAD_CERTIFICATE.test(outcome.text ?? '')) return 'certificate'
  if (cause === 'unreachable' && /ECONNREFUSED/.test(outcome.text ?? '')) return 'refused'
  if (cause === 'temporary-error' && isOutOfSpace(outcome)) return 'out-of-space'
  if (cause === 'temporary-error' && outcome.code === undefined) {
    return BROKEN_OFF.test(outcome.text ?? '') ? 'breaks-off' : 'protocol'
  }
  return cause
}

/** One line for admins: where and what. */
export function describe(outcome: Outcome): string {
  const said = [outcome.code, outcome.enhanced, outcome.text].filter(Boolean).join(' ')
  return [outcome.host, outcome.phase && `at ${outcome.phase}`, said].filter(Boolean).join(': ').slice(0, 500)
}

/** What an outcome says about the width of the window. null: nothing. */
export function feedbackOf(outcome: Outcome): Feedback | null {
  if (outcome.code === 421) return 'overload'
  switch (outcome.category) {
    case 'accepted':
      return 'success'
    case 'timed-out':
    case 'too-many':
      return 'overload'
    case 'destination-down':
    case 'unreachable':
    case 'dns-fault':
    case 'tls-fault':
    case 'authentication':
      return 'failure'
    default:
      return null
  }
}
