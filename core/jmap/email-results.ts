/**
 * The results of an Email/query, a stretch at a time: never all of a mailbox when an index can stop earlier.
 *
 * By time of receiving, an index has each folder's e-mails in order. With collapsed threads (RFC 8621 §4.4.3) an
 * e-mail counts when none of its thread comes before it, which another index tells of each alone. In any other
 * order all that match are numbered.
 */
import { type RawBuilder, sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import { isUuid } from './arguments.ts'
import type { Granted } from './context.ts'
import { type CompiledFilter, compileFilter } from './email-filter.ts'
import { type CompiledSort, compileSort, type Sort } from './email-sort.ts'
import type { Filter } from './filter.ts'

type Sql = RawBuilder<unknown>

export type Results = { account: Granted; filter: CompiledFilter; sort: CompiledSort; collapse: boolean }

/** @throws MethodError unsupportedFilter, unsupportedSort, invalidArguments */
export async function resultsOf(
  tx: Executor,
  account: Granted,
  query: { filter?: Filter; sort?: Sort; collapseThreads?: boolean | null | undefined },
): Promise<Results> {
  return {
    account,
    filter: await compileFilter(tx, query.filter, account),
    sort: compileSort(query.sort, account),
    collapse: query.collapseThreads ?? false,
  }
}

/** Whether a thread's first e-mail can be told by looking at its thread alone. */
const byIndex = ({ sort, filter, collapse }: Results) => !collapse || (sort.byTime !== null && !filter.few)

/** More e-mails than this are not looked at one by one. */
const DEEP = 1_500

/** What is in the results, as a condition; with collapsed threads only when `byIndex`. */
function matching(results: Results): Sql {
  const { account, filter, sort, collapse } = results
  const matches = sql`email.mailbox_id = ${account.id} and ${filter.where('email', sort.byTime === null)}`
  if (!collapse) return matches
  // offset 0: looked up for each, or all would be joined before the first is known.
  return sql`${matches} and not exists (
    select from email earlier where earlier.mailbox_id = ${account.id} and earlier.thread_id = email.thread_id
      and (earlier.received_at, earlier.id) ${direction(sort).before} (email.received_at, email.id)
      and ${filter.where('earlier', false)} offset 0)`
}

/** Of the order by time: what stands before, and which way round it is written. */
const direction = ({ byTime }: CompiledSort) =>
  byTime === 'newest'
    ? { before: sql`>`, way: sql`desc`, back: sql`asc` }
    : { before: sql`<`, way: sql`asc`, back: sql`desc` }

/** The first e-mail of each thread, all at once: an index has threads together, each by time. */
function heads({ account, filter, sort }: Results): Sql {
  const { way, back } = direction(sort)
  return sql`select distinct on (email.thread_id) email.id, email.received_at from email
    where email.mailbox_id = ${account.id} and ${filter.where('email', true)}
    order by email.thread_id ${back}, email.received_at ${way}, email.id ${way}`
}

/** All results with their index. */
function numbered(results: Results): Sql {
  const { account, filter, sort, collapse } = results
  const all = sql`select * from email where email.mailbox_id = ${account.id} and ${filter.where('email', true)}`
  if (!collapse || sort.byTime) {
    return sql`select email.id, row_number() over (order by ${sort.order}) - 1 as index
      from (${collapse ? heads(results) : all}) as email`
  }
  return sql`select id, row_number() over (order by place) - 1 as index from (
      select email.id, row_number() over (order by ${sort.order}) as place,
        row_number() over (partition by email.thread_id order by ${sort.order}) as rank
      from (${all}) as email
    ) ranked where rank = 1`
}

export async function count(db: Executor, results: Results): Promise<number> {
  const { account, filter, collapse } = results
  const kept = filter.onlyFolders
  if (kept && ('in' in kept || !collapse)) {
    // A thread in two folders counts once here, so only one folder's threads are known.
    const which =
      'in' in kept ? sql`id = ${kept.in}::uuid` : sql`id <> all(${kept.not.filter(isUuid)}::uuid[])`
    const { rows } = await sql<{ count: number }>`
      select coalesce(sum(${collapse ? sql`threads` : sql`total`}), 0)::int as count from folder
      where mailbox_id = ${account.id} and ${which}`.execute(db)
    return rows[0]!.count
  }
  const what = collapse ? sql`count(distinct email.thread_id)` : sql`count(*)`
  const { rows } = await sql<{ count: number }>`
    select ${what} as count from email
    where email.mailbox_id = ${account.id} and ${filter.where('email', true)}`.execute(db)
  return rows[0]!.count
}

export async function idsOf(db: Executor, results: Results, start: number, limit: number): Promise<string[]> {
  const { account, filter, sort } = results
  if (limit === 0) return []
  if (!byIndex(results) || (results.collapse && start > DEEP)) {
    const found = await sql<{ id: string }>`
      with result as (${numbered(results)})
      select id from result order by index limit ${limit} offset ${start}`.execute(db)
    return found.rows.map(row => row.id)
  }
  // The index has an order for each folder; of several folders each gives its first ones.
  const acrossFolders = sort.byTime && !filter.folder && !filter.few && !filter.flagged
  const found = acrossFolders
    ? await sql<{ id: string }>`
        select email.id from folder cross join lateral (
          select email.id, email.received_at from email where ${matching(results)} and email.folder_id = folder.id
          order by ${sort.order} limit ${start + limit}
        ) as email
        where folder.mailbox_id = ${account.id} order by ${sort.order} limit ${limit} offset ${start}`.execute(
        db,
      )
    : await sql<{ id: string }>`
        select email.id from email where ${matching(results)}
        order by ${sort.order} limit ${limit} offset ${start}`.execute(db)
  return found.rows.map(row => row.id)
}

/** Where some e-mails stand in the results, in their order; those that are not in them are absent. */
export async function placesOf(
  db: Executor,
  results: Results,
  ids: readonly string[],
): Promise<{ id: string; index: number }[]> {
  const usable = ids.filter(isUuid)
  if (usable.length === 0) return []
  const front = byIndex(results) ? await frontOf(db, results, usable) : null
  if (front === 'none') return []
  const found = await sql<{ id: string; index: number }>`
    with result as (${front ?? numbered(results)})
    select id, index from result where id = any(${usable}::uuid[]) order by index`.execute(db)
  return found.rows
}

/** The results, numbered, up to the last of some: null when that is no less than all of them. */
async function frontOf(db: Executor, results: Results, ids: readonly string[]): Promise<Sql | 'none' | null> {
  const { account, sort, collapse, filter } = results
  if (!sort.byTime) return null
  const { before, back } = direction(sort)
  const last = await sql<{ id: string; at: string }>`
    select email.id, email.received_at::text as at from email
    where ${matching(results)} and email.id = any(${ids}::uuid[])
    order by email.received_at ${back}, email.id ${back} limit 1`.execute(db)
  const [end] = last.rows
  if (!end) return 'none'
  const until = sql`(email.received_at, email.id) ${before}= (${end.at}::timestamptz, ${end.id}::uuid)`
  if (collapse) {
    const folder = filter.folder ? sql`and email.folder_id = ${filter.folder}::uuid` : sql``
    const { rows } = await sql<{ count: number }>`
      select count(*) as count from (
        select from email where email.mailbox_id = ${account.id} ${folder} and ${until} limit ${DEEP + 1}
      ) as front`.execute(db)
    if (rows[0]!.count > DEEP) return null
  }
  return sql`select email.id, row_number() over (order by ${sort.order}) - 1 as index
    from email where ${matching(results)} and ${until}`
}
