/** The filter of Email/query (RFC 8621 §4.4.1) as SQL over `email`, under any name that the table goes by. */
import { type RawBuilder, sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import { plain } from '../mail/words.ts'
import { isUuid } from './arguments.ts'
import type { Granted } from './context.ts'
import { MethodError } from './errors.ts'
import { type Filter, readFilter } from './filter.ts'
import { findWords, isSearchKey, type Searches, searchFor, textValue } from './search.ts'

type Sql = RawBuilder<unknown>

export type CompiledFilter = {
  /** @param whole whether all of the mailbox is gone through, and not only until a page is full */
  where(table: string, whole: boolean): Sql
  /** Whether what matches depends on other e-mails of the same thread. */
  looksAtThreads: boolean
  /** Whether it names the few e-mails that can match. */
  few: boolean
  /** What it asks for when it is nothing but a folder, or all but some; null: it is more. */
  onlyFolders: { in: string } | { not: readonly string[] } | null
  /** The one folder that everything is in, if it says so. */
  folder: string | null
  /** All of them are flagged, which an index knows. */
  flagged: boolean
}

/** @throws MethodError unsupportedFilter, invalidArguments */
export async function compileFilter(tx: Executor, filter: Filter, account: Granted): Promise<CompiledFilter> {
  const searches = await findWords(tx, account, filter)
  const compiled = readFilter<Compiled>(filter, {
    condition: (key, value) => condition(key, value, account, searches),
    all: parts => ({
      where: (table, whole) => joined(parts, table, whole, sql` and `, sql`true`),
      few: parts.some(part => part.few),
      looksAtThreads: parts.some(part => part.looksAtThreads),
    }),
    any: parts => ({
      where: (table, whole) => joined(parts, table, whole, sql` or `, sql`false`),
      few: parts.length > 0 && parts.every(part => part.few),
      looksAtThreads: parts.some(part => part.looksAtThreads),
    }),
    not: part => ({
      where: (table, whole) => sql`not ${part.where(table, whole)}`,
      few: false,
      looksAtThreads: part.looksAtThreads,
    }),
  })
  const top = topLevel(filter)
  return {
    ...compiled,
    onlyFolders: onlyFolders(top),
    folder: isUuid(top.get('inMailbox')) ? (top.get('inMailbox') as string) : null,
    flagged: String(top.get('hasKeyword')).toLowerCase() === '$flagged',
  }
}

type Compiled = Pick<CompiledFilter, 'where' | 'few' | 'looksAtThreads'>

const joined = (parts: readonly Compiled[], table: string, whole: boolean, by: Sql, none: Sql): Sql =>
  parts.length === 0
    ? none
    : sql`(${sql.join(
        parts.map(part => part.where(table, whole)),
        by,
      )})`

/** Conditions that hold for everything that matches. */
function topLevel(filter: Filter): Map<string, unknown> {
  if (!filter) return new Map()
  if (!('operator' in filter)) return new Map(Object.entries(filter))
  if (filter.operator !== 'AND') return new Map([['operator', filter.operator]])
  const parts = filter.conditions as Filter[]
  return new Map(parts.flatMap(part => [...topLevel(part)].map(([key, value]) => [key, value] as const)))
}

function onlyFolders(top: ReadonlyMap<string, unknown>): CompiledFilter['onlyFolders'] {
  if (top.size === 0) return { not: [] }
  if (top.size > 1) return null
  if (isUuid(top.get('inMailbox'))) return { in: top.get('inMailbox') as string }
  return top.has('inMailboxOtherThan') ? { not: top.get('inMailboxOtherThan') as string[] } : null
}

function condition(key: string, value: unknown, account: Granted, searches: Searches): Compiled {
  const simple = (where: (table: string) => Sql): Compiled => ({ where, few: false, looksAtThreads: false })
  const column = (name: string, of: (column: Sql) => Sql) =>
    simple(table => of(sql.ref(`${table}.${name}`) as unknown as Sql))
  const inThread = (where: (table: string) => Sql): Compiled => ({ where, few: false, looksAtThreads: true })
  if (isSearchKey(key)) {
    const { few, where } = searchFor(searches, key, value)
    return { few, where, looksAtThreads: false }
  }
  switch (key) {
    case 'inMailbox':
      return isUuid(value)
        ? column('folder_id', folder => sql`${folder} = ${value}::uuid`)
        : simple(() => sql`false`)
    case 'inMailboxOtherThan': {
      const ids = strings(key, value).filter(isUuid)
      return column('folder_id', folder => sql`${folder} <> all(${ids}::uuid[])`)
    }
    case 'before': {
      const at = date(key, value)
      return column('received_at', received => sql`${received} < ${at}`)
    }
    case 'after': {
      const at = date(key, value)
      return column('received_at', received => sql`${received} >= ${at}`)
    }
    case 'minSize': {
      const least = number(key, value)
      return column('size', size => sql`${size} >= ${least}`)
    }
    case 'maxSize': {
      const most = number(key, value)
      return column('size', size => sql`${size} < ${most}`)
    }
    case 'hasKeyword': {
      const keyword = textValue(key, value)
      return simple(table => hasKeyword(keyword, table))
    }
    case 'notKeyword': {
      const keyword = textValue(key, value)
      return simple(table => sql`not (${hasKeyword(keyword, table)})`)
    }
    case 'allInThreadHaveKeyword': {
      const keyword = textValue(key, value)
      return inThread(table => allInThreadHave(account, keyword, table))
    }
    case 'someInThreadHaveKeyword': {
      const keyword = textValue(key, value)
      return inThread(table => someInThreadHave(account, keyword, table))
    }
    case 'noneInThreadHaveKeyword': {
      const keyword = textValue(key, value)
      return inThread(table => sql`not ${someInThreadHave(account, keyword, table)}`)
    }
    case 'hasAttachment':
      if (typeof value !== 'boolean') throw new MethodError('invalidArguments', `filter/${key}`)
      return column('has_attachment', has => sql`${has} = ${value}`)
    case 'header':
      return simple(header(value))
    default:
      throw new MethodError('unsupportedFilter', key.slice(0, 100))
  }
}

/** Written out when an index is made for it: only then does PostgreSQL see that it is the same. */
export function hasKeyword(keyword: string, table: string): Sql {
  const lower = keyword.toLowerCase()
  const list =
    lower === '$seen' || lower === '$flagged' ? sql.raw(`'{${lower}}'::text[]`) : sql`array[${lower}]::text[]`
  return sql`${sql.ref(`${table}.keywords`)} @> ${list}`
}

const inThreadOf = (account: Granted, table: string, what: Sql): Sql =>
  sql`exists (select from email relative where relative.mailbox_id = ${account.id}
    and relative.thread_id = ${sql.ref(`${table}.thread_id`)} and ${what} offset 0)`

export const someInThreadHave = (account: Granted, keyword: string, table: string): Sql =>
  inThreadOf(account, table, hasKeyword(keyword, 'relative'))

export const allInThreadHave = (account: Granted, keyword: string, table: string): Sql =>
  sql`not ${inThreadOf(account, table, sql`not (${hasKeyword(keyword, 'relative')})`)}`

/** Fields that a row has; the others would mean reading every message. */
const HEADERS: Readonly<Record<string, string>> = {
  subject: 'subject',
  from: 'from_list',
  sender: 'sender_list',
  to: 'to_list',
  cc: 'cc_list',
  bcc: 'bcc_list',
  'reply-to': 'reply_to_list',
  'message-id': 'header_message_ids',
  'in-reply-to': 'in_reply_to',
  references: 'reference_ids',
}
const IDS = ['message-id', 'in-reply-to', 'references']

/** `[name]` or `[name, text]`. */
function header(value: unknown): (table: string) => Sql {
  const [name, text] = strings('header', value)
  if (name === undefined || (value as unknown[]).length > 2) {
    throw new MethodError('invalidArguments', 'filter/header')
  }
  const known = HEADERS[name.toLowerCase()]
  if (!known) throw new MethodError('unsupportedFilter', `header ${name.slice(0, 100)}`)
  const empty = known === 'subject' ? sql`''` : IDS.includes(name.toLowerCase()) ? sql`'{}'` : sql`'[]'`
  return table => {
    const column = sql.ref(`${table}.${known}`)
    if (text === undefined) return sql`${column} <> ${empty}`
    const escaped = textValue('header', text).replace(/[\\%_]/g, '\\$&')
    return sql`(lower(${column}::text) like ${`%${escaped.toLowerCase()}%`}
      or lower(${column}::text) like ${`%${plain(escaped)}%`})`
  }
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
