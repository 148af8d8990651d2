/**
 * Email/query and /queryChanges (RFC 8621 §4.4, §4.5).
 *
 * queryChanges needs no memory of old results: whatever changed since may have been in them, so it is taken
 * out, and put in again where it belongs now if it matches. With collapsed threads a change of one e-mail can
 * change which of its thread is shown, so all of that thread counts as changed.
 */
import { sql } from 'kysely'
import { z } from 'zod'
import type { Executor } from '../db/connection.ts'
import { inSnapshot } from '../db/transaction.ts'
import { changedEmails } from '../queue/touch.ts'
import { type Arguments, queryArguments, queryChangesArguments, read } from './arguments.ts'
import { type Granted, grant, type Run } from './context.ts'
import { count, idsOf, placesOf, resultsOf } from './email-results.ts'
import { MethodError } from './errors.ts'
import { MAX_CHANGES } from './limits.ts'
import { limitOf, startOf } from './page.ts'
import { currentModseq, notForgotten, parseState, stateOf, tombstones } from './state.ts'

const emailQueryArguments = queryArguments.extend({ collapseThreads: z.boolean().nullish() })
const emailQueryChangesArguments = queryChangesArguments.extend({ collapseThreads: z.boolean().nullish() })

export async function emailQuery(given: Arguments, run: Run) {
  const query = read(emailQueryArguments, given)
  const account = grant(run, query.accountId)
  return await inSnapshot(run.context.db, async tx => {
    const results = await resultsOf(tx, account, query)
    const needsTotal = query.calculateTotal || (!query.anchor && (query.position ?? 0) < 0)
    const total = needsTotal ? await count(tx, results) : 0
    const [anchor] = query.anchor ? await placesOf(tx, results, [query.anchor]) : []
    const start = startOf(query, total, () => anchor?.index ?? -1)
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
  return await inSnapshot(run.context.db, async tx => {
    const current = await currentModseq(tx, account)
    const since = parseState(query.sinceQueryState, current)
    if (since.afterId !== null) throw new MethodError('cannotCalculateChanges')
    await notForgotten(tx, account, since)
    const results = await resultsOf(tx, account, query)
    const wholeThreads = results.collapse || results.filter.looksAtThreads || results.sort.looksAtThreads
    const changed = await changedSince(tx, account, since.modseq, wholeThreads)
    const gone = await tombstones(tx, account, 'Email', since)
    if (changed.length > MAX_CHANGES || gone.length > MAX_CHANGES) throw new MethodError('tooManyChanges')
    const removed = [...changed, ...gone.map(change => change.id)]
    const added = await placesOf(tx, results, changed)
    if (query.maxChanges && removed.length + added.length > query.maxChanges) {
      throw new MethodError('tooManyChanges')
    }
    return {
      accountId: account.id,
      oldQueryState: query.sinceQueryState,
      newQueryState: stateOf(current),
      removed,
      added,
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
        with thread as materialized (
          select thread_id from (${changedEmails(account.id, modseq)}) as changed
          union
          select thread_id from tombstone
          where mailbox_id = ${account.id} and type = 'Email' and modseq > ${modseq} and thread_id is not null
        )
        select found.id from thread cross join lateral (
          select id from email where mailbox_id = ${account.id} and email.thread_id = thread.thread_id offset 0
        ) as found limit ${MAX_CHANGES + 1}`.execute(tx)
    : await sql<{ id: string }>`
        select distinct id from (${changedEmails(account.id, modseq)}) as changed
        limit ${MAX_CHANGES + 1}`.execute(tx)
  return result.rows.map(row => row.id)
}
