/**
 * Email/changes (RFC 8621 §4.3) and Thread/changes (§3.2), read in the order of modseqs and no further than what is
 * told: who was away for a year gets it in pieces, each as quick as the first.
 */
import { sql } from 'kysely'
import { inSnapshot } from '../db/transaction.ts'
import { type Arguments, changesArguments, read } from './arguments.ts'
import { grant, type Run } from './context.ts'
import { MAX_CHANGES } from './limits.ts'
import {
  after,
  type Change,
  changesOf,
  currentModseq,
  lowerBound,
  notForgotten,
  parseState,
  tombstones,
} from './state.ts'

type Event = Omit<Change, 'destroyed'>

export async function emailChanges(given: Arguments, run: Run) {
  const { accountId, sinceState, maxChanges } = read(changesArguments, given)
  const account = grant(run, accountId)
  const limit = Math.min(maxChanges ?? MAX_CHANGES, MAX_CHANGES) + 1
  return await inSnapshot(run.context.db, async tx => {
    const current = await currentModseq(tx, account)
    const since = parseState(sinceState, current)
    await notForgotten(tx, account, since)
    const written = await sql<Event>`
      select id, updated_modseq as modseq, created_modseq as "createdModseq" from email
      where mailbox_id = ${account.id} and ${after(since, 'updated_modseq', 'id')}
      order by updated_modseq, id limit ${limit}`.execute(tx)
    const touched = await sql<(Event | { id: null }) & { last: number | null; touches: number }>`
      with part as materialized (
        select modseq, email_ids from touch
        where mailbox_id = ${account.id} and modseq > ${lowerBound(since)} order by modseq limit ${limit}
      ), event as (
        select email_id, max(modseq) as modseq from part cross join unnest(email_ids) as touched (email_id)
        group by email_id
      )
      select email.id, email.modseq, email."createdModseq", whole.last, whole.touches
      from (select max(modseq) as last, count(*) as touches from part) as whole left join lateral (
        select email.id, event.modseq, email.created_modseq as "createdModseq" from event
        join email on email.id = event.email_id
        where email.mailbox_id = ${account.id} and event.modseq > email.updated_modseq
      ) as email on true`.execute(tx)
    // Each source was read up to somewhere: beyond the nearer end nothing is known.
    const ends = [
      written.rows.length === limit ? written.rows.at(-1)!.modseq : null,
      touched.rows[0]?.touches === limit ? touched.rows[0].last : null,
    ].filter(end => end !== null)
    const end = ends.length > 0 ? Math.min(...ends) : null
    const found = new Map<string, Change>()
    for (const event of [...written.rows, ...touched.rows]) {
      if (event.id === null || (end !== null && event.modseq > end)) continue
      const { id, modseq, createdModseq } = event
      if ((found.get(id)?.modseq ?? -1) < modseq) {
        found.set(id, { id, modseq, createdModseq, destroyed: false })
      }
    }
    const gone = await tombstones(tx, account, 'Email', since, limit)
    return {
      accountId: account.id,
      ...changesOf(sinceState, since, [...found.values(), ...gone], current, maxChanges, end),
    }
  })
}

/** A thread changes when an e-mail comes into it or goes. */
export async function threadChanges(given: Arguments, run: Run) {
  const { accountId, sinceState, maxChanges } = read(changesArguments, given)
  const account = grant(run, accountId)
  return await inSnapshot(run.context.db, async tx => {
    const current = await currentModseq(tx, account)
    const since = parseState(sinceState, current)
    const from = lowerBound(since)
    const result = await sql<{ id: string; modseq: number; created: number; alive: boolean }>`
      with event as (
        select thread_id, created_modseq as modseq from email
        where mailbox_id = ${account.id} and updated_modseq > ${from} and created_modseq > ${from}
        union all
        select thread_id, modseq from tombstone
        where mailbox_id = ${account.id} and type = 'Email' and modseq > ${from} and thread_id is not null
      ), changed as (
        select thread_id as id, max(modseq) as modseq from event group by thread_id
      ), told as materialized (
        select id, modseq from changed where ${after(since, 'modseq', 'id')}
        order by modseq, id limit ${MAX_CHANGES + 1}
      )
      select told.id, told.modseq,
        exists (select from email where mailbox_id = ${account.id} and thread_id = told.id) as alive,
        least(
          (select min(created_modseq) from email where mailbox_id = ${account.id} and thread_id = told.id),
          (select min(created_modseq) from tombstone where mailbox_id = ${account.id} and type = 'Email'
            and thread_id = told.id)
        ) as created
      from told`.execute(tx)
    const found: Change[] = result.rows.map(row => ({
      id: row.id,
      modseq: row.modseq,
      createdModseq: row.created,
      destroyed: !row.alive,
    }))
    return { accountId: account.id, ...changesOf(sinceState, since, found, current, maxChanges) }
  })
}
