/**
 * Mailbox/set (RFC 8621 §2.5): folders that people make. The six with a role are the gateway's own: they can
 * be neither renamed, moved nor destroyed.
 */
import { newId } from '../db/id.ts'
import type { Row } from '../db/schema.ts'
import { type Arguments, read, setArguments } from './arguments.ts'
import { type Change, changeMailbox } from './change.ts'
import { type Granted, grant, type Run } from './context.ts'
import { destroyEmails } from './email-destroy.ts'
import { invalidProperties, ObjectError } from './errors.ts'
import { MAIL_LIMITS } from './limits.ts'
import { findFolder, foldersOf, rightsOf } from './mailbox.ts'
import { createdId } from './references.ts'
import { checkSize, SetResult, setError } from './set.ts'

type Wanted = { name: string; parentId: string | null; sortOrder: number }

export async function mailboxSet(given: Arguments, run: Run) {
  const set = read(setArguments, given)
  checkSize(set)
  const account = grant(run, set.accountId)
  const removeEmails = given.onDestroyRemoveEmails === true
  const emailIds = removeEmails ? await emailsIn(run, account, set.destroy ?? []) : []
  const { result, oldState, newState } = await changeMailbox(
    run,
    account,
    { ifInState: set.ifInState, emailIds },
    async change => {
      const result = new SetResult()
      // A transaction that is tried again begins with what it began with.
      const created = new Map<string, string>()
      for (const [key, properties] of Object.entries(set.create ?? {})) {
        try {
          result.created[key] = await createFolder(
            change,
            properties,
            new Map([...run.createdIds, ...created]),
          )
          created.set(key, result.created[key]!.id as string)
        } catch (error) {
          result.notCreated[key] = setError(error)
        }
      }
      const known = new Map([...run.createdIds, ...created])
      for (const [key, patch] of Object.entries(set.update ?? {})) {
        try {
          await updateFolder(change, createdId(key, known), patch, known)
          result.updated[createdId(key, known)!] = null
        } catch (error) {
          result.notUpdated[key] = setError(error)
        }
      }
      for (const key of set.destroy ?? []) {
        try {
          await destroyFolder(run, change, createdId(key, known), removeEmails)
          result.destroyed.push(createdId(key, known)!)
        } catch (error) {
          result.notDestroyed[key] = setError(error)
        }
      }
      return { set: result, created }
    },
  )
  for (const [key, id] of result.created) run.createdIds.set(key, id)
  return result.set.answer(account.id, oldState, newState)
}

async function emailsIn(run: Run, account: Granted, folderIds: readonly string[]): Promise<string[]> {
  const ids = folderIds.map(id => createdId(id, run.createdIds) ?? '')
  const folders = await foldersOf(run.context.db, account)
  const known = ids.filter(id => findFolder(folders, id))
  if (known.length === 0) return []
  const rows = await run.context.db
    .selectFrom('email')
    .select('id')
    .where('mailbox_id', '=', account.id)
    .where('folder_id', 'in', known)
    .execute()
  return rows.map(row => row.id)
}

async function createFolder(
  change: Change,
  properties: Record<string, unknown>,
  created: ReadonlyMap<string, string>,
): Promise<Record<string, unknown>> {
  const folders = await foldersOf(change.tx, change.account)
  const wanted = readProperties(properties, { name: '', parentId: null, sortOrder: 10 }, folders, created)
  if (properties.role !== undefined && properties.role !== null) throw invalidProperties(['role'])
  checkPlace(wanted, folders, null)
  const modseq = await change.raise()
  const id = newId()
  await change.tx
    .insertInto('folder')
    .values({
      id,
      mailbox_id: change.account.id,
      name: wanted.name,
      role: null,
      parent_id: wanted.parentId,
      sort_order: wanted.sortOrder,
      created_modseq: modseq,
      updated_modseq: modseq,
      counts_modseq: modseq,
    })
    .execute()
  return {
    id,
    sortOrder: wanted.sortOrder,
    totalEmails: 0,
    unreadEmails: 0,
    totalThreads: 0,
    unreadThreads: 0,
    isSubscribed: true,
    myRights: rightsOf(null),
  }
}

async function updateFolder(
  change: Change,
  id: string | null,
  patch: Record<string, unknown>,
  created: ReadonlyMap<string, string>,
): Promise<void> {
  const folders = await foldersOf(change.tx, change.account)
  const folder = findFolder(folders, id ?? '')
  if (!folder) throw new ObjectError('notFound')
  if ('role' in patch && patch.role !== folder.role) throw invalidProperties(['role'])
  const before = { name: folder.name, parentId: folder.parent_id, sortOrder: folder.sort_order }
  const wanted = readProperties(patch, before, folders, created)
  if (folder.role && (wanted.name !== before.name || wanted.parentId !== before.parentId)) {
    throw new ObjectError('forbidden', { description: 'a folder with a role keeps its name and place' })
  }
  checkPlace(wanted, folders, folder)
  await change.tx
    .updateTable('folder')
    .set({
      name: wanted.name,
      parent_id: wanted.parentId,
      sort_order: wanted.sortOrder,
      updated_modseq: await change.raise(),
    })
    .where('id', '=', folder.id)
    .execute()
}

async function destroyFolder(
  run: Run,
  change: Change,
  id: string | null,
  removeEmails: boolean,
): Promise<void> {
  const folders = await foldersOf(change.tx, change.account)
  const folder = findFolder(folders, id ?? '')
  if (!folder) throw new ObjectError('notFound')
  if (folder.role) throw new ObjectError('forbidden', { description: 'a folder with a role stays' })
  if (folders.some(other => other.parent_id === folder.id)) throw new ObjectError('mailboxHasChild')
  const inside = await change.tx.selectFrom('email').select('id').where('folder_id', '=', folder.id).execute()
  if (inside.length > 0 && !removeEmails) throw new ObjectError('mailboxHasEmail')
  await destroyEmails(
    change,
    inside.map(row => row.id),
    run.now(),
  )
  const modseq = await change.raise()
  await change.tx
    .insertInto('tombstone')
    .values({
      mailbox_id: change.account.id,
      type: 'Mailbox',
      object_id: folder.id,
      modseq,
      created_modseq: folder.created_modseq,
    })
    .execute()
  await change.tx.deleteFrom('folder').where('id', '=', folder.id).execute()
}

const SERVER_SET = ['id', 'totalEmails', 'unreadEmails', 'totalThreads', 'unreadThreads', 'myRights']

function readProperties(
  given: Record<string, unknown>,
  before: Wanted,
  folders: readonly Row<'folder'>[],
  created: ReadonlyMap<string, string>,
): Wanted {
  const wanted = { ...before }
  for (const [key, value] of Object.entries(given)) {
    switch (key) {
      case 'name': {
        const name = typeof value === 'string' ? value.normalize('NFC').trim() : ''
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
        if (!name || /[\x00-\x1f\x7f]/.test(name)) throw invalidProperties(['name'])
        if (Buffer.byteLength(name) > MAIL_LIMITS.maxSizeMailboxName) throw invalidProperties(['name'])
        wanted.name = name.toWellFormed()
        break
      }
      case 'parentId': {
        const parent = value === null ? null : findFolder(folders, createdId(String(value), created) ?? '')
        if (parent === undefined) throw invalidProperties(['parentId'])
        wanted.parentId = parent?.id ?? null
        break
      }
      case 'sortOrder':
        if (!Number.isInteger(value) || Number(value) < 0 || Number(value) > 2 ** 31 - 1) {
          throw invalidProperties(['sortOrder'])
        }
        wanted.sortOrder = Number(value)
        break
      case 'isSubscribed':
        if (value !== true) throw invalidProperties(['isSubscribed'])
        break
      case 'role':
        break
      default:
        throw invalidProperties(
          [key.slice(0, 100)],
          SERVER_SET.includes(key) ? 'set by the server' : undefined,
        )
    }
  }
  if (!wanted.name) throw invalidProperties(['name'])
  return wanted
}

/** Names differ among siblings, nothing is inside itself, and trees are not endless. */
function checkPlace(wanted: Wanted, folders: readonly Row<'folder'>[], self: Row<'folder'> | null): void {
  const twin = folders.find(
    folder =>
      folder.id !== self?.id &&
      folder.parent_id === wanted.parentId &&
      folder.name.toLowerCase() === wanted.name.toLowerCase(),
  )
  if (twin) throw invalidProperties(['name'], 'there is one of that name')
  let depth = 1
  for (let id = wanted.parentId; id !== null; depth++) {
    if (id === self?.id || depth >= MAIL_LIMITS.maxMailboxDepth) throw invalidProperties(['parentId'])
    id = folders.find(folder => folder.id === id)?.parent_id ?? null
  }
}
