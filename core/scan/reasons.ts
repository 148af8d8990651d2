/**
 * The ledger of the scan's reasons: a stable code each, what the sending server is answered when a message is
 * refused or put off for it (RFC 5321 §4.2, RFC 3463), and a sentence for people (words/). A code is never
 * used for something else; one that is gone stays reserved.
 *
 * What a step calls `detail` (a file, a signature, a list) goes behind the reply's text, cleaned.
 */
import type { Locale } from '../db/schema/directory.ts'
import { ca } from './words/ca.ts'
import { en } from './words/en.ts'
import { es } from './words/es.ts'
import { it } from './words/it.ts'

/** enhanced status without its class, which follows from the reply; text that tells the sender what to do. */
type Wording = readonly [status: string, text: string]

const POLICY = '7.1'

export const ledger = {
  // Nothing to say to a sender: these never refuse by themselves.
  clean: [POLICY, 'Message accepted'],
  'no-attachments': [POLICY, 'Message accepted'],
  'attachments-clean': [POLICY, 'Message accepted'],

  // Engines.
  spam: [POLICY, 'Message looks like spam; if it is not, tell the recipient another way'],
  'looks-like-spam': [POLICY, 'Message looks like spam'],
  virus: [POLICY, 'Message holds malware, look for it on the computer that sent it'],
  'engine-later': [POLICY, 'Message is put off by our spam filter, try again in a few minutes'],
  greylisted: [POLICY, 'Not known here yet, try again in a few minutes'],

  // Nobody has looked.
  'engine-down': ['3.0', 'Message can not be scanned at the moment, try again in a few minutes'],
  'engine-garbage': ['3.0', 'Message can not be scanned at the moment, try again in a few minutes'],
  'time-over': ['3.0', 'Scanning the message took too long, try again in a few minutes'],
  'too-large-to-scan': ['3.4', 'Message is too large to be scanned, send it in parts or as a link'],
  'step-failed': ['3.0', 'Message can not be scanned at the moment, try again in a few minutes'],
  'client-gone': ['3.0', 'Message was not scanned, try again'],

  // Who sent it, and from where.
  'sender-proven': [POLICY, 'Message accepted'],
  'sender-unproven': [POLICY, 'Message accepted'],
  'arc-trusted': [POLICY, 'Message accepted'],
  'dmarc-none': ['7.26', 'Message fails DMARC'],
  'dmarc-quarantine': ['7.26', 'Message fails DMARC: sign it with DKIM, or send it from where your SPF says'],
  'dmarc-reject': ['7.26', 'Message fails DMARC: sign it with DKIM, or send it from where your SPF says'],
  'dns-failed': ['4.3', 'DNS does not answer for the sender, try again in a few minutes'],
  'spf-failed': ['7.23', 'Message comes from where the SPF of its sender says that it does not'],
  'no-author': ['6.0', 'Message has no From address'],
  'many-authors': ['6.0', 'Message has From addresses of too many domains'],
  'list-allowed': [POLICY, 'Message accepted'],
  'list-blocked': [POLICY, 'Sender is blocked by the recipient, ask them another way'],
  'client-named': [POLICY, 'Message accepted'],
  'helo-bad': [POLICY, 'Client has no proper name'],
  'helo-ours': [POLICY, 'Client calls itself by our name'],
  'helo-literal': [POLICY, 'Client has no name'],
  'helo-no-dot': [POLICY, 'Client has no full name'],
  'reverse-none': ['7.25', 'Client has no name in DNS'],
  'reverse-unconfirmed': ['7.25', "Client's name in DNS does not lead back to it"],
  'dnsbl-clean': [POLICY, 'Message accepted'],
  'dnsbl-listed': [POLICY, 'Your address is on a block list: look there how it gets off'],
  'dnsbl-silent': [POLICY, 'A block list does not answer'],

  // Attachments (attachments/observations.ts).
  'dangerous-ending': [POLICY, 'Attachments that can run are not taken here, send a link instead'],
  'dangerous-content': [POLICY, 'Attachments that can run are not taken here, send a link instead'],
  'double-ending': [POLICY, 'An attachment hides what it is behind a second ending, rename it'],
  'hidden-ending': [POLICY, 'An attachment hides its ending, rename it'],
  'blocked-ending': [POLICY, 'Attachments of this type are not taken here, send a link instead'],
  'archive-bomb': [POLICY, 'An archive unpacks to far more than it should, send a link instead'],
  'archive-depth': [POLICY, 'Archives within archives go too deep, pack it once'],
  'message-partial': [POLICY, 'Parts of messages are not taken here, send it whole'],
  'mime-limits': ['6.0', 'Message has too many parts or goes too deep, send it in a simpler form'],
  'archive-encrypted': [POLICY, 'Archives with a password are not taken here, send a link instead'],
  'document-encrypted': [POLICY, 'Documents with a password are not taken here, send a link instead'],
  'archive-unreadable': [POLICY, 'An archive can not be read, pack it anew'],
  'archive-large': [POLICY, 'An archive is too large to be looked into, send a link instead'],
  macro: [POLICY, 'Documents with macros are not taken here, send it without'],
  'type-mismatch': [POLICY, 'An attachment is not what its name says, rename it'],
  'conflicting-names': [POLICY, 'An attachment has two names, send it with one'],
  'archive-inconsistent': [POLICY, 'An archive contradicts itself, pack it anew'],
  'html-smuggling': [POLICY, 'An attached page carries a file within, send the file itself'],
  'mime-ambiguous': ['6.0', 'Message can be read in two ways, send it in a simpler form'],
} as const satisfies Record<string, Wording>

export type ReasonCode = keyof typeof ledger

export const isReason = (code: string): code is ReasonCode => Object.hasOwn(ledger, code)

/** What the sending server is answered. `reason` is what metrics count by. */
export type ScanReply = { reason: string; code: 550 | 451; enhanced: string; text: string }

const OTHERWISE: Readonly<Record<'reject' | 'defer', Wording>> = {
  reject: [POLICY, 'Message refused by policy, ask the recipient another way'],
  defer: [POLICY, 'Message put off, try again in a few minutes'],
}

export function replyTo(answer: { type: 'reject' | 'defer'; reason: string; detail?: string }): ScanReply {
  const [status, text] = isReason(answer.reason) ? ledger[answer.reason] : OTHERWISE[answer.type]
  const detail = answer.detail && shown(answer.detail)
  return {
    reason: `scan-${answer.reason}`,
    code: answer.type === 'reject' ? 550 : 451,
    enhanced: `${answer.type === 'reject' ? 5 : 4}.${status}`,
    text: detail ? `${text} (${detail})` : text,
  }
}

/** What a reply line can hold (RFC 5321 §4.2: printable ASCII), and no more than fits. */
const shown = (detail: string) =>
  detail
    .replace(/[^ -~]+/g, '?')
    .trim()
    .slice(0, 120)

/** Sentences of one language, by reason; `detail` is a file, a signature, a list. */
export type Words = Readonly<Record<ReasonCode, (detail: string | undefined) => string>> & {
  /** For a reason of another version. */
  readonly otherwise: string
}

const LANGUAGES: Readonly<Record<Locale, Words>> = { ca, en, es, it }

/** What a step found, as a sentence for admins and users. */
export function sentenceOf(reason: string, detail: string | undefined, locale: Locale): string {
  const words = LANGUAGES[locale]
  return isReason(reason) ? words[reason](detail) : words.otherwise
}
