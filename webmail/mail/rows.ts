/** The list as it looks now: what was read, with what somebody has just done laid over it. */
import type { EmailRow, Id } from '../jmap/types.ts'
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
    const patch = row && overlay.get(row.id)
    if (row && (leaves(patch, folder) || patch?.folder === null)) continue
    result.push(row && patched(row, patch))
  }
  return result
}
