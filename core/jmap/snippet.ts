/** SearchSnippet/get (RFC 8621 §5): where the words of a search stand, marked. */
import { sql } from 'kysely'
import { z } from 'zod'
import { escapeHtml } from '../mail/sanitize.ts'
import { plain, type Term, termsOf } from '../mail/words.ts'
import { type Arguments, isUuid, read } from './arguments.ts'
import { grant, type Run } from './context.ts'
import { MethodError } from './errors.ts'
import { type Filter, readFilter } from './filter.ts'
import { CORE_LIMITS } from './limits.ts'
import { textValue } from './search.ts'
import { formsOf, type Searched, textOf } from './search-words.ts'

const snippetArguments = z.object({
  accountId: z.string(),
  filter: z.record(z.string(), z.unknown()).nullish(),
  emailIds: z.array(z.string()),
})

/** Octets of a preview (RFC 8621 §5). */
const PREVIEW = 255
const SUBJECT = 1_000

export async function snippetGet(given: Arguments, run: Run) {
  const { accountId, filter, emailIds } = read(snippetArguments, given)
  const account = grant(run, accountId)
  if (emailIds.length > CORE_LIMITS.maxObjectsInGet) throw new MethodError('requestTooLarge')
  const { db } = run.context
  const marked = await markerFor(db, wordsIn(filter))
  const usable = emailIds.filter(isUuid)
  const { rows } = await sql<Omit<Searched, 'sender_list' | 'bcc_list'> & { preview: string }>`
    select id, subject, preview, from_list, to_list, cc_list, search from email
    where mailbox_id = ${account.id} and id = any(${usable}::uuid[])`.execute(db)
  const found = new Map(rows.map(row => [row.id, row]))
  return {
    accountId: account.id,
    list: emailIds.flatMap(emailId => {
      const row = found.get(emailId)
      if (!row) return []
      return {
        emailId,
        subject: marked(row.subject, SUBJECT),
        preview: marked(row.preview, PREVIEW) ?? marked(textOf(row).trim(), PREVIEW),
      }
    }),
    notFound: emailIds.some(id => !found.has(id)) ? emailIds.filter(id => !found.has(id)) : null,
  }
}

/** What is looked for in subject and text; what must not be there is nothing to mark. */
function wordsIn(filter: Filter): Term[] {
  return readFilter<Term[]>(filter, {
    condition: (key, value) =>
      ['text', 'subject', 'body'].includes(key) ? termsOf(textValue(key, value)) : [],
    all: parts => parts.flat(),
    any: parts => parts.flat(),
    not: () => [],
  })
}

/** How much longer a word may be than the stem that it shares with what is looked for. */
const ENDING = 6

async function markerFor(db: Run['context']['db'], terms: readonly Term[]) {
  const stems = new Set<string>()
  const beginnings: string[] = []
  for (const { words, phrase, prefix } of terms) {
    for (const [index, word] of words.entries()) {
      if (prefix && index === words.length - 1) beginnings.push(plain(word))
      stems.add(plain(word))
      if (phrase === null) for (const form of await formsOf(db, word)) stems.add(form)
    }
  }
  const hits = (word: string): boolean => {
    const bare = plain(word)
    if (stems.has(bare) || beginnings.some(beginning => bare.startsWith(beginning))) return true
    // What a stemmer would say, nearly: the stem with an ending.
    for (let cut = 1; cut <= ENDING && bare.length - cut >= 4; cut++) {
      if (stems.has(bare.slice(0, -cut))) return true
    }
    return false
  }
  /** null when no word is in it. */
  return (text: string, limit: number): string | null => {
    if (stems.size === 0) return null
    const words = [...text.matchAll(/[\p{L}\p{N}\p{M}]+/gu)]
    const first = words.find(match => hits(match[0]))
    if (!first) return null
    const start = Math.max(0, first.index - Math.floor(limit / 3))
    const shown = cutOctets(text.slice(start, start + limit).toWellFormed(), limit)
    let out = ''
    let at = 0
    for (const match of shown.matchAll(/[\p{L}\p{N}\p{M}]+/gu)) {
      if (!hits(match[0])) continue
      out += `${escapeHtml(shown.slice(at, match.index))}<mark>${escapeHtml(match[0])}</mark>`
      at = match.index + match[0].length
    }
    return out + escapeHtml(shown.slice(at))
  }
}

/** At the end of a character. */
function cutOctets(text: string, limit: number): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= limit) return text
  let end = limit
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.subarray(0, end).toString()
}
