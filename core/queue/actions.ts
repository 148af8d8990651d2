/**
 * An admin's action on many deliveries: on those named, or on all that a filter means.
 *
 * Goes by batches, each a transaction of its own, in the order of ids: a filter over 100,000 deliveries locks
 * a screenful at a time and ingest goes on meanwhile. A crash in the middle leaves whole batches done; the
 * same action again does the rest. Audited by the caller, who knows the person.
 */
import type { Db, Executor } from '../db/connection.ts'
import type { DeliveryState } from '../db/schema/delivery.ts'
import type { Note } from '../spool/types.ts'
import { type Changed, cancel, hold, release, retry } from './deliveries.ts'
import { type DeliveryFilter, deliveryIds, idsInScope, OPEN_STATES } from './overview-deliveries.ts'
import { reroute, type StoredWay } from './reroute.ts'
import type { Scope } from './scope.ts'

export const ACTIONS = ['retry', 'hold', 'release', 'cancel'] as const
export type Action = (typeof ACTIONS)[number]

export type ActionResult = {
  /** Deliveries that were meant and are in scope. */
  matched: number
  /** Those of them that the action changed; the rest had settled, or were so already. */
  changed: number
  /** What the changed ones are now. */
  states: Partial<Record<DeliveryState, number>>
  /** Ids that mean nothing in this scope. */
  missing: string[]
}

const BATCH = 200

/**
 * @param target ids, or a filter; a filter never reaches what is settled
 * @param note appends notes to the spool, after the commit they belong to
 */
export async function actOnDeliveries(
  db: Db,
  scope: Scope,
  action: Action,
  target: readonly string[] | DeliveryFilter,
  how: { now: Date; note: (notes: readonly Note[]) => Promise<void> },
): Promise<ActionResult> {
  return await inBatches(db, scope, target, how.note, async (tx, ids) => {
    switch (action) {
      case 'retry':
        return { changed: await retry(tx, ids, how.now), notes: [] }
      case 'hold':
        return { changed: await hold(tx, ids, 'admin'), notes: [] }
      case 'release':
        return { changed: await release(tx, ids, how.now), notes: [] }
      case 'cancel':
        return await cancel(tx, ids, { category: 'cancelled', side: 'us', permanent: true }, how.now)
    }
  })
}

/** Moves deliveries to the outside to another way; those to a backend are matched and left as they are. */
export async function rerouteDeliveries(
  db: Db,
  scope: Scope,
  target: readonly string[] | DeliveryFilter,
  way: StoredWay,
  now: Date,
): Promise<ActionResult> {
  const none = async () => {}
  return await inBatches(db, scope, target, none, async (tx, ids) => ({
    changed: await reroute(tx, ids, way, now),
    notes: [],
  }))
}

async function inBatches(
  db: Db,
  scope: Scope,
  target: readonly string[] | DeliveryFilter,
  note: (notes: readonly Note[]) => Promise<void>,
  work: (tx: Executor, ids: readonly string[]) => Promise<{ changed: Changed[]; notes: Note[] }>,
): Promise<ActionResult> {
  const result: ActionResult = { matched: 0, changed: 0, states: {}, missing: [] }
  for await (const ids of batches(db, scope, target, result.missing)) {
    const { changed, notes } = await db.transaction().execute(tx => work(tx, ids))
    if (notes.length > 0) await note(notes)
    result.matched += ids.length
    count(result, changed)
  }
  return result
}

function count(result: ActionResult, changed: readonly Changed[]): void {
  result.changed += changed.length
  for (const { state } of changed) result.states[state] = (result.states[state] ?? 0) + 1
}

async function* batches(
  db: Db,
  scope: Scope,
  target: readonly string[] | DeliveryFilter,
  missing: string[],
): AsyncGenerator<string[]> {
  if (isList(target)) {
    for (let at = 0; at < target.length; at += BATCH) {
      const wanted = target.slice(at, at + BATCH)
      const found = await idsInScope(db, scope, wanted)
      const known = new Set(found)
      missing.push(...wanted.filter(id => !known.has(id.toLowerCase())))
      if (found.length > 0) yield found
    }
    return
  }
  const open = (target.states ?? OPEN_STATES).filter(state =>
    (OPEN_STATES as readonly string[]).includes(state),
  )
  let after: string | undefined
  for (;;) {
    const ids = await deliveryIds(db, scope, { ...target, states: open }, { limit: BATCH, after })
    if (ids.length === 0) return
    yield ids
    after = ids.at(-1)
  }
}

const isList = (target: readonly string[] | DeliveryFilter): target is readonly string[] =>
  Array.isArray(target)
