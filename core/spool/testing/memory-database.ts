/** What compaction needs of a database, in memory: where each message is read from, and what was given up. */
import type { Move } from '../compact.ts'
import type { KnownMessage } from '../survey.ts'
import type { Location } from '../types.ts'

export function memoryDatabase() {
  const rows = new Map<string, KnownMessage>()
  const goneMessages: string[] = []
  return {
    rows,
    goneMessages,
    know(id: string, location: Location) {
      rows.set(id, { location, removed: false })
    },
    remove(id: string) {
      rows.get(id)!.removed = true
    },
    lookup: async (ids: string[]) =>
      new Map(ids.flatMap(id => (rows.has(id) ? [[id, { ...rows.get(id)! }] as const] : []))),
    relocate: async (moves: Move[]) => {
      for (const { messageId, to } of moves) rows.get(messageId)!.location = to
    },
    gone: async (_segments: string[], ids: string[]) => {
      goneMessages.push(...ids)
    },
  }
}
