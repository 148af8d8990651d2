/**
 * Folders that people made, renamed or moved here, done again at their own server: in the order in which they did
 * it, because a name may have been somebody else's before. Renaming there takes the mail and the folders inside along.
 *
 * Done twice it is done once: what is at its new place already is left alone. A step is taken off the list when it
 * has succeeded. What would put two folders into one is left as it is there, and so are the server's special folders;
 * a folder that was removed here stays there, for it may hold what we never saw.
 */
import type { Executor } from '@restante/core/db/connection.ts'
import type { FolderPath } from '@restante/core/db/schema/restore.ts'
import { findSpecial, type Namespace, placeOf, type ServerFolder } from './folders.ts'
import { type Session, saidBy } from './session.ts'

export type FolderChange = { id: number; from: FolderPath | null; to: FolderPath }

export type FolderStep =
  | { type: 'nothing' }
  | { type: 'create'; path: string }
  | { type: 'rename'; from: string; to: string }

/** What a change means at a server that has these folders. */
export function stepOf(
  change: Pick<FolderChange, 'from' | 'to'>,
  folders: readonly ServerFolder[],
  namespace: Namespace,
): FolderStep {
  const known = new Set(folders.map(folder => folder.path))
  const to = pathOf(change.to, folders, namespace)
  if (to === null || known.has(to)) return { type: 'nothing' }
  const from = change.from && pathOf(change.from, folders, namespace)
  if (from && known.has(from) && !isSpecial(from, folders)) return { type: 'rename', from, to }
  return { type: 'create', path: to }
}

function pathOf(path: FolderPath, folders: readonly ServerFolder[], namespace: Namespace): string | null {
  const chain = path.map(({ name, role }, depth) => ({
    id: String(depth),
    name,
    role,
    parentId: depth === 0 ? null : String(depth - 1),
  }))
  return placeOf(String(chain.length - 1), chain, folders, namespace)?.path ?? null
}

const ROLES = ['sent', 'drafts', 'trash', 'junk', 'archive'] as const

/** A folder of somebody's own here may have the name of the server's Sent. */
function isSpecial(path: string, folders: readonly ServerFolder[]): boolean {
  const folder = folders.find(one => one.path === path)
  return (
    path.toUpperCase() === 'INBOX' ||
    folder?.specialUse !== undefined ||
    ROLES.some(role => findSpecial(folders, role)?.path === path)
  )
}

export async function readFolderChanges(db: Executor, mailboxId: string): Promise<FolderChange[]> {
  const rows = await db
    .selectFrom('folder_change')
    .select(['id', 'from_path as from', 'to_path as to'])
    .where('mailbox_id', '=', mailboxId)
    .orderBy('id')
    .execute()
  return rows.map(({ id, from, to }) => ({ id: Number(id), from, to }))
}

/** Takes them off the list: done, or not to be done. */
export async function forgetFolderChanges(db: Executor, changes: readonly FolderChange[]): Promise<void> {
  if (changes.length === 0) return
  const ids = changes.map(change => change.id)
  await db.deleteFrom('folder_change').where('id', 'in', ids).execute()
}

/**
 * Does them all.
 * @returns why one could not be done, if any: it stays on the list, and what follows it too
 * @throws when the folders can no longer be listed
 */
export async function carryFolders(
  db: Executor,
  session: Session,
  changes: readonly FolderChange[],
): Promise<string | null> {
  let folders: ServerFolder[] | null = null
  for (const change of changes) {
    folders ??= await session.folders()
    const step = stepOf(change, folders, session.namespace)
    try {
      if (step.type === 'create') await session.create(step.path)
      if (step.type === 'rename') await session.rename(step.from, step.to)
    } catch (error) {
      return saidBy(error)
    }
    if (step.type !== 'nothing') folders = null
    await forgetFolderChanges(db, [change])
  }
  return null
}
