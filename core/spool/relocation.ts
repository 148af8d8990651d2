/**
 * What compaction asks of the database and tells it, over the `message` and `checkpoint` tables.
 *
 * A message's content is given up when its row says `removed_at`; such a row may be deleted only when
 * compaction has reported its message gone, or the message would look like one not yet ingested.
 */
import type { Db } from '../db/connection.ts'
import type { CompactOptions } from './compact.ts'

export function relocation(
  db: Db,
): Required<Pick<CompactOptions, 'lookup' | 'relocate'>> & { gone(segments: string[]): Promise<void> } {
  return {
    async lookup(messageIds) {
      const rows = await db
        .selectFrom('message')
        .select(['id', 'segment', 'position', 'removed_at'])
        .where('id', 'in', messageIds)
        .execute()
      return new Map(
        rows.map(({ id, segment, position, removed_at }) => [
          id,
          { location: { segment, position }, removed: removed_at !== null },
        ]),
      )
    },

    async relocate(moves, checkpoints) {
      await db.transaction().execute(async tx => {
        for (const { messageId, to } of moves) {
          await tx
            .updateTable('message')
            .set({ segment: to.segment, position: to.position })
            .where('id', '=', messageId)
            .execute()
        }
        for (const { segment, position } of checkpoints) {
          await tx
            .insertInto('checkpoint')
            .values({ segment, position })
            .onConflict(conflict =>
              conflict.column('segment').doUpdateSet({ position, updated_at: new Date() }),
            )
            .execute()
        }
      })
    },

    async gone(segments) {
      if (segments.length === 0) return
      await db.deleteFrom('checkpoint').where('segment', 'in', segments).execute()
    },
  }
}
