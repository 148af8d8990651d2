/**
 * What RFC 8620 §5 says of every type alike, for types of which nobody has more than some thousand objects: they are
 * read, filtered and sorted here. E-mails have their own (email-results.ts).
 */
import type { z } from 'zod'
import type { Executor } from '../db/connection.ts'
import { inSnapshot } from '../db/transaction.ts'
import {
  type Arguments,
  changesArguments,
  getArguments,
  pick,
  properties,
  queryArguments,
  queryChangesArguments,
  read,
} from './arguments.ts'
import { type Granted, grant, type Run } from './context.ts'
import { MethodError } from './errors.ts'
import { matcher } from './filter.ts'
import { CORE_LIMITS } from './limits.ts'
import { page } from './page.ts'
import {
  type Change,
  changesOf,
  currentModseq,
  parseState,
  type Since,
  stateOf,
  tombstones,
} from './state.ts'

export type Asked = {
  account: Granted
  /** Without doubles; null: all of them. */
  ids: readonly string[] | null
  wanted: ReadonlySet<string>
}

/** /get. @param list objects by id, in their own order; those that were not asked for don't matter */
export async function getStandard(
  given: Arguments,
  run: Run,
  known: readonly string[],
  list: (tx: Executor, asked: Asked) => Promise<Map<string, Record<string, unknown>>>,
) {
  const { accountId, ids, properties: asked } = read(getArguments, given)
  const account = grant(run, accountId)
  const wanted = properties(asked, known)
  if (ids && ids.length > CORE_LIMITS.maxObjectsInGet) throw new MethodError('requestTooLarge')
  const distinct = ids ? [...new Set(ids)] : null
  return await inSnapshot(run.context.db, async tx => {
    const all = await list(tx, { account, ids: distinct, wanted })
    if (!ids && all.size > CORE_LIMITS.maxObjectsInGet) throw new MethodError('requestTooLarge')
    const listed = distinct ?? [...all.keys()]
    return {
      accountId: account.id,
      state: stateOf(await currentModseq(tx, account)),
      list: listed.flatMap(id => (all.has(id) ? pick(all.get(id)!, wanted) : [])),
      notFound: listed.filter(id => !all.has(id)),
    }
  })
}

/** /changes. @param living those that there are and that may have changed since */
export async function changesStandard(
  given: Arguments,
  run: Run,
  type: 'Mailbox' | 'EmailSubmission',
  living: (tx: Executor, account: Granted, since: Since) => Promise<Omit<Change, 'destroyed'>[]>,
) {
  const { accountId, sinceState, maxChanges } = read(changesArguments, given)
  const account = grant(run, accountId)
  return await inSnapshot(run.context.db, async tx => {
    const current = await currentModseq(tx, account)
    const since = parseState(sinceState, current)
    const alive = (await living(tx, account, since)).map(one => ({ ...one, destroyed: false }))
    const gone = await tombstones(tx, account, type, since)
    return {
      answer: {
        accountId: account.id,
        ...changesOf(sinceState, since, [...alive, ...gone], current, maxChanges),
      },
      since,
    }
  })
}

/** How a type is queried. */
export type Queried<T> = {
  all(tx: Executor, account: Granted): Promise<T[]>
  id(object: T): string
  condition(key: string, value: unknown): (object: T) => boolean
  /** Comparable values, by property. */
  sorts: Readonly<Record<string, (object: T) => string | number>>
  standardSort: readonly { property: string; isAscending?: boolean }[]
  /** Takes the sorted ones; what it leaves out is not in the results. Standard: those that match, as they are. */
  arrange?(sorted: T[], matches: (object: T) => boolean): T[]
}

type Query = Pick<z.output<typeof queryArguments>, 'filter' | 'sort'>

async function results<T>(tx: Executor, account: Granted, type: Queried<T>, query: Query): Promise<T[]> {
  const matches = matcher(query.filter, type.condition)
  const sort = query.sort?.length ? query.sort : type.standardSort
  for (const { property } of sort) {
    if (!Object.hasOwn(type.sorts, property)) {
      throw new MethodError('unsupportedSort', property.slice(0, 100))
    }
  }
  const sorted = (await type.all(tx, account)).sort((a, b) => {
    for (const { property, isAscending = true } of sort) {
      const [x, y] = [type.sorts[property]!(a), type.sorts[property]!(b)]
      const order = typeof x === 'string' ? x.localeCompare(String(y)) : x - Number(y)
      if (order !== 0) return isAscending ? order : -order
    }
    return type.id(a) < type.id(b) ? -1 : 1
  })
  return type.arrange ? type.arrange(sorted, matches) : sorted.filter(matches)
}

export async function queryStandard<T>(given: Arguments, run: Run, type: Queried<T>) {
  const query = read(queryArguments, given)
  const account = grant(run, query.accountId)
  return await inSnapshot(run.context.db, async tx => {
    const found = await results(tx, account, type, query)
    return {
      accountId: account.id,
      queryState: stateOf(await currentModseq(tx, account)),
      canCalculateChanges: true,
      ...page(found.map(type.id), query),
      ...(query.calculateTotal && { total: found.length }),
    }
  })
}

/**
 * Everything that changed is taken out and, when it still matches, put where it belongs now.
 * @param changed which of all may have come, gone or moved since
 */
export async function queryChangesStandard<T>(
  given: Arguments,
  run: Run,
  name: 'Mailbox' | 'EmailSubmission',
  type: Queried<T>,
  changed: (all: readonly T[], since: Since) => readonly T[],
) {
  const query = read(queryChangesArguments, given)
  const account = grant(run, query.accountId)
  return await inSnapshot(run.context.db, async tx => {
    const current = await currentModseq(tx, account)
    const since = parseState(query.sinceQueryState, current)
    if (since.afterId !== null) throw new MethodError('cannotCalculateChanges')
    const found = await results(tx, account, type, query)
    const ids = new Set(changed(await type.all(tx, account), since).map(type.id))
    const gone = await tombstones(tx, account, name, since)
    const removed = [...ids, ...gone.map(change => change.id)]
    const added = found.flatMap((object, index) =>
      ids.has(type.id(object)) ? { id: type.id(object), index } : [],
    )
    if (query.maxChanges && removed.length + added.length > query.maxChanges) {
      throw new MethodError('tooManyChanges')
    }
    return {
      accountId: account.id,
      oldQueryState: query.sinceQueryState,
      newQueryState: stateOf(current),
      removed,
      added,
      ...(query.calculateTotal && { total: found.length }),
    }
  })
}
