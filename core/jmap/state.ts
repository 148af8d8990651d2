/**
 * States and changes (RFC 8620 §5.2). A state is the mailbox's modseq; a writer holds the mailbox's row until
 * it commits, so that everything of a modseq appears at once, and readers look at one snapshot.
 *
 * An answer that was cut at maxChanges ends in a state in the middle: `<modseq>.<since>.<id>` says up to which
 * object was told, and since when the client has been following (what was made since then and changed again
 * is new to it).
 */
import { type RawBuilder, sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import type { Granted } from './context.ts'
import { MethodError } from './errors.ts'
import { MAX_CHANGES } from './limits.ts'

export async function currentModseq(db: Executor, account: Granted): Promise<number> {
  const row = await db.selectFrom('mailbox').select('modseq').where('id', '=', account.id).executeTakeFirst()
  if (!row) throw new MethodError('accountNotFound')
  return row.modseq
}

/** @throws MethodError cannotCalculateChanges when what happened to deliveries since then is forgotten */
export async function notForgotten(db: Executor, account: Granted, since: Since): Promise<void> {
  const row = await db
    .selectFrom('mailbox')
    .select('touches_from')
    .where('id', '=', account.id)
    .executeTakeFirst()
  if (row && lowerBound(since) < row.touches_from) throw new MethodError('cannotCalculateChanges')
}

export const stateOf = (modseq: number): string => String(modseq)

export type Since = {
  modseq: number
  /** Objects at `modseq` up to this id were told already. */
  afterId: string | null
  /** What was created later is new to the client. */
  created: number
}

/** @throws MethodError cannotCalculateChanges for a state that was never given out */
export function parseState(text: string, current: number): Since {
  const match = /^(\d{1,15})(?:\.(\d{1,15})\.([0-9a-f-]{36}))?$/.exec(text)
  const modseq = Number(match?.[1])
  if (!match || modseq > current || modseq < 1) throw new MethodError('cannotCalculateChanges')
  return match[3]
    ? { modseq, afterId: match[3], created: Number(match[2]) }
    : { modseq, afterId: null, created: modseq }
}

/** One object that changed: made, changed or destroyed at `modseq`. */
export type Change = { id: string; modseq: number; createdModseq: number; destroyed: boolean }

export type Changes = {
  oldState: string
  newState: string
  hasMoreChanges: boolean
  created: string[]
  updated: string[]
  destroyed: string[]
}

/** Greater than every id. */
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/**
 * @param found everything after `since`, in any order, or of each kind the first ones and one more than are told;
 * what a client never saw and is gone is left out
 * @param end up to which modseq it was looked, when that is not all
 */
export function changesOf(
  sinceState: string,
  since: Since,
  found: readonly Change[],
  current: number,
  maxChanges: number | null | undefined,
  end: number | null = null,
): Changes {
  const limit = Math.min(maxChanges ?? MAX_CHANGES, MAX_CHANGES)
  const relevant = found
    .filter(change => !(change.destroyed && change.createdModseq > since.modseq))
    .filter(change => end === null || change.modseq <= end)
    .filter(
      change =>
        change.modseq > since.modseq ||
        (since.afterId !== null && change.modseq === since.modseq && change.id > since.afterId),
    )
    .sort((a, b) => a.modseq - b.modseq || (a.id < b.id ? -1 : 1))
  const told = relevant.slice(0, limit)
  const last =
    relevant.length > told.length ? told.at(-1) : end === null ? null : { modseq: end, id: LAST_ID }
  const hasMoreChanges = last !== null && last !== undefined
  const ids = (which: (change: Change) => boolean) => told.filter(which).map(change => change.id)
  return {
    oldState: sinceState,
    newState: hasMoreChanges ? `${last.modseq}.${since.created}.${last.id}` : stateOf(current),
    hasMoreChanges,
    created: ids(change => !change.destroyed && change.createdModseq > since.created),
    updated: ids(change => !change.destroyed && change.createdModseq <= since.created),
    destroyed: ids(change => change.destroyed),
  }
}

/** What the query needs to look at: one modseq earlier when the state stands in the middle of one. */
export const lowerBound = (since: Since): number => (since.afterId === null ? since.modseq : since.modseq - 1)

/** The same as a condition: behind what was told. */
export function after(since: Since, modseq: string, id: string): RawBuilder<unknown> {
  return since.afterId === null
    ? sql`${sql.ref(modseq)} > ${since.modseq}`
    : sql`(${sql.ref(modseq)}, ${sql.ref(id)}) > (${since.modseq}::bigint, ${since.afterId}::uuid)`
}

/** What was destroyed after a state, without what was made after it: nobody was told of that. */
export async function tombstones(
  tx: Executor,
  account: Granted,
  type: 'Email' | 'Mailbox' | 'EmailSubmission',
  since: Since,
  limit = MAX_CHANGES + 1,
): Promise<Change[]> {
  const { rows } = await sql<Omit<Change, 'destroyed'>>`
    select object_id as id, modseq, created_modseq as "createdModseq" from tombstone
    where mailbox_id = ${account.id} and type = ${type} and ${after(since, 'modseq', 'object_id')}
      and created_modseq <= ${since.modseq}
    order by modseq, object_id limit ${limit}`.execute(tx)
  return rows.map(row => ({ ...row, destroyed: true }))
}
