/**
 * What the outcome of a delivery or a probe says about the backend's health. Pure; rules as data.
 *
 * Greylisting, a full mailbox, a refused recipient and refused content are answers of a server that works:
 * they are no evidence against it, and none for it either (a server that greylists everybody for a day is not
 * proven well by it).
 */
import type { Category, Outcome } from '../outcome/types.ts'
import type { Cause, Evidence, Source } from './machine.ts'
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
  return { type: 'failure', source, cause: refine(meaning.failure, outcome), detail }
}

/**
 * "Not now" to one recipient, with a status that speaks of the address, the mailbox or a policy (RFC 3463 §3.2,
 * §3.3, §3.8) and not of the system: greylisting by another name.
 */
function putsOffOneRecipient({ phase, code, enhanced }: Outcome): boolean {
  const temporary = code !== undefined && code >= 400 && code < 500 && code !== 421
  return phase === 'rcpt' && temporary && /^4\.[127]\./.test(enhanced ?? '')
}

/** Causes that the category alone does not tell apart. */
function refine(cause: Cause, outcome: Outcome): Cause {
  if (cause === 'unreachable' && /ECONNREFUSED/.test(outcome.text ?? '')) return 'refused'
  if (cause === 'temporary-error' && outcome.enhanced?.endsWith('.3.1')) return 'out-of-space'
  if (cause === 'temporary-error' && outcome.code === undefined) return 'protocol'
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
