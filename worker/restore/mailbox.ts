/**
 * Brings one mailbox's own server up to date with what its people did here: reads the work, looks what is there,
 * plans, carries out, and records each e-mail when its steps are done.
 *
 * A change is taken off the list (`email_change`) only after its steps have succeeded, and only if it was not
 * changed again meanwhile; so a crash at any point leaves what is left to do, and what is done is found done.
 */
import type { RestoredAction } from '@restante/core/db/schema/restore.ts'
import { loadBackend } from '@restante/core/directory/backends.ts'
import { loginFor } from '@restante/core/directory/imap.ts'
import { loadImapCredentials } from '@restante/core/directory/imap-credentials.ts'
import { counter } from '@restante/core/observe/metrics.ts'
import type { SpoolReader } from '@restante/core/spool/types.ts'
import type { Services } from '../services.ts'
import { carryFolders, type FolderChange, forgetFolderChanges, readFolderChanges } from './folder-changes.ts'
import { placeOf } from './folders.ts'
import { type Entry, record } from './journal.ts'
import { type Found, type Planned, plan, type Wanted } from './plan.ts'
import { deliverCopies } from './sent-copies.ts'
import { openSession, type Session } from './session.ts'
import type { Tokens } from './token.ts'
import { type Circumstances, type Item, meaning, readWork } from './work.ts'

export type Task = {
  restorationId: string
  mailboxId: string
  address: string
  organizationId: string
  backendId: string
  openedAt: Date
  deleted: 'trash' | 'none'
}

export type Result = {
  way: 'imap' | 'delivery' | 'none'
  /** Whose deliveries are not settled. */
  later: number
  /** Delivered, but not to be found there: not arrived yet, or filed where we can't see it. */
  missing: number
  failed: number
  /** What went wrong, in a line. */
  error: string | null
}

type Tools = Pick<Services, 'db' | 'spool' | 'sealKey' | 'hostname' | 'log'> & { tokens: Tokens }

const carried = counter('restored_total', "E-mails brought to people's own servers, by what was done.", [
  'action',
])

/** E-mails carried before what was done is recorded. */
const CHUNK = 200
/** Folders looked through for what is not where it should be. */
const MOST_FOLDERS = 200

/** @throws Error when the server can't be reached or refuses us, in words for an admin */
export async function restoreMailbox(tools: Tools, task: Task): Promise<Result> {
  const { db } = tools
  const items = await readWork(db, task.mailboxId, task.openedAt)
  const changes = await readFolderChanges(db, task.mailboxId)
  if (items.length === 0 && changes.length === 0) {
    return { way: 'none', later: 0, missing: 0, failed: 0, error: null }
  }
  const { imap } = await loadBackend(db, task.backendId, tools.sealKey)
  const credentials = await loadImapCredentials(db, task.mailboxId, tools.sealKey)
  const login = imap && loginFor(imap, task.address, credentials)
  if (!imap || !login) {
    await forgetFolderChanges(db, changes)
    return await deliverCopies(tools, task, items)
  }
  const session = await openSession(imap, login, tools.tokens, tools.hostname)
  try {
    return await carry(tools, task, { items, changes }, session)
  } finally {
    await session.close()
  }
}

async function carry(
  tools: Tools,
  task: Task,
  { items, changes }: { items: readonly Item[]; changes: readonly FolderChange[] },
  session: Session,
): Promise<Result> {
  const { db } = tools
  const refusedFolder = await carryFolders(db, session, changes)
  const folders = await session.folders()
  const ours = await db
    .selectFrom('folder')
    .select(['id', 'name', 'role', 'parent_id as parentId'])
    .where('mailbox_id', '=', task.mailboxId)
    .execute()
  const trashId = ours.find(folder => folder.role === 'trash')?.id ?? ''
  const place = (folderId: string) => placeOf(folderId, ours, folders, session.namespace)
  const at: Circumstances = {
    openedAt: task.openedAt,
    deleted: task.deleted,
    place,
    trash: place(trashId) ?? { path: `${session.namespace.prefix}Trash`, exists: false },
  }
  const byId = new Map(items.map(item => [item.emailId, item]))
  const wanted: Wanted[] = []
  const settled: Item[] = []
  let later = 0
  for (const item of items) {
    const meant = meaning(item, at)
    if (meant.type === 'nothing') settled.push(item)
    else if (meant.type === 'later') later++
    else wanted.push(...meant.wanted)
  }
  // Of what was destroyed nothing else is left that the statement could count.
  const gone = settled.filter(item => item.now === null && !item.copy)
  await record(
    db,
    task,
    settled,
    gone.map(item => ({ item, action: 'deleted', folder: null, error: null })),
  )
  const found = await look(
    session,
    folders.filter(folder => folder.selectable).map(folder => folder.path),
    wanted,
    byId,
  )
  const known = new Set(folders.filter(folder => folder.selectable).map(folder => folder.path))
  const planned = plan(wanted, found)
  const failed = refusedFolder === null ? 0 : 1
  const result: Result = { way: 'imap', later, missing: 0, failed, error: refusedFolder }
  for (let start = 0; start < planned.length; start += CHUNK) {
    const chunk = planned.slice(start, start + CHUNK)
    const refused = await makeFolders(session, known, chunk)
    const able = chunk.filter(one => !refused.has(one.wanted.emailId))
    const failed = await session.carryOut(able, emailId => contentOf(tools.spool, byId.get(emailId)))
    for (const [id, why] of refused) failed.set(id, why)
    await recordChunk(tools, task, chunk, byId, failed, result)
  }
  return result
}

/** What is in the folders that matter; in all others too, when something is not to be found there. */
async function look(
  session: Session,
  paths: readonly string[],
  wanted: readonly Wanted[],
  byId: ReadonlyMap<string, Item>,
): Promise<Found[]> {
  if (wanted.length === 0) return []
  const dates = wanted.map(one => byId.get(one.emailId)!.receivedAt.getTime())
  const since = new Date(Math.min(...dates))
  const likely = new Set(['INBOX'])
  for (const one of wanted) {
    if (one.type === 'ours') likely.add(one.target)
    if (one.type === 'delivered' && one.target !== null) likely.add(one.target)
    if (one.type === 'deleted') likely.add(one.spare)
  }
  const found: Found[] = []
  const inbox = (path: string) => path.toUpperCase() === 'INBOX'
  const there = (path: string) => paths.some(one => one === path || (inbox(one) && inbox(path)))
  for (const path of likely) if (there(path)) found.push(...(await session.messages(path, since)))
  const astray = plan(wanted, found).some(
    one =>
      one.missing ||
      one.wanted.type === 'withdrawn' ||
      (one.wanted.type === 'ours' && one.wanted.appended && one.steps.some(step => step.type === 'append')),
  )
  if (!astray) return found
  const others = paths.filter(path => !likely.has(path) && !inbox(path)).slice(0, MOST_FOLDERS)
  for (const path of others) found.push(...(await session.messages(path, since)))
  return found
}

/** @returns the e-mails whose folder could not be made, and why */
async function makeFolders(
  session: Session,
  known: Set<string>,
  planned: readonly Planned[],
): Promise<Map<string, string>> {
  const refused = new Map<string, string>()
  const bad = new Map<string, string>()
  for (const { wanted, steps } of planned) {
    for (const step of steps) {
      if (step.type !== 'move' && step.type !== 'append') continue
      if (known.has(step.to) || step.to.toUpperCase() === 'INBOX') continue
      if (!bad.has(step.to)) {
        try {
          await session.create(step.to)
          known.add(step.to)
          continue
        } catch (error) {
          bad.set(step.to, (error as Error).message)
        }
      }
      refused.set(wanted.emailId, bad.get(step.to)!)
    }
  }
  return refused
}

async function contentOf(spool: SpoolReader, item: Item | undefined): Promise<{ bytes: Buffer; date: Date }> {
  if (!item?.location) throw new Error('its content is no longer kept')
  const { content } = await spool.read(item.location)
  const chunks: Buffer[] = []
  for await (const chunk of content) chunks.push(chunk as Buffer)
  return { bytes: Buffer.concat(chunks), date: item.receivedAt }
}

/** What was done, by what it was for: an interrupted run that finds it done says the same. */
function actionOf({ wanted, missing }: Planned, trash: string | null): RestoredAction {
  if (missing) return 'missing'
  switch (wanted.type) {
    case 'ours':
      return 'appended'
    case 'withdrawn':
      return 'expunged'
    case 'deleted':
      return wanted.trash === null ? 'expunged' : 'trashed'
    case 'delivered':
      if (wanted.target === null) return 'changed'
      return wanted.target === trash ? 'trashed' : 'moved'
    default:
      return wanted satisfies never
  }
}

function folderOf(wanted: Wanted): string | null {
  switch (wanted.type) {
    case 'ours':
    case 'delivered':
      return wanted.target
    case 'deleted':
      return wanted.trash
    case 'withdrawn':
      return null
    default:
      return wanted satisfies never
  }
}

async function recordChunk(
  tools: Tools,
  task: Task,
  chunk: readonly Planned[],
  byId: ReadonlyMap<string, Item>,
  failed: ReadonlyMap<string, string>,
  result: Result,
): Promise<void> {
  const done: Item[] = []
  const entries: Entry[] = []
  for (const one of chunk) {
    const item = byId.get(one.wanted.emailId)!
    const error = failed.get(item.emailId) ?? null
    const trash = item.now?.role === 'trash' ? folderOf(one.wanted) : null
    const action = error === null ? actionOf(one, trash) : 'failed'
    if (error !== null) {
      result.failed++
      result.error ??= error
    } else if (one.missing) result.missing++
    else done.push(item)
    // A second thing wanted for the same e-mail (a withdrawn copy) is not the one to tell of.
    if (one.wanted.type === 'withdrawn' && entries.some(entry => entry.item === item)) continue
    entries.push({ item, action, folder: folderOf(one.wanted), error })
    carried.inc({ action })
  }
  await record(tools.db, task, done, entries)
}
