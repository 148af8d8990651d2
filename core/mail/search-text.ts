/**
 * What somebody types into a search box, as a filter of Email/query (RFC 8621 §4.4.1): words, and what is said with
 * `from:`, `to:`, `cc:`, `subject:`, `before:`, `after:`, `has:`, `is:`, each with a value, in quotes if it has spaces.
 * A minus before a part means without it. What is no such part is a word like any other: nothing is ever an error.
 *
 * The names are understood in the languages that the webmail speaks.
 */

export type SearchFilter = Record<string, unknown>

type Name = 'from' | 'to' | 'cc' | 'subject' | 'before' | 'after' | 'has' | 'is'

const NAMES: Readonly<Record<string, Name>> = {
  from: 'from',
  de: 'from',
  da: 'from',
  to: 'to',
  per: 'to',
  a: 'to',
  para: 'to',
  cc: 'cc',
  subject: 'subject',
  assumpte: 'subject',
  asunto: 'subject',
  oggetto: 'subject',
  before: 'before',
  abans: 'before',
  antes: 'before',
  prima: 'before',
  after: 'after',
  després: 'after',
  despres: 'after',
  después: 'after',
  despues: 'after',
  dopo: 'after',
  has: 'has',
  amb: 'has',
  con: 'has',
  is: 'is',
  és: 'is',
  es: 'is',
  è: 'is',
}

const ATTACHMENT = /^(attachments?|adjunts?|adjuntos?|allegat[oi])$/i
const UNREAD = /^(unread|no-?llegit|no-?leído|no-?leido|non-?lett[oa])$/i
const READ = /^(read|llegit|leído|leido|lett[oa])$/i
const STARRED = /^(starred|flagged|destacat|destacado|speciale)$/i

/** @returns null when there is nothing to look for */
export function searchFilter(typed: string): SearchFilter | null {
  const conditions: SearchFilter[] = []
  let words = ''
  let end = 0
  for (const match of typed.matchAll(/(-?)(?:(\p{L}+):)?("[^"]*"|[^\s"]+)/gu)) {
    const [whole, minus, name, value] = match as unknown as [string, string, string | undefined, string]
    const named = name === undefined ? null : operator(name, value.replaceAll('"', ''))
    const condition = named ?? (minus && whole.length > 1 ? { text: whole.slice(1) } : null)
    if (condition) {
      conditions.push(minus ? { operator: 'NOT', conditions: [condition] } : condition)
    } else {
      // With the space that may follow: it says that the last word is whole.
      words += `${words && ' '}${whole}`
      end = match.index + whole.length
    }
  }
  if (words) conditions.push({ text: words + (/^\s/.test(typed.slice(end)) ? ' ' : '') })
  if (conditions.length === 0) return null
  return conditions.length === 1 ? conditions[0]! : { operator: 'AND', conditions }
}

/** null: it says nothing that we know. */
function operator(name: string, value: string): SearchFilter | null {
  switch (NAMES[name.toLowerCase()]) {
    case 'from':
      return { from: value }
    case 'to':
      return { to: value }
    case 'cc':
      return { cc: value }
    case 'subject':
      return { subject: value }
    case 'before': {
      const day = dayOf(value)
      return day === null ? null : { before: day }
    }
    case 'after': {
      const day = dayOf(value)
      return day === null ? null : { after: day }
    }
    case 'has':
      return ATTACHMENT.test(value) ? { hasAttachment: true } : null
    case 'is':
      if (UNREAD.test(value)) return { notKeyword: '$seen' }
      if (READ.test(value)) return { hasKeyword: '$seen' }
      return STARRED.test(value) ? { hasKeyword: '$flagged' } : null
    default:
      return null
  }
}

/** `2026-11-02`, `2026-11`, `2026`, or as it is written here: `2/11/2026`. Its first moment, in UTC. */
function dayOf(value: string): string | null {
  const iso = /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?$/.exec(value)
  const local = /^(\d{1,2})[./-](\d{1,2})[./-](\d{4})$/.exec(value)
  const [year, month, day] = iso ? [iso[1], iso[2], iso[3]] : local ? [local[3], local[2], local[1]] : []
  if (!year) return null
  const parts = [Number(year), Number(month ?? 1), Number(day ?? 1)] as const
  const at = new Date(Date.UTC(parts[0], parts[1] - 1, parts[2]))
  // The 31st of February is no day.
  const real = at.getUTCMonth() === parts[1] - 1 && at.getUTCDate() === parts[2]
  return real ? at.toISOString().replace('.000Z', 'Z') : null
}
