'use client'
/**
 * Which rows of the list are chosen: one after the other, or from the last one to this with Shift. Another
 * folder or search begins anew; a row that leaves the list leaves the choice.
 */
import { useState } from 'react'
import type { EmailRow, Id } from '../jmap/types.ts'

export type Selection = {
  ids: ReadonlySet<Id>
  rows: EmailRow[]
  /** Everything in the folder, also what has not been read. */
  whole: boolean
  toggle(id: Id, range: boolean): void
  /** All rows that have been read. */
  all(): void
  everything(): void
  none(): void
}

const NONE: ReadonlySet<Id> = new Set()

/** @param where changes when the list becomes another */
export function useSelection(rows: readonly (EmailRow | undefined)[], where: string): Selection {
  const [state, setState] = useState({ where, ids: NONE, anchor: null as Id | null, whole: false })
  if (state.where !== where) setState({ where, ids: NONE, anchor: null, whole: false })
  const chosen = rows.filter(row => row !== undefined && state.ids.has(row.id)) as EmailRow[]
  const set = (ids: ReadonlySet<Id>, anchor: Id | null, whole = false) =>
    setState({ where, ids, anchor, whole })
  return {
    ids: state.ids,
    rows: chosen,
    whole: state.whole && chosen.length > 0,
    toggle(id, range) {
      const next = new Set(chosen.map(row => row.id))
      const from = range ? rows.findIndex(row => row?.id === state.anchor) : -1
      const to = rows.findIndex(row => row?.id === id)
      if (from >= 0 && to >= 0) {
        for (const row of rows.slice(Math.min(from, to), Math.max(from, to) + 1)) if (row) next.add(row.id)
      } else if (!next.delete(id)) next.add(id)
      set(next, id)
    },
    all: () => set(new Set(rows.flatMap(row => (row ? [row.id] : []))), null),
    everything: () => set(new Set(rows.flatMap(row => (row ? [row.id] : []))), null, true),
    none: () => set(NONE, null),
  }
}
