/**
 * How far each segment has been ingested. A checkpoint moves in the transaction that inserts what it passes,
 * and only from where we believe it to be: when somebody else moved it (a second worker, a database put back
 * from a backup) the batch is given up and everything is read anew.
 */
import { sql } from 'kysely'
import type { Db, Executor } from '../db/connection.ts'

export class CheckpointMoved extends Error {
  override name = 'CheckpointMoved'
}

export type Checkpoints = {
  /** By segment; one that is absent has not been read yet. */
  positions: Map<string, number>
  /** The same when all segments were last read to their end. */
  caughtUp: Map<string, number>
}

export async function readCheckpoints(db: Db): Promise<Checkpoints> {
  const rows = await db.selectFrom('checkpoint').select(['segment', 'position', 'caught_up']).execute()
  return {
    positions: new Map(rows.map(row => [row.segment, row.position])),
    caughtUp: new Map(rows.map(row => [row.segment, row.caught_up])),
  }
}

/** All segments were read to their end: the notes so far are about messages that have their rows. */
export async function markCaughtUp(db: Db): Promise<void> {
  await db
    .updateTable('checkpoint')
    .set({ caught_up: sql`position` })
    .where('caught_up', '<>', sql<number>`position`)
    .execute()
}

/** @throws CheckpointMoved when it is not at `from` */
export async function moveCheckpoint(
  tx: Executor,
  segment: string,
  from: number | undefined,
  to: number,
): Promise<void> {
  if (from === undefined) {
    const result = await tx
      .insertInto('checkpoint')
      .values({ segment, position: to })
      .onConflict(conflict => conflict.doNothing())
      .executeTakeFirst()
    if (result.numInsertedOrUpdatedRows !== 1n) throw new CheckpointMoved(segment)
    return
  }
  const result = await tx
    .updateTable('checkpoint')
    .set({ position: to, updated_at: sql`now()` })
    .where('segment', '=', segment)
    .where('position', '=', from)
    .executeTakeFirst()
  if (result.numUpdatedRows !== 1n) throw new CheckpointMoved(segment)
}
