/**
 * Writing to a mailbox: the one way in which modseqs move for what people change.
 *
 * Deliveries are locked first (when the change can touch them), then the mailbox's row: everybody keeps this
 * order. Until the commit nobody else changes the mailbox, and the raised modseq and what carries it appear
 * together.
 */
import { sql, type Transaction } from 'kysely'
import { notify } from '../db/notify.ts'
import type { Tables } from '../db/schema.ts'
import { inTransaction } from '../db/transaction.ts'
import { lockDeliveries } from '../ingest/trash.ts'
import type { Note } from '../spool/types.ts'
import type { Granted, Run } from './context.ts'
import { MethodError } from './errors.ts'
import { currentModseq, stateOf } from './state.ts'

export type Change = {
  tx: Transaction<Tables>
  account: Granted
  /**
   * Raises the mailbox's modseq, before the rows that carry it are written: the folders' counts, which follow
   * from these, carry it, too. Cancelling deliveries raises it again.
   */
  raise(): Promise<number>
  /** For the spool, after the commit. */
  notes: Note[]
}

export type Changed<T> = { result: T; oldState: string; newState: string }

/**
 * @param emailIds e-mails whose deliveries the change may cancel or reopen
 * @throws MethodError stateMismatch
 */
export async function changeMailbox<T>(
  run: Run,
  account: Granted,
  options: { ifInState?: string | null | undefined; emailIds?: readonly string[] },
  work: (change: Change) => Promise<T>,
): Promise<Changed<T>> {
  const { db, spool, log } = run.context
  const { notes, ...changed } = await inTransaction(db, async tx => {
    await lockDeliveries(tx, options.emailIds ?? [])
    const row = await tx
      .selectFrom('mailbox')
      .select('modseq')
      .where('id', '=', account.id)
      .forUpdate()
      .executeTakeFirst()
    if (!row) throw new MethodError('accountNotFound')
    if (options.ifInState && options.ifInState !== stateOf(row.modseq)) throw new MethodError('stateMismatch')
    const notes: Note[] = []
    const result = await work({
      tx,
      account,
      notes,
      async raise() {
        const raised = await tx
          .updateTable('mailbox')
          .set({ modseq: sql`modseq + 1` })
          .where('id', '=', account.id)
          .returning('modseq')
          .executeTakeFirstOrThrow()
        await notify(tx, 'mail', account.id)
        return raised.modseq
      },
    })
    const newState = stateOf(await currentModseq(tx, account))
    return { result, notes, oldState: stateOf(row.modseq), newState }
  })
  if (notes.length > 0) {
    // The rows are right already; a note that is lost matters only to a rebuild.
    await spool.note(notes).catch(error => log.error({ event: 'jmap.note-failed', error }))
  }
  return changed
}
