/**
 * JMAP's Mailbox (RFC 8621 §2): a folder of one of our mailboxes, which JMAP calls an account. Reading:
 * get, changes, query, queryChanges. Its counts are kept in its row by the database.
 */
import type { Executor } from '../db/connection.ts'
import type { Row } from '../db/schema.ts'
import { type Arguments, isUuid } from './arguments.ts'
import type { Granted, Run } from './context.ts'
import { MethodError } from './errors.ts'
import {
  changesStandard,
  getStandard,
  type Queried,
  queryChangesStandard,
  queryStandard,
} from './standard.ts'

type Folder = Row<'folder'>

const COUNTS = ['totalEmails', 'unreadEmails', 'totalThreads', 'unreadThreads']
const PROPERTIES = ['id', 'name', 'parentId', 'role', 'sortOrder', ...COUNTS, 'myRights', 'isSubscribed']

export async function foldersOf(db: Executor, account: Granted): Promise<Folder[]> {
  return await db
    .selectFrom('folder')
    .selectAll()
    .where('mailbox_id', '=', account.id)
    .orderBy('sort_order')
    .orderBy('name')
    .execute()
}

/** Whoever is a member of the mailbox may do everything; folders with a role stay as they are. */
export function rightsOf(role: Folder['role']): Record<string, boolean> {
  return {
    mayReadItems: true,
    mayAddItems: true,
    mayRemoveItems: true,
    maySetSeen: true,
    maySetKeywords: true,
    mayCreateChild: true,
    mayRename: role === null,
    mayDelete: role === null,
    maySubmit: true,
  }
}

function view(folder: Folder): Record<string, unknown> {
  return {
    id: folder.id,
    name: folder.name,
    parentId: folder.parent_id,
    role: folder.role,
    sortOrder: folder.sort_order,
    totalEmails: folder.total,
    unreadEmails: folder.unread,
    totalThreads: folder.threads,
    unreadThreads: folder.unread_threads,
    myRights: rightsOf(folder.role),
    isSubscribed: true,
  }
}

export async function mailboxGet(given: Arguments, run: Run) {
  return await getStandard(given, run, PROPERTIES, async (tx, { account }) => {
    const folders = await foldersOf(tx, account)
    return new Map(folders.map(folder => [folder.id, view(folder)]))
  })
}

export async function mailboxChanges(given: Arguments, run: Run) {
  let folders: Folder[] = []
  const { answer, since } = await changesStandard(given, run, 'Mailbox', async (tx, account) => {
    folders = await foldersOf(tx, account)
    return folders.map(folder => ({
      id: folder.id,
      modseq: Math.max(folder.updated_modseq, folder.counts_modseq),
      createdModseq: folder.created_modseq,
    }))
  })
  const moreThanCounts = folders.some(
    folder => folder.updated_modseq > since.created && answer.updated.includes(folder.id),
  )
  return { ...answer, updatedProperties: moreThanCounts || answer.updated.length === 0 ? null : COUNTS }
}

/** RFC 8621 §2.3. */
function folderQuery(given: Arguments): Queried<Folder> {
  const parents = new Map<string, string | null>()
  return {
    async all(tx, account) {
      const folders = await foldersOf(tx, account)
      for (const folder of folders) parents.set(folder.id, folder.parent_id)
      return folders
    },
    id: folder => folder.id,
    condition,
    sorts: {
      name: folder => folder.name.toLowerCase(),
      sortOrder: folder => folder.sort_order,
      parentId: folder => folder.parent_id ?? '',
    },
    standardSort: [{ property: 'sortOrder' }, { property: 'name' }],
    arrange(sorted, matches) {
      const matching = new Set(sorted.filter(matches).map(folder => folder.id))
      const visible = (id: string): boolean => {
        const parent = parents.get(id)
        return matching.has(id) && (given.filterAsTree !== true || !parent || visible(parent))
      }
      const ordered = given.sortAsTree === true ? asTree(sorted, null) : sorted
      return ordered.filter(folder => visible(folder.id))
    },
  }
}

function condition(key: string, value: unknown): (folder: Folder) => boolean {
  switch (key) {
    case 'parentId':
      return folder => folder.parent_id === value
    case 'name': {
      if (typeof value !== 'string') throw new MethodError('invalidArguments', 'filter/name')
      return folder => folder.name.toLowerCase().includes(value.toLowerCase())
    }
    case 'role':
      return folder => folder.role === value
    case 'hasAnyRole':
      return folder => (folder.role !== null) === value
    case 'isSubscribed':
      return () => value === true
    default:
      throw new MethodError('unsupportedFilter', key.slice(0, 100))
  }
}

function asTree(sorted: readonly Folder[], parentId: string | null): Folder[] {
  return sorted
    .filter(folder => folder.parent_id === parentId)
    .flatMap(folder => [folder, ...asTree(sorted, folder.id)])
}

export async function mailboxQuery(given: Arguments, run: Run) {
  return await queryStandard(given, run, folderQuery(given))
}

export async function mailboxQueryChanges(given: Arguments, run: Run) {
  const tree = given.sortAsTree === true || given.filterAsTree === true
  return await queryChangesStandard(given, run, 'Mailbox', folderQuery(given), (all, since) => {
    const changed = all.filter(folder => folder.updated_modseq > since.modseq)
    // A renamed or moved parent moves its children too: in a tree everything may have moved.
    return tree && changed.length > 0 ? all : changed
  })
}

/** Whether there is such a folder, without asking the database about what is no id. */
export function findFolder(folders: readonly Folder[], id: string): Folder | undefined {
  return isUuid(id) ? folders.find(folder => folder.id === id) : undefined
}
