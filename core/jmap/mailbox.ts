/**
 * JMAP's Mailbox (RFC 8621 §2): a folder of one of our mailboxes, which JMAP calls an account. Reading:
 * get, changes, query, queryChanges.
 */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import type { FolderRole, Row } from '../db/schema.ts'
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
import { MethodError } from './errors.ts'
import { CORE_LIMITS, MAX_CHANGES } from './limits.ts'
import { page } from './page.ts'
import { type Change, changesOf, currentModseq, lowerBound, parseState, stateOf } from './state.ts'

const PROPERTIES = [
  'id',
  'name',
  'parentId',
  'role',
  'sortOrder',
  'totalEmails',
  'unreadEmails',
  'totalThreads',
  'unreadThreads',
  'myRights',
  'isSubscribed',
] as const
const COUNTS = ['totalEmails', 'unreadEmails', 'totalThreads', 'unreadThreads']

export async function foldersOf(db: Executor, account: Granted): Promise<Row<'folder'>[]> {
  return await db
    .selectFrom('folder')
    .selectAll()
    .where('mailbox_id', '=', account.id)
    .orderBy('sort_order')
    .orderBy('name')
    .execute()
}

type Counts = { total: number; unread: number; threads: number; unreadThreads: number }

/** RFC 8621 §2: Trash and the rest are counted apart, so that a deleted unread message marks nothing. */
async function countsOf(db: Executor, account: Granted): Promise<Map<string, Counts>> {
  const result = await sql<Counts & { folder_id: string }>`
    with e as (
      select email.folder_id, email.thread_id, coalesce(folder.role = 'trash', false) as trash,
        not (email.keywords && '{$seen,$draft}') as unread
      from email join folder on folder.id = email.folder_id
      where email.mailbox_id = ${account.id}
    ), t as (
      select thread_id, trash, bool_or(unread) as unread from e group by thread_id, trash
    )
    select e.folder_id, count(*) as total, count(*) filter (where e.unread) as unread,
      count(distinct e.thread_id) as threads,
      count(distinct e.thread_id) filter (where t.unread) as "unreadThreads"
    from e join t on t.thread_id = e.thread_id and t.trash = e.trash
    group by e.folder_id`.execute(db)
  return new Map(result.rows.map(({ folder_id, ...counts }) => [folder_id, counts]))
}

const NOTHING: Counts = { total: 0, unread: 0, threads: 0, unreadThreads: 0 }

function view(folder: Row<'folder'>, counts: Counts): Record<string, unknown> {
  const own = folder.role === null
  return {
    id: folder.id,
    name: folder.name,
    parentId: folder.parent_id,
    role: folder.role,
    sortOrder: folder.sort_order,
    totalEmails: counts.total,
    unreadEmails: counts.unread,
    totalThreads: counts.threads,
    unreadThreads: counts.unreadThreads,
    myRights: {
      mayReadItems: true,
      mayAddItems: true,
      mayRemoveItems: true,
      maySetSeen: true,
      maySetKeywords: true,
      mayCreateChild: true,
      mayRename: own,
      mayDelete: own,
      maySubmit: true,
    },
    isSubscribed: true,
  }
}

export async function mailboxGet(given: Arguments, run: Run) {
  const { accountId, ids, properties: asked } = read(getArguments, given)
  const account = grant(run, accountId)
  const wanted = properties(asked, PROPERTIES)
  if (ids && ids.length > CORE_LIMITS.maxObjectsInGet) throw new MethodError('requestTooLarge')
  return await inSnapshot(run.context.db, async tx => {
    const folders = await foldersOf(tx, account)
    const counts = COUNTS.some(name => wanted.has(name)) ? await countsOf(tx, account) : new Map()
    const all = new Map(folders.map(folder => [folder.id, view(folder, counts.get(folder.id) ?? NOTHING)]))
    const asked = ids ? [...new Set(ids)] : [...all.keys()]
    return {
      accountId: account.id,
      state: stateOf(await currentModseq(tx, account)),
      list: asked.flatMap(id => (all.has(id) ? pick(all.get(id)!, wanted) : [])),
      notFound: asked.filter(id => !all.has(id)),
    }
  })
}

export async function mailboxChanges(given: Arguments, run: Run) {
  const { accountId, sinceState, maxChanges } = read(changesArguments, given)
  const account = grant(run, accountId)
  return await inSnapshot(run.context.db, async tx => {
    const current = await currentModseq(tx, account)
    const since = parseState(sinceState, current)
    const folders = await foldersOf(tx, account)
    const found: Change[] = folders.map(folder => ({
      id: folder.id,
      modseq: Math.max(folder.updated_modseq, folder.counts_modseq),
      createdModseq: folder.created_modseq,
      destroyed: false,
    }))
    const changes = changesOf(
      sinceState,
      since,
      [...found, ...(await tombstones(tx, account, 'Mailbox', lowerBound(since)))],
      current,
      maxChanges,
    )
    const moreThanCounts = folders.some(
      folder => folder.updated_modseq > since.modseq && changes.updated.includes(folder.id),
    )
    return {
      accountId: account.id,
      ...changes,
      updatedProperties: moreThanCounts || changes.updated.length === 0 ? null : COUNTS,
    }
  })
}

/** What was destroyed after a modseq. */
export async function tombstones(
  tx: Executor,
  account: Granted,
  type: 'Email' | 'Mailbox' | 'EmailSubmission',
  after: number,
  limit = MAX_CHANGES + 1,
): Promise<Change[]> {
  const rows = await tx
    .selectFrom('tombstone')
    .select(['object_id', 'modseq', 'created_modseq'])
    .where('mailbox_id', '=', account.id)
    .where('type', '=', type)
    .where('modseq', '>', after)
    .orderBy('modseq')
    .orderBy('object_id')
    .limit(limit)
    .execute()
  return rows.map(row => ({
    id: row.object_id,
    modseq: row.modseq,
    createdModseq: row.created_modseq,
    destroyed: true,
  }))
}

type Tree = { asTree: boolean; filterAsTree: boolean }

/** Filter and sort are done here: nobody has more than some hundred folders. */
function queryFolders(
  folders: readonly Row<'folder'>[],
  filter: Record<string, unknown> | null | undefined,
  sort: readonly { property: string; isAscending?: boolean }[] | null | undefined,
  tree: Tree,
): string[] {
  const matching = new Set(folders.filter(folder => matches(folder, filter)).map(folder => folder.id))
  const compare = comparator(sort ?? [{ property: 'sortOrder' }, { property: 'name' }])
  const sorted = [...folders].sort(compare)
  const ordered = tree.asTree ? asTree(sorted, null) : sorted
  const parents = new Map(folders.map(folder => [folder.id, folder.parent_id]))
  const visible = (id: string): boolean => {
    if (!matching.has(id)) return false
    const parent = parents.get(id)
    return !tree.filterAsTree || !parent || visible(parent)
  }
  return ordered.filter(folder => visible(folder.id)).map(folder => folder.id)
}

function asTree(sorted: readonly Row<'folder'>[], parentId: string | null): Row<'folder'>[] {
  return sorted
    .filter(folder => folder.parent_id === parentId)
    .flatMap(folder => [folder, ...asTree(sorted, folder.id)])
}

function matches(folder: Row<'folder'>, filter: Record<string, unknown> | null | undefined): boolean {
  if (!filter) return true
  if ('operator' in filter) {
    const conditions = filter.conditions
    if (!Array.isArray(conditions)) throw new MethodError('invalidArguments', 'filter')
    const results = conditions.map(condition => matches(folder, condition as Record<string, unknown>))
    switch (filter.operator) {
      case 'AND':
        return results.every(Boolean)
      case 'OR':
        return results.some(Boolean)
      case 'NOT':
        return !results.some(Boolean)
      default:
        throw new MethodError('unsupportedFilter', 'operator')
    }
  }
  return Object.entries(filter).every(([key, value]) => {
    switch (key) {
      case 'parentId':
        return folder.parent_id === value
      case 'name':
        return typeof value === 'string' && folder.name.toLowerCase().includes(value.toLowerCase())
      case 'role':
        return folder.role === (value as FolderRole | null)
      case 'hasAnyRole':
        return (folder.role !== null) === value
      case 'isSubscribed':
        return value === true
      default:
        throw new MethodError('unsupportedFilter', key.slice(0, 100))
    }
  })
}

function comparator(sort: readonly { property: string; isAscending?: boolean }[]) {
  for (const { property } of sort) {
    if (property !== 'name' && property !== 'sortOrder' && property !== 'parentId') {
      throw new MethodError('unsupportedSort', property.slice(0, 100))
    }
  }
  return (a: Row<'folder'>, b: Row<'folder'>): number => {
    for (const { property, isAscending = true } of sort) {
      const order =
        property === 'sortOrder'
          ? a.sort_order - b.sort_order
          : property === 'name'
            ? a.name.toLowerCase().localeCompare(b.name.toLowerCase())
            : (a.parent_id ?? '').localeCompare(b.parent_id ?? '')
      if (order !== 0) return isAscending ? order : -order
    }
    return a.id < b.id ? -1 : 1
  }
}

const treeOf = (given: Arguments): Tree => ({
  asTree: given.sortAsTree === true,
  filterAsTree: given.filterAsTree === true,
})

export async function mailboxQuery(given: Arguments, run: Run) {
  const query = read(queryArguments, given)
  const account = grant(run, query.accountId)
  return await inSnapshot(run.context.db, async tx => {
    const all = queryFolders(await foldersOf(tx, account), query.filter, query.sort, treeOf(given))
    return {
      accountId: account.id,
      queryState: stateOf(await currentModseq(tx, account)),
      canCalculateChanges: true,
      ...page(all, query),
      ...(query.calculateTotal && { total: all.length }),
    }
  })
}

/** Everything that changed is taken out and, when it still matches, put where it belongs now. */
export async function mailboxQueryChanges(given: Arguments, run: Run) {
  const query = read(queryChangesArguments, given)
  const account = grant(run, query.accountId)
  return await inSnapshot(run.context.db, async tx => {
    const current = await currentModseq(tx, account)
    const since = parseState(query.sinceQueryState, current)
    const folders = await foldersOf(tx, account)
    const all = queryFolders(folders, query.filter, query.sort, treeOf(given))
    // A renamed or moved parent moves its children too: with a tree, everything may have moved.
    const anyChange = folders.some(folder => folder.updated_modseq > since.modseq)
    const whole = anyChange && (treeOf(given).asTree || treeOf(given).filterAsTree)
    const changed = folders.filter(folder => whole || folder.updated_modseq > since.modseq)
    const gone = await tombstones(tx, account, 'Mailbox', since.modseq)
    const ids = new Set(changed.map(folder => folder.id))
    const removed = [...ids, ...gone.map(change => change.id)]
    const added = all.flatMap((id, index) => (ids.has(id) ? { id, index } : []))
    if (query.maxChanges && removed.length + added.length > query.maxChanges) {
      throw new MethodError('tooManyChanges')
    }
    return {
      accountId: account.id,
      oldQueryState: query.sinceQueryState,
      newQueryState: stateOf(current),
      removed,
      added,
      ...(query.calculateTotal && { total: all.length }),
    }
  })
}

/** Whether there is such a folder, without asking the database about what is no id. */
export function findFolder(folders: readonly Row<'folder'>[], id: string): Row<'folder'> | undefined {
  return isUuid(id) ? folders.find(folder => folder.id === id) : undefined
}
