/** What the files that insert a batch share. */
import { type RawBuilder, sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import type { FolderRole } from '../db/schema/mail.ts'
import type { NewRow, Tables } from '../db/schema.ts'
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
  /** It goes out later: nothing is made for its recipients yet. */
  pending: boolean
}

export type LockedMailbox = {
  id: string
  /** The modseq of what is changed now; it is on the row only after `raiseMailboxes`. */
  modseq: number
  folders: Map<FolderRole, string>
}

/** Rows in one INSERT: a message can have 10,000 recipients, and a statement should not have many megabytes. */
const CHUNK = 2_000

/** In pieces that fit one INSERT. */
export function* chunks<T>(rows: readonly T[]): Generator<T[]> {
  for (let at = 0; at < rows.length; at += CHUNK) yield rows.slice(at, at + CHUNK)
}

/**
 * `(columns) select … from` rows that go over as one JSON text: one parameter instead of one a value, a statement
 * of the same words however many rows there are, and written by JSON.stringify. Columns are those of the first
 * row; a jsonb column takes its value as it is, never as a string.
 */
export function fromJson<T extends keyof Tables>(table: T, rows: readonly NewRow<T>[]): RawBuilder<unknown> {
  const columns = sql.join(Object.keys(rows[0] ?? {}).map(name => sql.ref(name)))
  const json = JSON.stringify(rows)
  return sql`(${columns}) select ${columns} from json_populate_recordset(null::${sql.table(table)}, ${json}::json)`
}

export async function insertRows<T extends keyof Tables>(
  tx: Executor,
  table: T,
  rows: readonly NewRow<T>[],
): Promise<void> {
  for (const chunk of chunks(rows)) {
    await sql`insert into ${sql.table(table)} ${fromJson(table, chunk)}`.execute(tx)
  }
}
