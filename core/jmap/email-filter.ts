/** The filter and the sort of Email/query (RFC 8621 §4.4.1, §4.4.2) as SQL over `email`. */
import { type RawBuilder, sql } from 'kysely'
import { isUuid } from './arguments.ts'
import type { Granted } from './context.ts'
import { MethodError } from './errors.ts'

type Sql = RawBuilder<unknown>
export type Filter = Record<string, unknown> | null | undefined

const MAX_DEPTH = 10
const MAX_CONDITIONS = 100

export type CompiledFilter = {
  where: Sql
  /** Whether what matches depends on other e-mails of the same thread. */
  looksAtThreads: boolean
}

/** @throws MethodError unsupportedFilter, invalidArguments */
export function compileFilter(filter: Filter, account: Granted): CompiledFilter {
  const state = { account, looksAtThreads: false, conditions: 0 }
  const where = filter ? compile(filter, state, 0) : sql`true`
  return { where, looksAtThreads: state.looksAtThreads }
}

type State = { account: Granted; looksAtThreads: boolean; conditions: number }

function compile(filter: Record<string, unknown>, state: State, depth: number): Sql {
  if (depth > MAX_DEPTH || ++state.conditions > MAX_CONDITIONS)
    throw new MethodError('unsupportedFilter', 'too deep')
  if (!('operator' in filter)) {
    return all(Object.entries(filter).map(([key, value]) => condition(key, value, state)))
  }
  const { operator, conditions } = filter
  if (!Array.isArray(conditions)) throw new MethodError('invalidArguments', 'filter/conditions')
  const parts = conditions.map(part => {
    if (typeof part !== 'object' || part === null)
      throw new MethodError('invalidArguments', 'filter/conditions')
    return compile(part as Record<string, unknown>, state, depth + 1)
  })
  switch (operator) {
    case 'AND':
      return all(parts)
    case 'OR':
      return any(parts)
    case 'NOT':
      return sql`not ${any(parts)}`
    default:
      throw new MethodError('invalidArguments', 'filter/operator')
  }
}

const all = (parts: readonly Sql[]): Sql => (parts.length ? sql`(${sql.join(parts, sql` and `)})` : sql`true`)
const any = (parts: readonly Sql[]): Sql => (parts.length ? sql`(${sql.join(parts, sql` or `)})` : sql`false`)

function condition(key: string, value: unknown, state: State): Sql {
  switch (key) {
    case 'inMailbox':
      return isUuid(value) ? sql`email.folder_id = ${value}::uuid` : sql`false`
    case 'inMailboxOtherThan':
      return sql`email.folder_id <> all(${strings(key, value).filter(isUuid)}::uuid[])`
    case 'before':
      return sql`email.received_at < ${date(key, value)}`
    case 'after':
      return sql`email.received_at >= ${date(key, value)}`
    case 'minSize':
      return sql`email.size >= ${number(key, value)}`
    case 'maxSize':
      return sql`email.size < ${number(key, value)}`
    case 'hasKeyword':
      return hasKeyword(text(key, value))
    case 'notKeyword':
      return sql`not ${hasKeyword(text(key, value))}`
    case 'allInThreadHaveKeyword':
      return sql`not ${threadHas(state, sql`not ${hasKeyword(text(key, value), 'other')}`)}`
    case 'someInThreadHaveKeyword':
      return threadHas(state, hasKeyword(text(key, value), 'other'))
    case 'noneInThreadHaveKeyword':
      return sql`not ${threadHas(state, hasKeyword(text(key, value), 'other'))}`
    case 'hasAttachment':
      if (typeof value !== 'boolean') throw new MethodError('invalidArguments', `filter/${key}`)
      return sql`email.has_attachment = ${value}`
    case 'text':
    case 'body':
      return contains(sql`email.search`, text(key, value))
    case 'subject':
      return contains(sql`lower(email.subject)`, text(key, value))
    case 'from':
      return contains(sql`lower(email.from_list::text)`, text(key, value))
    case 'to':
      return contains(sql`lower(email.to_list::text)`, text(key, value))
    case 'cc':
      return contains(sql`lower(email.cc_list::text)`, text(key, value))
    case 'bcc':
      return contains(sql`lower(email.bcc_list::text)`, text(key, value))
    default:
      throw new MethodError('unsupportedFilter', key.slice(0, 100))
  }
}

function hasKeyword(keyword: string, table: 'email' | 'other' = 'email'): Sql {
  return sql`${sql.ref(`${table}.keywords`)} @> array[${keyword.toLowerCase()}]::text[]`
}

function threadHas(state: State, what: Sql): Sql {
  state.looksAtThreads = true
  return sql`exists (select from email other where other.mailbox_id = ${state.account.id}
    and other.thread_id = email.thread_id and ${what})`
}

/** Every word, or what stands in quotes, somewhere (RFC 8621 §4.4.1). */
function contains(column: Sql, query: string): Sql {
  const words = [...query.toLowerCase().matchAll(/"([^"]+)"|(\S+)/g)]
    .map(match => (match[1] ?? match[2]!.replaceAll('"', '')).trim())
    .filter(Boolean)
    .slice(0, 20)
  return all(words.map(word => sql`${column} like ${`%${word.replace(/[\\%_]/g, '\\$&')}%`}`))
}

function text(key: string, value: unknown): string {
  if (typeof value !== 'string' || value.includes('\0'))
    throw new MethodError('invalidArguments', `filter/${key}`)
  return value.slice(0, 1_000).toWellFormed()
}
function strings(key: string, value: unknown): string[] {
  if (!Array.isArray(value) || !value.every(item => typeof item === 'string')) {
    throw new MethodError('invalidArguments', `filter/${key}`)
  }
  return value
}
function number(key: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new MethodError('invalidArguments', `filter/${key}`)
  }
  return Math.min(value, 2 ** 31 - 1)
}
function date(key: string, value: unknown): Date {
  const at = typeof value === 'string' ? new Date(value) : undefined
  if (!at || Number.isNaN(at.getTime())) throw new MethodError('invalidArguments', `filter/${key}`)
  return at
}

export type Sort = readonly Record<string, unknown>[] | null | undefined

/**
 * The order, always a whole one: what is equal goes by id, so that pages don't overlap.
 * @throws MethodError unsupportedSort
 */
export function compileSort(sort: Sort): Sql {
  const given = sort?.length ? sort : [{ property: 'receivedAt', isAscending: false }]
  const parts = given.map(({ property, isAscending = true, keyword }) => {
    const column = sortColumn(property, keyword)
    return isAscending ? sql`${column} asc` : sql`${column} desc`
  })
  const ascending = given.at(-1)?.isAscending ?? true
  return sql.join([...parts, ascending ? sql`email.id asc` : sql`email.id desc`])
}

function sortColumn(property: unknown, keyword: unknown): Sql {
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
      // The base subject, as far as SQL can tell it.
      return sql`regexp_replace(lower(email.subject), '^((re|fwd?|aw|wg|sv|r|i|rv|enc|rif)(\\[\\d+\\])?:\\s*)+', '')`
    case 'hasKeyword':
      return hasKeyword(text('hasKeyword', keyword))
    default:
      throw new MethodError('unsupportedSort', String(property).slice(0, 100))
  }
}

const firstOf = (column: Sql): Sql =>
  sql`lower(coalesce(nullif(${column}->0->>'name', ''), ${column}->0->>'email', ''))`
