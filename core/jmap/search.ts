/**
 * The words that an Email/query asks for, looked up before the query itself (RFC 8621 §4.4.1).
 *
 * What few e-mails have becomes their ids, and the query is about these. What many have is no help in finding
 * them: the query then goes through the e-mails in its order, the words of each are looked at, and a page is full
 * soon. What the index does not have yet (the last seconds, or a backlog) is searched as it stands.
 */
import { type RawBuilder, sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import { hasSpacedWords, plain, type Term, termsOf } from '../mail/words.ts'
import type { Granted } from './context.ts'
import { MethodError } from './errors.ts'
import { type Filter, readFilter } from './filter.ts'
import { queryOf } from './search-words.ts'

type Sql = RawBuilder<unknown>

/** Conditions that ask for words. */
const FIELDS = {
  text: { weights: '', stemmed: true, column: 'search' },
  body: { weights: 'D', stemmed: true, column: 'search' },
  subject: { weights: 'A', stemmed: true, column: 'subject' },
  from: { weights: 'B', stemmed: false, column: 'from_list' },
  to: { weights: 'C', stemmed: false, column: 'to_list' },
  cc: { weights: 'C', stemmed: false, column: 'cc_list' },
  bcc: { weights: 'C', stemmed: false, column: 'bcc_list' },
} as const
export type SearchKey = keyof typeof FIELDS

export const isSearchKey = (key: string): key is SearchKey => Object.hasOwn(FIELDS, key)

/** More e-mails than this are not named one by one. */
const FEW = 2_000

export type Search = {
  /** Whether few e-mails match, so that it pays to begin with them. */
  few: boolean
  /** @param whole whether all of the mailbox is gone through, and not only until a page is full */
  where(table: string, whole: boolean): Sql
}

/** By condition: what `searchFor` looks them up with. */
export type Searches = ReadonlyMap<string, Search>

const nameOf = (key: string, value: unknown) => `${key}\0${value}`

export function searchFor(searches: Searches, key: SearchKey, value: unknown): Search {
  const found = searches.get(nameOf(key, value))
  if (!found) throw new Error('a search that nobody looked up')
  return found
}

/** @throws MethodError invalidArguments */
export async function findWords(tx: Executor, account: Granted, filter: Filter): Promise<Searches> {
  const asked = new Map<string, { key: SearchKey; value: string }>()
  readFilter<null>(filter, {
    condition(key, value) {
      if (isSearchKey(key)) asked.set(nameOf(key, value), { key, value: textValue(key, value) })
      return null
    },
    all: () => null,
    any: () => null,
    not: () => null,
  })
  const searches = new Map<string, Search>()
  if (asked.size === 0) return searches
  const { indexed_modseq: indexed } = await tx
    .selectFrom('mailbox')
    .select('indexed_modseq')
    .where('id', '=', account.id)
    .executeTakeFirstOrThrow()
  for (const [name, { key, value }] of asked) {
    searches.set(name, await lookUp(tx, account, key, value, indexed))
  }
  return searches
}

async function lookUp(
  tx: Executor,
  account: Granted,
  key: SearchKey,
  value: string,
  indexed: number,
): Promise<Search> {
  const { weights, stemmed, column } = FIELDS[key]
  const terms = termsOf(value)
  const query = hasSpacedWords(value) ? await queryOf(tx, account.id, terms, weights, stemmed) : null
  // No words at all, or of a script that has none between spaces: as it stands there.
  if (query === null) return { few: false, where: table => asItStands(table, column, value) }
  const exact = (table: string) => exactly(table, key, terms)
  const late = (table: string) =>
    sql`${sql.ref(`${table}.updated_modseq`)} > ${indexed} and ${sql.ref(`${table}.created_modseq`)} > ${indexed}`
  const { rows } = await sql<{ hits: number; ids: string[] }>`
    with hit as materialized (
      select email_id from email_search where words @@ ${query}::tsquery limit ${FEW + 1}
    )
    select (select count(*) from hit) as hits, array(
      select email.id from hit join email on email.id = hit.email_id
      where email.mailbox_id = ${account.id} and ${exact('email')}
      union all
      select email.id from email
      where email.mailbox_id = ${account.id} and ${late('email')} and ${asItStands('email', column, value)}
      limit ${FEW + 1}
    ) as ids`.execute(tx)
  const { hits, ids } = rows[0]!
  if (hits <= FEW && ids.length <= FEW) {
    return { few: true, where: table => sql`${sql.ref(`${table}.id`)} = any(${ids}::uuid[])` }
  }
  const one = (table: string) => sql`case when ${late(table)} then ${asItStands(table, column, value)}
    else coalesce((select words @@ ${query}::tsquery from email_search
      where email_id = ${sql.ref(`${table}.id`)} offset 0), false) end`
  const all = (table: string) => sql`${sql.ref(`${table}.id`)} in (
    select email_id from email_search where words @@ ${query}::tsquery
    union all
    select id from email as fresh
    where fresh.mailbox_id = ${account.id} and ${late('fresh')} and ${asItStands('fresh', column, value)})`
  const closer = needsCloserLook(key, terms)
  return {
    few: false,
    where(table, whole) {
      const hit = whole ? all(table) : one(table)
      return closer ? sql`(${hit} and ${exact(table)})` : sql`(${hit})`
    },
  }
}

const isAddressed = (key: SearchKey) => key === 'to' || key === 'cc' || key === 'bcc'

const needsCloserLook = (key: SearchKey, terms: readonly Term[]) =>
  isAddressed(key) || terms.some(term => term.phrase !== null)

/** What the index can't tell: phrases, and which of To, Cc and Bcc it is. */
function exactly(table: string, key: SearchKey, terms: readonly Term[]): Sql {
  if (!needsCloserLook(key, terms)) return sql`true`
  const column = bare(table, FIELDS[key].column)
  const parts = terms.flatMap(({ words, phrase }) =>
    phrase !== null ? [phrase] : isAddressed(key) ? words : [],
  )
  return sql`(${sql.join(
    parts.map(part => sql`${column} like ${like(plain(part))}`),
    sql` and `,
  )})`
}

/** Without accents, as `plain` has it. */
const bare = (table: string, column: string): Sql =>
  sql`regexp_replace(normalize(lower(${sql.ref(`${table}.${column}`)}::text), NFKD), '[\u0300-\u036f]', '', 'g')`

const like = (text: string) => `%${text.replace(/[\\%_]/g, '\\$&')}%`

/** Every word, or what stands in quotes, somewhere. */
function asItStands(table: string, column: string, value: string): Sql {
  const words = [...value.matchAll(/"([^"]+)"|(\S+)/g)]
    .map(match => (match[1] ?? match[2]!.replace(/["*]/g, '')).trim())
    .filter(Boolean)
    .slice(0, 20)
  if (words.length === 0) return sql`true`
  return sql`(${sql.join(
    words.map(word => sql`${bare(table, column)} like ${like(plain(word))}`),
    sql` and `,
  )})`
}

export function textValue(key: string, value: unknown): string {
  if (typeof value !== 'string' || value.includes('\0')) {
    throw new MethodError('invalidArguments', `filter/${key}`)
  }
  return value.slice(0, 1_000).toWellFormed()
}
