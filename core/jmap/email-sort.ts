/** The order of Email/query (RFC 8621 §4.4.2) as SQL over `email`. */
import { type RawBuilder, sql } from 'kysely'
import type { Granted } from './context.ts'
import { allInThreadHave, hasKeyword, someInThreadHave } from './email-filter.ts'
import { MethodError } from './errors.ts'
import { textValue } from './search.ts'

type Sql = RawBuilder<unknown>
export type Sort = readonly Record<string, unknown>[] | null | undefined

export type CompiledSort = {
  order: Sql
  /** By the time of receiving and nothing else, as indexes have it: which way. */
  byTime: 'newest' | 'oldest' | null
  /** Whether the order depends on other e-mails of the same thread. */
  looksAtThreads: boolean
}

const MAX_PARTS = 10

/**
 * Always a whole order: what is equal goes by id, so that pages don't overlap.
 * @throws MethodError unsupportedSort
 */
export function compileSort(sort: Sort, account: Granted): CompiledSort {
  const given = sort?.length ? sort : [{ property: 'receivedAt', isAscending: false }]
  if (given.length > MAX_PARTS) throw new MethodError('unsupportedSort', 'too many')
  const parts = given.map(({ property, isAscending = true, keyword }) => {
    const column = sortColumn(property, keyword, account)
    return isAscending ? sql`${column} asc` : sql`${column} desc`
  })
  const ascending = given.at(-1)?.isAscending ?? true
  const byTime = given[0]?.property === 'receivedAt'
  return {
    order: sql.join([...parts, ascending ? sql`email.id asc` : sql`email.id desc`]),
    byTime: given.length === 1 && byTime ? (ascending ? 'oldest' : 'newest') : null,
    looksAtThreads: given.some(part => String(part.property).includes('InThread')),
  }
}

function sortColumn(property: unknown, keyword: unknown, account: Granted): Sql {
  switch (property) {
    case 'receivedAt':
      return sql`email.received_at`
    case 'sentAt':
      return sql`coalesce(email.sent_at, email.received_at)`
    case 'size':
      return sql`email.size`
    case 'from':
      return firstOf(sql`email.from_list`)
    case 'to':
      return firstOf(sql`email.to_list`)
    case 'subject':
      // The base subject (RFC 5256 §2.1), as far as SQL can tell it.
      return sql`regexp_replace(lower(email.subject), '^((re|fwd?|aw|wg|sv|r|i|rv|enc|rif)(\\[\\d+\\])?:\\s*)+', '')`
    case 'hasKeyword':
      return sql`(${hasKeyword(textValue('hasKeyword', keyword), 'email')})`
    case 'allInThreadHaveKeyword':
      return sql`(${allInThreadHave(account, textValue(property, keyword), 'email')})`
    case 'someInThreadHaveKeyword':
      return sql`(${someInThreadHave(account, textValue(property, keyword), 'email')})`
    default:
      throw new MethodError('unsupportedSort', String(property).slice(0, 100))
  }
}

const firstOf = (column: Sql): Sql =>
  sql`lower(coalesce(nullif(${column}->0->>'name', ''), ${column}->0->>'email', ''))`
