/**
 * Conversations (RFC 8621 §3): two messages of a mailbox belong together when they share a message id and
 * their base subjects (RFC 5256 §2.1) are the same. A thread's id never changes once given.
 */
import type { Summary } from './summary.ts'

const MAX_KEYS = 60

/** The message ids that tie a message to others: its own, what it answers, what it refers to. */
export function threadKeys(summary: Pick<Summary, 'messageIds' | 'inReplyTo' | 'references'>): string[] {
  const all = [...new Set([...summary.messageIds, ...summary.inReplyTo, ...summary.references])]
  if (all.length <= MAX_KEYS) return all
  const near = new Set([
    ...summary.messageIds.slice(0, 5),
    ...summary.inReplyTo.slice(0, 5),
    ...summary.references.slice(0, 1),
    ...summary.references.slice(-(MAX_KEYS - 11)),
  ])
  return [...near]
}

/** RFC 5256 §2.1: the subject without Re:, Fwd:, [list] and (fwd), also in the languages of our users. */
export function baseSubject(subject: string): string {
  let text = subject.replace(/\s+/g, ' ').trim()
  for (;;) {
    const before = text
    text = text.replace(/(\s*\(fwd\))+$/i, '').trim()
    text = text
      .replace(
        /^(?:\[[^[\]]*\] ?)*(?:re|fwd?|aw|wg|sv|vs|r|i|rv|res|resp|enc|rif|reenv)(?: ?\[[^[\]]*\])? ?: ?/i,
        '',
      )
      .trim()
    const withoutBlob = text.replace(/^\[[^[\]]*\] ?/, '')
    if (withoutBlob !== '') text = withoutBlob
    const wrapped = /^\[fwd: ?(.*)\]$/i.exec(text)
    if (wrapped) text = wrapped[1]!.trim()
    if (text === before) return text.toLowerCase()
  }
}

export type ThreadMember = { threadId: string; keys: readonly string[]; subject: string }

/**
 * The thread that a new message joins, of those that share a key with it.
 *
 * @param candidates oldest first; the oldest thread wins, so that ids don't depend on the order of arrival
 * within a batch more than they must
 */
export function joinThread(
  message: { keys: readonly string[]; subject: string },
  candidates: Iterable<ThreadMember>,
): string | null {
  const keys = new Set(message.keys)
  const base = baseSubject(message.subject)
  for (const candidate of candidates) {
    if (candidate.keys.some(key => keys.has(key)) && baseSubject(candidate.subject) === base) {
      return candidate.threadId
    }
  }
  return null
}
