/**
 * From a reply or an error to an outcome. Pure.
 *
 * Two invariants, held by property tests: a 4xx is never permanent, whatever its text says; and nothing that
 * happens before a server has been asked to take a message (DNS, connect, TLS, greeting, sign-in) is, because
 * it says something about the server or about us and nothing about the message.
 */

import { clean, parseReply, type Reply } from './reply.ts'
import { BY_CODE, BY_CODE_AT_RCPT, BY_ERROR, BY_STATUS, BY_TEXT, SIDE } from './rules.ts'
import type { Category, Outcome, Phase } from './types.ts'

/** An error as Node or nodemailer throws it. */
export type ErrorLike = {
  message?: string
  code?: string
  originalCode?: string
  response?: string
  timeoutType?: string
}

export type Where = { phase: Phase; host?: string; at?: Date }

/** Phases in which a server refuses a message, a sender or a recipient, and not a connection. */
const ABOUT_THE_MESSAGE: readonly Phase[] = ['mail', 'rcpt', 'data', 'final']

export function classify(what: string | ErrorLike, where: Where): Outcome {
  if (typeof what === 'string') {
    const reply = parseReply(what)
    return reply ? classifyReply(reply, where) : garbage(what, where)
  }
  const reply = what.response === undefined ? null : parseReply(what.response)
  return reply && reply.code >= 400 ? classifyReply(reply, where) : classifyError(what, where)
}

export function classifyReply(reply: Reply, where: Where): Outcome {
  const category = isPositive(reply.code, where.phase)
    ? 'accepted'
    : reply.code < 400
      ? 'destination-down'
      : categoryOf(reply, where.phase)
  const permanent =
    reply.code >= 500 &&
    ABOUT_THE_MESSAGE.includes(where.phase) &&
    category !== 'authentication' &&
    // Bad sequence of commands: that is about the conversation. A fresh one may go well.
    reply.code !== 503
  return outcome(category, permanent, where, {
    code: reply.code,
    enhanced: reply.enhanced,
    text: reply.text,
  })
}

/** A 3xx asks for more: that is a yes to DATA and to nothing else. */
function isPositive(code: number, phase: Phase): boolean {
  return (code >= 200 && code < 300) || (code < 400 && phase === 'data')
}

function categoryOf(reply: Reply, phase: Phase): Category {
  if (phase === 'tls') return 'tls-fault'
  if (reply.enhanced) {
    const status = reply.enhanced.slice(2)
    const rule = BY_STATUS.find(r => r.status.test(status) && (!r.text || r.text.test(reply.text)))
    if (rule) return rule.category
  }
  if (phase === 'auth' && reply.code >= 500) return 'authentication'
  const rule = BY_TEXT.find(r => r.text.test(reply.text) && (!r.phase || r.phase.includes(phase)))
  if (rule) return rule.category
  if (phase === 'rcpt' && BY_CODE_AT_RCPT[reply.code]) return BY_CODE_AT_RCPT[reply.code] ?? 'unknown'
  if (!ABOUT_THE_MESSAGE.includes(phase) && reply.code === 554) return 'address-blocked'
  return BY_CODE[reply.code] ?? 'unknown'
}

/** OpenSSL's and Node's many names for a handshake or a certificate gone wrong. */
const TLS_ERROR = /^ERR_(?:SSL|TLS|OSSL)_|CERT|ISSUER/

function classifyError(error: ErrorLike, where: Where): Outcome {
  const codes = [error.originalCode, error.code].filter(code => code !== undefined)
  const known = codes.find(code => code in BY_ERROR || TLS_ERROR.test(code))
  const category = error.timeoutType
    ? 'timed-out'
    : where.phase === 'tls'
      ? 'tls-fault'
      : known === undefined
        ? 'unknown'
        : (BY_ERROR[known] ?? 'tls-fault')
  const named = error.originalCode ?? error.code
  const message = error.message ?? ''
  const text = named && !message.includes(named) ? `${message} (${named})` : message
  return outcome(category, false, where, { text: clean(text) })
}

function garbage(text: string, where: Where): Outcome {
  return outcome('destination-down', false, where, { text: clean(text) })
}

/** An outcome that no server said: expired, cancelled, a domain without mail. */
export function ourOutcome(
  category: Category,
  permanent: boolean,
  text: string,
  where: Partial<Where> = {},
): Outcome {
  return outcome(category, permanent, where, { text: clean(text) })
}

function outcome(
  category: Category,
  permanent: boolean,
  where: Partial<Where>,
  said: Pick<Outcome, 'code' | 'enhanced' | 'text'>,
): Outcome {
  const result: Outcome = { category, side: SIDE[category], permanent }
  if (where.host) result.host = where.host
  if (said.code !== undefined) result.code = said.code
  if (said.enhanced) result.enhanced = said.enhanced
  if (said.text) result.text = said.text
  if (where.phase) result.phase = where.phase
  if (where.at) result.at = where.at.toISOString()
  return result
}

/** What a backend of ours may refuse for good: this address, this message. */
const FINAL_AT_A_BACKEND: readonly Category[] = [
  'bad-address',
  'mailbox-disabled',
  'mailbox-full',
  'too-large',
  'content-refused',
  'sender-not-authenticated',
  'loop',
  'unknown',
]

/**
 * The same outcome as it counts at a backend of ours. That it does not know the domain, blocks our address or
 * wants another sign-in is a fault in how the two are set up: somebody will mend it, and no sender is told
 * that their mail failed.
 */
export function atOurBackend(found: Outcome): Outcome {
  return found.permanent && (!FINAL_AT_A_BACKEND.includes(found.category) || isUnclear(found))
    ? { ...found, permanent: false }
    : found
}

/** A bare 5xx at the content that says nothing we know: no sender is told that their mail failed for that. */
function isUnclear({ category, enhanced, phase }: Outcome): boolean {
  return category === 'unknown' && !enhanced && (phase === 'data' || phase === 'final')
}

/** Delivery status for RFC 3464 §2.3.4 when the server gave none: from the category. */
export function statusOf(found: Outcome): string {
  if (found.enhanced) return found.enhanced
  const klass = found.permanent ? '5' : '4'
  const detail: Record<Category, string> = {
    accepted: '0.0',
    'bad-address': '1.1',
    'bad-domain': '1.2',
    'mailbox-full': '2.2',
    'mailbox-disabled': '2.1',
    'too-large': '3.4',
    'content-refused': '7.1',
    'address-blocked': '7.1',
    'sender-not-authenticated': '7.26',
    greylisted: '7.1',
    'too-many': '4.5',
    'destination-down': '3.0',
    unreachable: '4.1',
    'timed-out': '4.1',
    'dns-fault': '4.3',
    'tls-fault': '7.10',
    authentication: '7.8',
    loop: '4.6',
    expired: '4.7',
    cancelled: '0.0',
    unknown: '0.0',
  }
  return `${found.category === 'accepted' ? '2' : klass}.${detail[found.category]}`
}
