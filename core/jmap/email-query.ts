/**
 * Email/query, /queryChanges and /changes (RFC 8621 §4.3–4.5).
 *
 * queryChanges needs no memory of old results: whatever changed since may have been in them, so it is taken
 * out, and put in again where it belongs now if it matches. With collapsed threads a change of one e-mail can
 * change which of its thread is shown, so all of that thread counts as changed.
 */
import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import type { Executor } from '../db/connection.ts'
import { inSnapshot } from '../db/transaction.ts'
import {
  type Arguments,
  changesArguments,
  isUuid,
  queryArguments,
  queryChangesArguments,
  read,
} from './arguments.ts'
import { type Granted, grant, type Run } from './context.ts'
import { type CompiledFilter, compileFilter, compileSort } from './email-filter.ts'
import { MethodError } from './errors.ts'
import { MAX_CHANGES } from './limits.ts'
import { tombstones } from './mailbox.ts'
import { limitOf, startOf } from './page.ts'
import { type Change, changesOf, currentModseq, lowerBound, parseState, stateOf } from './state.ts'

const emailQueryArguments = queryArguments.extend({ collapseThreads: z.boolean().nullish() })
const emailQueryChangesArguments = queryChangesArguments.extend({ collapseThreads: z.boolean().nullish() })

type Results = { account: Granted; filter: CompiledFilter; order: RawBuilder<unknown>; collapse: boolean }

/** The ids in order with their index, as a sub-query named `result`. */
function resultsSql({ account, filter, order, collapse }: Results): RawBuilder<unknown> {
  if (!collapse) {
    return sql`select email.id, row_number() over (order by ${order}) - 1 as index from email
      where email.mailbox_id = ${account.id} and ${filter.where}`
  }
  return sql`select id, row_number() over (order by place) - 1 as index from (
      select email.id, row_number() over (order by ${order}) as place,
        row_number() over (partition by email.thread_id order by ${order}) as rank
      from email where email.mailbox_id = ${account.id} and ${filter.where}
    ) ranked where rank = 1`
}

async function count(db: Executor, { account, filter, collapse }: Results): Promise<number> {
  const what = collapse ? sql`count(distinct email.thread_id)` : sql`count(*)`
  const result = await sql<{ count: number }>`
    select ${what} as count from email
    where email.mailbox_id = ${account.id} and ${filter.where}`.execute(db)
  return result.rows[0]!.count
}

async function indexOf(db: Executor, results: Results, id: string): Promise<number> {
  if (!isUuid(id)) return -1
  const found = await sql<{ index: number }>`
    with result as (${resultsSql(results)}) select index from result where id = ${id}::uuid`.execute(db)
  return found.rows[0]?.index ?? -1
}

async function idsOf(db: Executor, results: Results, start: number, limit: number): Promise<string[]> {
  const { account, filter, order, collapse } = results
  if (limit === 0) return []
  const found = collapse
    ? await sql<{ id: string }>`
        with result as (${resultsSql(results)})
        select id from result order by index limit ${limit} offset ${start}`.execute(db)
    : // Without numbering, an index can stop after the first page.
      await sql<{ id: string }>`
        select email.id from email where email.mailbox_id = ${account.id} and ${filter.where}
        order by ${order} limit ${limit} offset ${start}`.execute(db)
  return found.rows.map(row => row.id)
}

export async function emailQuery(given: Arguments, run: Run) {
  const query = read(emailQueryArguments, given)
  const account = grant(run, query.accountId)
  const results: Results = {
    account,
    filter: compileFilter(query.filter, account),
    order: compileSort(query.sort),
    collapse: query.collapseThreads ?? false,
  }
  return await inSnapshot(run.context.db, async tx => {
    const needsTotal = query.calculateTotal || (query.position ?? 0) < 0
    const total = needsTotal ? await count(tx, results) : 0
    const anchorIndex = query.anchor ? await indexOf(tx, results, query.anchor) : -1
    const start = startOf(query, total, () => anchorIndex)
    const { limit, told } = limitOf(query)
    const ids = await idsOf(tx, results, start, limit)
    return {
      accountId: account.id,
      queryState: stateOf(await currentModseq(tx, account)),
      canCalculateChanges: true,
      position: ids.length > 0 || limit === 0 ? start : 0,
      ids,
      ...(query.calculateTotal && { total }),
      ...(told && { limit }),
    }
  })
}

export async function emailQueryChanges(given: Arguments, run: Run) {
  const query = read(emailQueryChangesArguments, given)
  const account = grant(run, query.accountId)
  const results: Results = {
    account,
    filter: compileFilter(query.filter, account),
    order: compileSort(query.sort),
    collapse: query.collapseThreads ?? false,
  }
  return await inSnapshot(run.context.db, async tx => {
    const current = await currentModseq(tx, account)
    const since = parseState(query.sinceQueryState, current)
    if (since.afterId !== null) throw new MethodError('cannotCalculateChanges')
    const wholeThreads = results.collapse || results.filter.looksAtThreads
    const changed = await changedSince(tx, account, since.modseq, wholeThreads)
    const gone = await tombstones(tx, account, 'Email', since.modseq)
    if (changed.length > MAX_CHANGES || gone.length > MAX_CHANGES) throw new MethodError('tooManyChanges')
    const added = await sql<{ id: string; index: number }>`
      with result as (${resultsSql(results)})
      select id, index from result where id = any(${changed}::uuid[]) order by index`.execute(tx)
    const removed = [...changed, ...gone.map(change => change.id)]
    if (query.maxChanges && removed.length + added.rows.length > query.maxChanges) {
      throw new MethodError('tooManyChanges')
    }
    return {
      accountId: account.id,
      oldQueryState: query.sinceQueryState,
      newQueryState: stateOf(current),
      removed,
      added: added.rows,
      ...(query.calculateTotal && { total: await count(tx, results) }),
    }
  })
}

async function changedSince(
  tx: Executor,
  account: Granted,
  modseq: number,
  wholeThreads: boolean,
): Promise<string[]> {
  const result = wholeThreads
    ? await sql<{ id: string }>`
        with thread as (
          select thread_id from email where mailbox_id = ${account.id} and updated_modseq > ${modseq}
          union
          select thread_id from tombstone
          where mailbox_id = ${account.id} and type = 'Email' and modseq > ${modseq} and thread_id is not null
        )
        select id from email where mailbox_id = ${account.id} and thread_id in (select thread_id from thread)
        limit ${MAX_CHANGES + 1}`.execute(tx)
    : await sql<{ id: string }>`
        select id from email where mailbox_id = ${account.id} and updated_modseq > ${modseq}
        limit ${MAX_CHANGES + 1}`.execute(tx)
  return result.rows.map(row => row.id)
}

export async function emailChanges(given: Arguments, run: Run) {
  const { accountId, sinceState, maxChanges } = read(changesArguments, given)
  const account = grant(run, accountId)
  return await inSnapshot(run.context.db, async tx => {
    const current = await currentModseq(tx, account)
    const since = parseState(sinceState, current)
    const rows = await tx
      .selectFrom('email')
      .select(['id', 'updated_modseq', 'created_modseq'])
      .where('mailbox_id', '=', account.id)
      .where('updated_modseq', '>', lowerBound(since))
      .orderBy('updated_modseq')
      .orderBy('id')
      .limit(MAX_CHANGES * 2)
      .execute()
    const found: Change[] = rows.map(row => ({
      id: row.id,
      modseq: row.updated_modseq,
      createdModseq: row.created_modseq,
      destroyed: false,
    }))
    const gone = await tombstones(tx, account, 'Email', lowerBound(since), MAX_CHANGES * 2)
    return {
      accountId: account.id,
      ...changesOf(sinceState, since, [...found, ...gone], current, maxChanges),
    }
  })
}
