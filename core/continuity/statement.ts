/**
 * The closing statement of a mailbox: what came, what became of it, what was sent, and what was put in its place
 * at their own server. Pure: facts about single e-mails make lines, lines make numbers. Each line counts once in
 * each sum, so the numbers add up by construction:
 *
 *     received = delivered + deleted + failed + waiting
 *     sent     = sentAccepted + sentFailed + sentWaiting
 *     toFile   = filed + notFiled + filing
 */
import type { FolderRole } from '../db/schema/mail.ts'
import type { RestoredAction } from '../db/schema/restore.ts'

/** One e-mail, as the records know it. */
export type Fact = {
  emailId: string
  messageId: string
  subject: string
  /** Whom it came from; for one's own, whom it goes to. */
  person: string
  at: Date
  copy: boolean
  /** It has been handed over to be sent. */
  submitted: boolean
  /** Came in, or was still on its way, while the incident lasted. */
  inWindow: boolean
  /** null: destroyed. */
  folder: { role: FolderRole | null; name: string } | null
  /** How its deliveries stand: of a received one those to this mailbox, of a sent one all. */
  waiting: number
  delivered: number
  failed: number
  /** What was done at their own server; null: nothing, or not yet. */
  action: RestoredAction | null
  error: string | null
  /** A change of it still has to be carried there. */
  open: boolean
}

export type Line = {
  emailId: string
  messageId: string
  subject: string
  person: string
  /** ISO 8601. */
  at: string
  /** other: older mail that was changed here; a draft; an import. */
  kind: 'received' | 'sent' | 'other'
  /** Of other: null. */
  outcome: 'delivered' | 'deleted' | 'failed' | 'waiting' | null
  /** null: there is nothing to do about it there. */
  filing: 'filed' | 'not-filed' | 'open' | null
  /** What was done there. */
  action: RestoredAction | null
  /** Where it was put here, when it was put somewhere. */
  folder: string | null
  error: string | null
}

export type Numbers = {
  received: number
  delivered: number
  deleted: number
  failed: number
  waiting: number
  sent: number
  sentAccepted: number
  sentFailed: number
  sentWaiting: number
  toFile: number
  filed: number
  notFiled: number
  filing: number
}

export const noNumbers: Numbers = {
  received: 0,
  delivered: 0,
  deleted: 0,
  failed: 0,
  waiting: 0,
  sent: 0,
  sentAccepted: 0,
  sentFailed: 0,
  sentWaiting: 0,
  toFile: 0,
  filed: 0,
  notFiled: 0,
  filing: 0,
}

/** @param givenUp what is not carried yet will not be @returns null when it is none of the statement's business */
export function lineOf(fact: Fact, givenUp: boolean): Line | null {
  const filing = filingOf(fact, givenUp)
  const kind = fact.copy ? (fact.submitted ? 'sent' : 'other') : fact.inWindow ? 'received' : 'other'
  if (kind === 'other' && filing === null) return null
  return {
    emailId: fact.emailId,
    messageId: fact.messageId,
    subject: fact.subject,
    person: fact.person,
    at: fact.at.toISOString(),
    kind,
    outcome: outcomeOf(fact, kind),
    filing,
    action: fact.action,
    folder: fact.folder?.name ?? null,
    error: fact.error,
  }
}

function outcomeOf(fact: Fact, kind: Line['kind']): Line['outcome'] {
  switch (kind) {
    case 'other':
      return null
    case 'sent':
      if (fact.failed > 0) return 'failed'
      return fact.waiting > 0 ? 'waiting' : 'delivered'
    case 'received':
      // Whatever became of its delivery: they will not find it in their Inbox.
      if (fact.folder === null || fact.folder.role === 'trash') return 'deleted'
      // Not delivered, but brought there: what its reader took for junk.
      if (fact.action === 'appended') return 'delivered'
      if (fact.waiting > 0) return 'waiting'
      return fact.delivered > 0 ? 'delivered' : 'failed'
    default:
      return kind satisfies never
  }
}

function filingOf(fact: Fact, givenUp: boolean): Line['filing'] {
  switch (fact.action) {
    case 'changed':
    case 'moved':
    case 'trashed':
    case 'expunged':
    case 'appended':
    case 'delivered':
      return fact.open && !givenUp ? 'open' : 'filed'
    case 'missing':
    case 'failed':
      return fact.open && !givenUp ? 'open' : 'not-filed'
    case 'deleted':
      return null
    case null:
      if (!fact.open) return null
      return givenUp ? 'not-filed' : 'open'
    default:
      return fact.action satisfies never
  }
}

export function numbersOf(lines: readonly Line[]): Numbers {
  const sum = { ...noNumbers }
  for (const line of lines) {
    if (line.kind === 'received') {
      sum.received++
      if (line.outcome) sum[line.outcome]++
    } else if (line.kind === 'sent') {
      sum.sent++
      if (line.outcome === 'failed') sum.sentFailed++
      else if (line.outcome === 'waiting') sum.sentWaiting++
      else sum.sentAccepted++
    }
    if (line.filing !== null) {
      sum.toFile++
      if (line.filing === 'filed') sum.filed++
      else if (line.filing === 'open') sum.filing++
      else sum.notFiled++
    }
  }
  return sum
}

/** Of several mailboxes: a message to three of them counts three times. */
export function addNumbers(list: readonly Numbers[]): Numbers {
  const sum = { ...noNumbers }
  for (const one of list) {
    for (const name of Object.keys(sum) as (keyof Numbers)[]) sum[name] += one[name]
  }
  return sum
}

/** There is something to tell. */
export function isWorthTelling(numbers: Numbers): boolean {
  return numbers.received + numbers.sent + numbers.toFile > 0
}
