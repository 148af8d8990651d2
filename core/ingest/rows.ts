/** What the files that insert a batch share. */
import type { FolderRole } from '../db/schema.ts'
import type { Summary } from '../mail/summary.ts'
import type { Envelope, Location } from '../spool/types.ts'
import type { Plan } from './plan.ts'

/** A message read and planned, ready to be inserted. */
export type Prepared = {
  envelope: Envelope
  location: Location
  size: number
  /** null: it was not read. */
  summary: Summary | null
  plan: Plan
}

export type LockedMailbox = {
  id: string
  /** The modseq of what is changed now; it is on the row only after `raiseMailboxes`. */
  modseq: number
  folders: Map<FolderRole, string>
}

/** Rows in one INSERT: PostgreSQL takes 65,535 parameters. */
const CHUNK = 1_000

/** In pieces that fit one INSERT. */
export function* chunks<T>(rows: readonly T[]): Generator<T[]> {
  for (let at = 0; at < rows.length; at += CHUNK) yield rows.slice(at, at + CHUNK)
}
