/**
 * The list as it looks now: what was read, with what somebody has just done laid over it. A row of a folder is a
 * conversation; what is done to the row is done to those of its messages that lie in this folder.
 */
import type { EmailRow, Id, Member } from '../jmap/types.ts'
import { leaves, type Overlay, patched } from './pending.ts'

/** @param folder null: a search through all folders */
export function visibleRows(
  rows: readonly (EmailRow | undefined)[],
  overlay: Overlay,
  folder: Id | null,
): (EmailRow | undefined)[] {
  if (overlay.size === 0) return rows as (EmailRow | undefined)[]
  const result: (EmailRow | undefined)[] = []
  // Not `filter`: it would skip the holes of pages that have not been read.
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]
    if (row && messagesOf(row, folder).every(one => isGone(one.id, overlay, folder))) continue
    result.push(row && withPatches(row, overlay))
  }
  return result
}

function isGone(id: Id, overlay: Overlay, folder: Id | null): boolean {
  const patch = overlay.get(id)
  return leaves(patch, folder) || patch?.folder === null
}

function withPatches(row: EmailRow, overlay: Overlay): EmailRow {
  const touched = overlay.has(row.id) || row.members?.some(one => overlay.has(one.id))
  if (!touched) return row
  return {
    ...patched(row, overlay.get(row.id)),
    ...(row.members && { members: row.members.map(one => patched(one, overlay.get(one.id))) }),
  }
}

/** The messages that a row stands for: those of its conversation that lie in the folder. */
export function messagesOf(row: EmailRow, folder: Id | null): readonly Member[] {
  const here = folder === null ? [] : (row.members ?? []).filter(one => folder in one.mailboxIds)
  return here.length > 0 ? here : [row]
}

/** Whether any of them has the keyword. */
export function someHave(row: EmailRow, folder: Id | null, keyword: string): boolean {
  return messagesOf(row, folder).some(one => one.keywords[keyword])
}

export const isUnread = (row: EmailRow, folder: Id | null): boolean =>
  messagesOf(row, folder).some(one => !one.keywords.$seen)

/** Whether the row stands for this message, alone or among others. */
export function holds(row: EmailRow | undefined, id: Id | null): boolean {
  return (
    row !== undefined && id !== null && (row.id === id || Boolean(row.members?.some(one => one.id === id)))
  )
}
