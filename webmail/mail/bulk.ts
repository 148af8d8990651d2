'use client'
/**
 * What can be done to some rows at once, or to everything in a folder: the same for the bar over the list, the
 * keys, the opened conversation and what is dropped on a folder.
 */
import type { EmailRow, Folder, FolderRole, Id, Member } from '../jmap/types.ts'
import { useActions } from './actions.ts'
import { useConnection } from './connection.tsx'
import { useFolderName } from './folder-names.ts'
import { readAll } from './list-query.ts'
import { isUnread, messagesOf, someHave } from './rows.ts'
import type { Filter } from './search.ts'

export type Bulk = {
  anyUnread: boolean
  allStarred: boolean
  /** undefined: it makes no sense here. */
  archive: (() => void) | undefined
  junk: (() => void) | undefined
  remove: () => void
  mark: (keyword: '$seen' | '$flagged', on: boolean) => void
  move: (folder: Folder, name: string) => void
}

/**
 * @param rows what it is done to
 * @param whole all that matches this instead, also what has not been read
 * @param onDone before anything changes: the place where the focus goes next
 */
export function useBulk(of: {
  account: Id | undefined
  folders: readonly Folder[]
  /** null: a search. */
  folder: Folder | null
  rows: readonly EmailRow[]
  whole: Filter | null
  onDone: (leaves: boolean) => void
}): Bulk {
  const { account, folders, folder, rows } = of
  const actions = useActions()
  const { client } = useConnection()
  const name = useFolderName()
  const role = (wanted: FolderRole) => folders.find(one => one.role === wanted)
  const here = folder?.id ?? null

  /** All at once when they are known, page after page when not. */
  const each = (leaves: boolean, work: (account: Id, emails: readonly Member[]) => void) => {
    if (!account || rows.length === 0) return
    of.onDone(leaves)
    if (!of.whole)
      return work(
        account,
        rows.flatMap(row => messagesOf(row, here)),
      )
    const all: Member[] = []
    void readAll(client, account, of.whole, part => {
      all.push(...part)
    }).then(() => work(account, all))
  }
  const moveTo = (target: Folder | undefined) =>
    target && target.id !== here && here !== null && folder?.role !== 'drafts'
      ? () => each(true, (account, emails) => void actions.move(account, emails, target, name(target)))
      : undefined
  const junk = role('junk')
  const mayBeJunk = junk && !['junk', 'sent', 'drafts', 'trash'].includes(folder?.role ?? '')
  return {
    anyUnread: rows.some(row => isUnread(row, here)),
    allStarred: rows.length > 0 && rows.every(row => someHave(row, here, '$flagged')),
    archive: moveTo(role('archive')),
    junk: mayBeJunk
      ? () => each(true, (account, emails) => void actions.junk(account, emails, junk))
      : undefined,
    remove: () => each(true, (account, emails) => actions.remove(account, emails, role('trash'))),
    mark: (keyword, on) => each(false, (account, emails) => actions.mark(account, emails, keyword, on)),
    move: (target, said) => each(true, (account, emails) => void actions.move(account, emails, target, said)),
  }
}
