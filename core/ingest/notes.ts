/**
 * What the spool's notes say became of recipients, for messages that the database does not know (any more).
 *
 * Notes are used only while a message's rows are made: for one that is in the database already the rows are
 * right and a note may be stale (its undo can stand in another segment). Collected in one reading before the
 * messages, because a note can stand in another segment than its message.
 */
import type { SpoolReader } from '../spool/types.ts'

export type SettledNote = { state: 'delivered' | 'failed' | 'cancelled' | 'reopened'; at: string }

export type Notes = {
  /** By message id, then by address: the latest. */
  recipients: Map<string, Map<string, SettledNote>>
  removed: Set<string>
}

export const noNotes: Notes = { recipients: new Map(), removed: new Set() }

/** Reads the notes that stand after the given positions. */
export async function collectNotes(
  reader: SpoolReader,
  positions: ReadonlyMap<string, number>,
): Promise<Notes> {
  const notes: Notes = { recipients: new Map(), removed: new Set() }
  for (const segment of await reader.segments()) {
    for await (const record of reader.scan(segment.name, positions.get(segment.name) ?? 0)) {
      if (record.type !== 'note') continue
      const { note } = record
      if (note.kind === 'removed') {
        notes.removed.add(note.messageId)
        continue
      }
      let addresses = notes.recipients.get(note.messageId)
      if (!addresses) {
        addresses = new Map()
        notes.recipients.set(note.messageId, addresses)
      }
      const before = addresses.get(note.address)
      if (before && before.at > note.at) continue
      addresses.set(note.address, { state: note.kind === 'reopened' ? 'reopened' : note.state, at: note.at })
    }
  }
  return notes
}
