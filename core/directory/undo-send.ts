/** How long somebody can take back what they have just sent: theirs to say, 10 s unless they did. */
import type { Executor } from '../db/connection.ts'
import { DirectoryError } from './errors.ts'

/** In s; 0: it goes out at once. */
export const UNDO_SEND = [0, 5, 10, 20, 30] as const
export type UndoSend = (typeof UNDO_SEND)[number]

export async function undoSendOf(db: Executor, personId: string): Promise<number> {
  const row = await db
    .selectFrom('person')
    .select('undo_send')
    .where('id', '=', personId)
    .executeTakeFirstOrThrow()
  return row.undo_send
}

/** @throws DirectoryError `unknown-person` */
export async function setUndoSend(db: Executor, personId: string, seconds: UndoSend): Promise<void> {
  const done = await db
    .updateTable('person')
    .set({ undo_send: seconds })
    .where('id', '=', personId)
    .executeTakeFirst()
  if (done.numUpdatedRows !== 1n) throw new DirectoryError('unknown-person', 'there is no such person')
}
