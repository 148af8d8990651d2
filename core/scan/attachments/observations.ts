/**
 * What looking through a message's files found. An observation carries the endings it hangs on, because which
 * ones a domain wants or doesn't want is the domain's policy: the look is made once for all recipients, and
 * each recipient's findings are picked from it afterwards.
 */
import type { ScanPolicy } from '../../directory/scan-policy.ts'
import type { Finding } from '../types.ts'

export type Reason =
  /** Against the policy. */
  | 'dangerous-ending'
  | 'dangerous-content'
  | 'double-ending'
  | 'hidden-ending'
  | 'blocked-ending'
  | 'archive-bomb'
  | 'archive-depth'
  | 'message-partial'
  | 'mime-limits'
  /** Nobody can look into it. */
  | 'archive-encrypted'
  | 'document-encrypted'
  | 'archive-unreadable'
  | 'archive-large'
  /** Worth a mark. */
  | 'macro'
  | 'type-mismatch'
  | 'conflicting-names'
  | 'archive-inconsistent'
  | 'html-smuggling'
  | 'mime-ambiguous'

export type Observation = {
  reason: Reason
  /** The file, with the archives it lies in: `a.zip/b.exe`. Printable, at most 200 characters. */
  detail: string
  /** The endings that stand for it: a domain that allows one of them does not mind. */
  endings?: readonly string[]
}

const KIND: Record<Reason, 'attachment' | 'encrypted' | 'suspicious'> = {
  'dangerous-ending': 'attachment',
  'dangerous-content': 'attachment',
  'double-ending': 'attachment',
  'hidden-ending': 'attachment',
  'blocked-ending': 'attachment',
  'archive-bomb': 'attachment',
  'archive-depth': 'attachment',
  'message-partial': 'attachment',
  'mime-limits': 'attachment',
  'archive-encrypted': 'encrypted',
  'document-encrypted': 'encrypted',
  'archive-unreadable': 'encrypted',
  'archive-large': 'encrypted',
  macro: 'suspicious',
  'type-mismatch': 'suspicious',
  'conflicting-names': 'suspicious',
  'archive-inconsistent': 'suspicious',
  'html-smuggling': 'suspicious',
  'mime-ambiguous': 'suspicious',
}

/** In the order of their weight, so that the first one names the message's worst. */
const ORDER = Object.keys(KIND) as Reason[]

/** What they mean for one recipient's policy, worst first. */
export function findingsFor(
  observations: readonly Observation[],
  policy: Pick<ScanPolicy, 'allowedEndings' | 'blockedEndings'>,
): Finding[] {
  return observations
    .filter(({ reason, endings }) => {
      if (reason === 'blocked-ending') return endings?.some(one => policy.blockedEndings.includes(one))
      return !endings?.some(one => policy.allowedEndings.includes(one))
    })
    .sort((a, b) => ORDER.indexOf(a.reason) - ORDER.indexOf(b.reason))
    .map(({ reason, detail }): Finding => ({ type: KIND[reason], reason, detail }))
}
