/**
 * What the spool's notes say became of recipients, for messages that the database does not know (any more).
 *
 * Notes are used only while a message's rows are made: for one that is in the database already the rows are
 * right and a note may be stale (its undo can stand in another segment). Collected in one reading before the
 * messages, because a note can stand in another segment than its message.
 */
import type { Disposition, Envelope, SpoolReader } from '../spool/types.ts'

export type SettledNote = { state: 'delivered' | 'failed' | 'cancelled' | 'reopened'; at: string }

/** What became of the scan's decision for a recipient: null, it is delivered after all. */
export type DisposedNote = { disposition: Disposition | null; at: string }

export type Notes = {
  /** By message id, then by address: the latest. */
  recipients: Map<string, Map<string, SettledNote>>
  disposed: Map<string, Map<string, DisposedNote>>
  removed: Set<string>
}

export const noNotes: Notes = { recipients: new Map(), disposed: new Map(), removed: new Set() }

/** The envelope with what was decided for its recipients since. */
export function withNotes(envelope: Envelope, notes: Notes): Envelope {
  const disposed = notes.disposed.get(envelope.id)
  if (!disposed) return envelope
  const recipients = envelope.recipients.map(recipient => {
    const note = disposed.get(recipient.address)
    if (!note) return recipient
    const { disposition, ...rest } = recipient
    return note.disposition ? { ...rest, disposition: note.disposition } : rest
  })
  return { ...envelope, recipients }
}

/** Reads the notes that stand after the given positions. */
export async function collectNotes(
  reader: SpoolReader,
  positions: ReadonlyMap<string, number>,
): Promise<Notes> {
  const notes: Notes = { recipients: new Map(), disposed: new Map(), removed: new Set() }
  for (const segment of await reader.segments()) {
    for await (const record of reader.scan(segment.name, positions.get(segment.name) ?? 0)) {
      if (record.type !== 'note') continue
      const { note } = record
      if (note.kind === 'removed') {
        notes.removed.add(note.messageId)
        continue
      }
      switch (note.kind) {
        case 'released':
        case 'junked':
          remember(notes.disposed, note, { disposition: note.kind === 'junked' ? 'junk' : null, at: note.at })
          break
        case 'reopened':
          remember(notes.recipients, note, { state: 'reopened', at: note.at })
          break
        case 'settled':
          remember(notes.recipients, note, { state: note.state, at: note.at })
          break
        default:
          // Of a newer version: what it says is not known here, and nothing is lost without it.
          note satisfies never
      }
    }
  }
  return notes
}

function remember<T extends { at: string }>(
  by: Map<string, Map<string, T>>,
  { messageId, address }: { messageId: string; address: string },
  note: T,
): void {
  const addresses = by.get(messageId) ?? new Map<string, T>()
  by.set(messageId, addresses)
  const before = addresses.get(address)
  if (!before || before.at <= note.at) addresses.set(address, note)
}
