/** EmailSubmission: get, changes, query, queryChanges (RFC 8621 §7). Sending stands in submission-set.ts. */
import type { Executor } from '../db/connection.ts'
import type { Row } from '../db/schema.ts'
import { inSnapshot } from '../db/transaction.ts'
import {
  type Arguments,
  changesArguments,
  getArguments,
  isUuid,
  pick,
  properties,
  queryArguments,
  queryChangesArguments,
  read,
} from './arguments.ts'
import { type Granted, grant, type Run } from './context.ts'
import { deliveryStatusOf } from './delivery.ts'
import { utc } from './email-view.ts'
import { MethodError } from './errors.ts'
import { identitiesOf } from './identity.ts'
import { CORE_LIMITS } from './limits.ts'
import { tombstones } from './mailbox.ts'
import { page } from './page.ts'
import { changesOf, currentModseq, lowerBound, parseState, stateOf } from './state.ts'

const PROPERTIES = [
  'id',
  'identityId',
  'emailId',
  'threadId',
  'envelope',
  'sendAt',
  'undoStatus',
  'deliveryStatus',
  'dsnBlobIds',
  'mdnBlobIds',
]

type Submission = Row<'submission'> & { thread_id: string | null }

async function submissionsOf(
  db: Executor,
  account: Granted,
  ids: readonly string[] | null,
): Promise<Submission[]> {
  const usable = ids?.filter(isUuid)
  if (usable?.length === 0) return []
  let query = db
    .selectFrom('submission')
    .leftJoin('email', join =>
      join
        .onRef('email.id', '=', 'submission.email_id')
        .onRef('email.mailbox_id', '=', 'submission.mailbox_id'),
    )
    .selectAll('submission')
    .select('email.thread_id')
    .where('submission.mailbox_id', '=', account.id)
    .orderBy('submission.send_at', 'desc')
    .limit(10_000)
  if (usable) query = query.where('submission.id', 'in', usable)
  return await query.execute()
}

export async function submissionGet(given: Arguments, run: Run) {
  const { accountId, ids, properties: asked } = read(getArguments, given)
  const account = grant(run, accountId)
  const wanted = properties(asked, PROPERTIES)
  if (ids && ids.length > CORE_LIMITS.maxObjectsInGet) throw new MethodError('requestTooLarge')
  const fallback = identitiesOf(run, account)
  return await inSnapshot(run.context.db, async tx => {
    const rows = await submissionsOf(tx, account, ids ?? null)
    if (rows.length > CORE_LIMITS.maxObjectsInGet) throw new MethodError('requestTooLarge')
    const status = wanted.has('deliveryStatus')
      ? await deliveryStatusOf(
          tx,
          rows.map(row => row.message_id),
        )
      : null
    const found = new Set(rows.map(row => row.id))
    return {
      accountId: account.id,
      state: stateOf(await currentModseq(tx, account)),
      list: rows.map(row =>
        pick(
          {
            id: row.id,
            identityId:
              row.identity_id || (fallback.find(one => one.email === row.sender) ?? fallback[0])?.id || null,
            emailId: row.email_id,
            threadId: row.thread_id,
            envelope: {
              mailFrom: { email: row.sender, parameters: null },
              rcptTo: row.recipients.map(email => ({ email, parameters: null })),
            },
            sendAt: utc(row.send_at),
            undoStatus: 'final',
            deliveryStatus: status?.get(row.message_id) ?? null,
            dsnBlobIds: [],
            mdnBlobIds: [],
          },
          wanted,
        ),
      ),
      notFound: (ids ?? []).filter(id => !found.has(id)),
    }
  })
}

export async function submissionChanges(given: Arguments, run: Run) {
  const { accountId, sinceState, maxChanges } = read(changesArguments, given)
  const account = grant(run, accountId)
  return await inSnapshot(run.context.db, async tx => {
    const current = await currentModseq(tx, account)
    const since = parseState(sinceState, current)
    const rows = await tx
      .selectFrom('submission')
      .select(['id', 'updated_modseq', 'created_modseq'])
      .where('mailbox_id', '=', account.id)
      .where('updated_modseq', '>', lowerBound(since))
      .execute()
    const found = rows.map(row => ({
      id: row.id,
      modseq: row.updated_modseq,
      createdModseq: row.created_modseq,
      destroyed: false,
    }))
    const gone = await tombstones(tx, account, 'EmailSubmission', lowerBound(since))
    return {
      accountId: account.id,
      ...changesOf(sinceState, since, [...found, ...gone], current, maxChanges),
    }
  })
}

function matches(
  row: Submission,
  filter: Record<string, unknown> | null | undefined,
  identityOf: Map<string, string>,
): boolean {
  if (!filter) return true
  if ('operator' in filter) {
    if (!Array.isArray(filter.conditions)) throw new MethodError('invalidArguments', 'filter')
    const results = filter.conditions.map(part => matches(row, part as Record<string, unknown>, identityOf))
    if (filter.operator === 'AND') return results.every(Boolean)
    if (filter.operator === 'OR') return results.some(Boolean)
    if (filter.operator === 'NOT') return !results.some(Boolean)
    throw new MethodError('unsupportedFilter', 'operator')
  }
  return Object.entries(filter).every(([key, value]) => {
    const among = (id: string | null) => Array.isArray(value) && value.includes(id)
    switch (key) {
      case 'identityIds':
        return among(row.identity_id || identityOf.get(row.sender) || null)
      case 'emailIds':
        return among(row.email_id)
      case 'threadIds':
        return among(row.thread_id)
      case 'undoStatus':
        return value === 'final'
      case 'before':
        return row.send_at < new Date(String(value))
      case 'after':
        return row.send_at >= new Date(String(value))
      default:
        throw new MethodError('unsupportedFilter', key.slice(0, 100))
    }
  })
}

async function queried(
  tx: Executor,
  run: Run,
  account: Granted,
  query: {
    filter?: Record<string, unknown> | null | undefined
    sort?: readonly { property: string; isAscending?: boolean | undefined }[] | null | undefined
  },
): Promise<Submission[]> {
  const identityOf = new Map(identitiesOf(run, account).map(one => [one.email, one.id]))
  const rows = (await submissionsOf(tx, account, null)).filter(row => matches(row, query.filter, identityOf))
  const sort = query.sort?.length ? query.sort : [{ property: 'sentAt', isAscending: false }]
  const keys: Record<string, (row: Submission) => string | number> = {
    emailId: row => row.email_id ?? '',
    threadId: row => row.thread_id ?? '',
    sentAt: row => row.send_at.getTime(),
  }
  for (const { property } of sort) {
    if (!Object.hasOwn(keys, property)) throw new MethodError('unsupportedSort', property.slice(0, 100))
  }
  return rows.sort((a, b) => {
    for (const { property, isAscending = true } of sort) {
      const [x, y] = [keys[property]!(a), keys[property]!(b)]
      if (x !== y) return x < y === isAscending ? -1 : 1
    }
    return a.id < b.id ? -1 : 1
  })
}

export async function submissionQuery(given: Arguments, run: Run) {
  const query = read(queryArguments, given)
  const account = grant(run, query.accountId)
  return await inSnapshot(run.context.db, async tx => {
    const rows = await queried(tx, run, account, query)
    return {
      accountId: account.id,
      queryState: stateOf(await currentModseq(tx, account)),
      canCalculateChanges: true,
      ...page(
        rows.map(row => row.id),
        query,
      ),
      ...(query.calculateTotal && { total: rows.length }),
    }
  })
}

export async function submissionQueryChanges(given: Arguments, run: Run) {
  const query = read(queryChangesArguments, given)
  const account = grant(run, query.accountId)
  return await inSnapshot(run.context.db, async tx => {
    const current = await currentModseq(tx, account)
    const since = parseState(query.sinceQueryState, current)
    const rows = await queried(tx, run, account, query)
    const all = await submissionsOf(tx, account, null)
    const changed = new Set(all.filter(row => row.updated_modseq > since.modseq).map(row => row.id))
    const gone = await tombstones(tx, account, 'EmailSubmission', since.modseq)
    const removed = [...changed, ...gone.map(change => change.id)]
    const added = rows.flatMap((row, index) => (changed.has(row.id) ? { id: row.id, index } : []))
    if (query.maxChanges && removed.length + added.length > query.maxChanges)
      throw new MethodError('tooManyChanges')
    return {
      accountId: account.id,
      oldQueryState: query.sinceQueryState,
      newQueryState: stateOf(current),
      removed,
      added,
      ...(query.calculateTotal && { total: rows.length }),
    }
  })
}
