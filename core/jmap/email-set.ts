/**
 * Email/set (RFC 8621 §4.6): keywords, moving, destroying; making drafts stands in email-create.ts.
 *
 * All updates and destructions of one call are one transaction. Moving to Trash, or destroying, cancels what
 * was still to be delivered; moving out of Trash takes that back (core/ingest/trash). Moving into Junk keeps it
 * from being delivered, moving out of Junk releases it (core/ingest/junk); both teach the spam filter.
 */
import { sql } from 'kysely'
import type { Row } from '../db/schema.ts'
import { settleJunk } from '../ingest/junk.ts'
import { learn } from '../ingest/lessons.ts'
import { cancelDeleted, reopenRestored } from '../ingest/trash.ts'
import { type Arguments, isUuid, read, setArguments } from './arguments.ts'
import { type Change, changeMailbox } from './change.ts'
import { type Granted, grant, type Run } from './context.ts'
import { createEmail } from './email-create.ts'
import { destroyEmails } from './email-destroy.ts'
import { type EmailRow, emailRows } from './email-get.ts'
import { invalidProperties, MethodError, ObjectError } from './errors.ts'
import { MAX_KEYWORDS } from './limits.ts'
import { findFolder, foldersOf } from './mailbox.ts'
import { createdId } from './references.ts'
import { checkSize, SetResult, setError } from './set.ts'
import { currentModseq, stateOf } from './state.ts'
import { unsend } from './unsend.ts'

type EmailSet = {
  ifInState?: string | null | undefined
  create?: Record<string, Record<string, unknown>> | null | undefined
  update?: Record<string, Record<string, unknown>> | null | undefined
  destroy?: readonly string[] | null | undefined
  /** What is destroyed does not go out later; not so where sending itself destroys it (onSuccessDestroyEmail). */
  unsend?: boolean
}

export async function emailSet(given: Arguments, run: Run) {
  const set = read(setArguments, given)
  return await setEmails(run, grant(run, set.accountId), { ...set, unsend: true })
}

export async function setEmails(run: Run, account: Granted, set: EmailSet): Promise<Record<string, unknown>> {
  checkSize(set)
  const before = stateOf(await currentModseq(run.context.db, account))
  if (set.ifInState && set.ifInState !== before) throw new MethodError('stateMismatch')
  const result = new SetResult()
  for (const [key, properties] of Object.entries(set.create ?? {})) {
    try {
      const created = await createEmail(run, account, properties)
      result.created[key] = created
      run.createdIds.set(key, created.id)
    } catch (error) {
      result.notCreated[key] = setError(error)
    }
  }
  const creates = Object.keys(set.create ?? {}).length > 0
  const updates = resolveKeys(Object.entries(set.update ?? {}), run, result)
  const destroys = [...new Set(set.destroy ?? [])]
  if (updates.size === 0 && destroys.length === 0) {
    const after = creates ? stateOf(await currentModseq(run.context.db, account)) : before
    return result.answer(account.id, before, after)
  }
  const changed = await changeMailbox(
    run,
    account,
    {
      ifInState: creates ? null : set.ifInState,
      emailIds: [...movedBy(updates), ...destroys.map(id => createdId(id, run.createdIds) ?? '')].filter(
        isUuid,
      ),
    },
    async change => {
      // Tried again after a conflict, it starts from nothing.
      const attempt = new SetResult()
      await updateEmails(run, change, updates, attempt)
      await destroyAll(run, change, destroys, attempt, set.unsend ?? false)
      return attempt
    },
  )
  result.updated = changed.result.updated
  Object.assign(result.notUpdated, changed.result.notUpdated)
  result.destroyed = changed.result.destroyed
  result.notDestroyed = changed.result.notDestroyed
  return result.answer(account.id, creates ? before : changed.oldState, changed.newState)
}

type Update = { key: string; patch: Record<string, unknown> }

/** By e-mail id. */
function resolveKeys(
  entries: readonly [string, Record<string, unknown>][],
  run: Run,
  result: SetResult,
): Map<string, Update> {
  const updates = new Map<string, Update>()
  for (const [key, patch] of entries) {
    const id = createdId(key, run.createdIds)
    if (id && isUuid(id)) updates.set(id, { key: id, patch })
    else result.notUpdated[key] = { type: 'notFound' }
  }
  return updates
}

/** Those whose update can be more than keywords. */
function movedBy(updates: ReadonlyMap<string, Update>): string[] {
  const moves = ({ patch }: Update) => Object.keys(patch).some(path => path.startsWith('mailboxIds'))
  return [...updates].filter(([, update]) => moves(update)).map(([id]) => id)
}

type Next = { row: EmailRow; folderId: string; keywords: string[] }

async function updateEmails(
  run: Run,
  change: Change,
  updates: ReadonlyMap<string, Update>,
  result: SetResult,
): Promise<void> {
  if (updates.size === 0) return
  const { tx, account } = change
  const folders = await foldersOf(tx, account)
  const rows = new Map((await emailRows(tx, account, [...updates.keys()])).map(row => [row.id, row]))
  const changed: Next[] = []
  for (const [id, { key, patch }] of updates) {
    const row = rows.get(id)
    try {
      if (!row) throw new ObjectError('notFound')
      const next = { row, ...applyPatch(row, patch, folders, run.createdIds) }
      if (next.folderId !== row.folder_id || !sameSet(next.keywords, row.keywords)) changed.push(next)
      result.updated[key] = null
    } catch (error) {
      result.notUpdated[key] = setError(error)
    }
  }
  if (changed.length === 0) return
  const trash = folders.find(folder => folder.role === 'trash')?.id
  const junk = folders.find(folder => folder.role === 'junk')?.id
  const moved = changed.filter(next => next.folderId !== next.row.folder_id)
  const modseq = await change.raise()
  const next = changed.map(({ row, folderId, keywords }) => ({ id: row.id, folderId, keywords }))
  // Once: an e-mail's row is long and in many indexes.
  await sql`update email set folder_id = next."folderId", updated_modseq = ${modseq},
      keywords = array(select jsonb_array_elements_text(next.keywords)),
      moved_at = case when folder_id = next."folderId" then moved_at else now() end
    from jsonb_to_recordset(${JSON.stringify(next)}::jsonb) as next(id uuid, "folderId" uuid, keywords jsonb)
    where email.id = next.id and email.mailbox_id = ${account.id}`.execute(tx)
  const now = run.now()
  const ids = (list: readonly Next[]) => list.map(next => next.row.id)
  // Who throws away what was to go out later does not want it to.
  await unsend(run, change, { emailIds: ids(moved.filter(next => next.folderId === trash)) })
  change.notes.push(
    ...(await cancelDeleted(tx, ids(moved.filter(next => next.folderId === trash)), now)),
    ...(await reopenRestored(tx, ids(moved.filter(next => next.row.folder_id === trash)), now)),
    ...(await settleJunk(tx, ids(moved), now)),
  )
  const messages = (list: readonly Next[]) =>
    list.filter(next => !next.row.copy).map(next => next.row.message_id)
  const wanted = (next: Next) => next.row.folder_id === junk && next.folderId !== trash
  await learn(tx, messages(moved.filter(next => next.folderId === junk)), 'spam', now)
  await learn(tx, messages(moved.filter(wanted)), 'ham', now)
}

async function destroyAll(
  run: Run,
  change: Change,
  keys: readonly string[],
  result: SetResult,
  unsending: boolean,
): Promise<void> {
  if (keys.length === 0) return
  const ids = new Map(keys.map(key => [key, createdId(key, run.createdIds) ?? '']))
  const known = new Set((await emailRows(change.tx, change.account, [...ids.values()])).map(row => row.id))
  for (const [key, id] of ids) {
    if (known.has(id)) result.destroyed.push(id)
    else result.notDestroyed[key] = { type: 'notFound' }
  }
  if (unsending) await unsend(run, change, { emailIds: [...known] })
  await destroyEmails(change, [...known], run.now())
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  const set = new Set(b)
  return a.length === b.length && a.every(item => set.has(item))
}

/** RFC 8620 §5.3's patch of what may change: keywords and mailboxIds. @throws ObjectError */
export function applyPatch(
  row: Pick<Row<'email'>, 'folder_id' | 'keywords'>,
  patch: Record<string, unknown>,
  folders: readonly Row<'folder'>[],
  created: ReadonlyMap<string, string>,
): { folderId: string; keywords: string[] } {
  let keywords = new Set(row.keywords)
  let inFolders = new Set([row.folder_id])
  for (const whole of ['keywords', 'mailboxIds']) {
    const parts = Object.keys(patch).some(key => key.startsWith(`${whole}/`))
    if (parts && whole in patch) throw new ObjectError('invalidPatch')
  }
  for (const [path, value] of Object.entries(patch)) {
    const [property, ...rest] = path.split('/')
    const item = rest.join('/').replaceAll('~1', '/').replaceAll('~0', '~')
    if (property === 'keywords') {
      if (rest.length === 0) keywords = new Set(readKeywords(value))
      else if (value === true) keywords.add(checkKeyword(item))
      else if (value === null) keywords.delete(item.toLowerCase())
      else throw invalidProperties([path.slice(0, 300)])
    } else if (property === 'mailboxIds') {
      if (rest.length === 0) inFolders = new Set(readMailboxIds(value, created))
      else {
        const id = createdId(item, created) ?? ''
        if (value === true) inFolders.add(id)
        else if (value === null) inFolders.delete(id)
        else throw invalidProperties([path.slice(0, 300)])
      }
    } else {
      throw invalidProperties([path.slice(0, 300)])
    }
  }
  if (keywords.size > MAX_KEYWORDS) throw new ObjectError('tooManyKeywords')
  return { folderId: onlyFolder(inFolders, folders), keywords: [...keywords].sort() }
}

/** An e-mail is in one folder (maxMailboxesPerEmail). @throws ObjectError */
export function onlyFolder(ids: ReadonlySet<string>, folders: readonly Row<'folder'>[]): string {
  if (ids.size > 1) throw new ObjectError('tooManyMailboxes')
  const folder = findFolder(folders, [...ids][0] ?? '')
  if (!folder) throw invalidProperties(['mailboxIds'])
  return folder.id
}

export function readMailboxIds(value: unknown, created: ReadonlyMap<string, string>): string[] {
  return trueKeys(value, 'mailboxIds').map(id => createdId(id, created) ?? '')
}

export function readKeywords(value: unknown): string[] {
  return [...new Set(trueKeys(value, 'keywords').map(checkKeyword))]
}

function trueKeys(value: unknown, property: string): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalidProperties([property])
  const entries = Object.entries(value)
  if (entries.some(([, set]) => set !== true)) throw invalidProperties([property])
  return entries.map(([key]) => key)
}

/** RFC 8621 §4.1.1: lower case, and what IMAP allows. */
function checkKeyword(keyword: string): string {
  const lower = keyword.toLowerCase()
  if (!/^[\x21-\x7e]{1,255}$/.test(lower) || /[(){\]%*"\\]/.test(lower)) throw invalidProperties(['keywords'])
  return lower
}
