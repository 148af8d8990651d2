/** SearchSnippet/get (RFC 8621 §5): where the words of a search stand, marked. */
import { z } from 'zod'
import { escapeHtml } from '../mail/sanitize.ts'
import { type Arguments, read } from './arguments.ts'
import { grant, type Run } from './context.ts'
import { emailRows } from './email-get.ts'
import { MethodError } from './errors.ts'
import { CORE_LIMITS } from './limits.ts'

const snippetArguments = z.object({
  accountId: z.string(),
  filter: z.record(z.string(), z.unknown()).nullish(),
  emailIds: z.array(z.string()),
})

export async function snippetGet(given: Arguments, run: Run) {
  const { accountId, filter, emailIds } = read(snippetArguments, given)
  const account = grant(run, accountId)
  if (emailIds.length > CORE_LIMITS.maxObjectsInGet) throw new MethodError('requestTooLarge')
  const words = wordsOf(filter, 0)
  const rows = new Map((await emailRows(run.context.db, account, emailIds)).map(row => [row.id, row]))
  return {
    accountId: account.id,
    list: emailIds.flatMap(emailId => {
      const row = rows.get(emailId)
      if (!row) return []
      return {
        emailId,
        subject: marked(row.subject, words, 1_000),
        preview: marked(row.preview, words, 255) ?? marked(row.search, words, 255),
      }
    }),
    notFound: emailIds.some(id => !rows.has(id)) ? emailIds.filter(id => !rows.has(id)) : null,
  }
}

function wordsOf(filter: unknown, depth: number): string[] {
  if (typeof filter !== 'object' || filter === null || depth > 10) return []
  if ('operator' in filter) {
    if (filter.operator === 'NOT' || !('conditions' in filter) || !Array.isArray(filter.conditions)) return []
    return filter.conditions.flatMap(part => wordsOf(part, depth + 1))
  }
  return Object.entries(filter).flatMap(([key, value]) =>
    ['text', 'subject', 'body'].includes(key) && typeof value === 'string'
      ? [...value.toLowerCase().matchAll(/"([^"]+)"|(\S+)/g)].map(match => (match[1] ?? match[2]!).trim())
      : [],
  )
}

/** null when no word is in it. */
function marked(text: string, words: readonly string[], limit: number): string | null {
  const usable = words.filter(Boolean).slice(0, 20)
  if (usable.length === 0) return null
  const pattern = new RegExp(usable.map(word => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'), 'giu')
  const first = text.search(pattern)
  if (first < 0) return null
  const start = Math.max(0, first - Math.floor(limit / 3))
  const shown = text.slice(start, start + limit).toWellFormed()
  let out = ''
  let at = 0
  for (const match of shown.matchAll(pattern)) {
    out += `${escapeHtml(shown.slice(at, match.index))}<mark>${escapeHtml(match[0])}</mark>`
    at = match.index + match[0].length
  }
  return out + escapeHtml(shown.slice(at))
}
