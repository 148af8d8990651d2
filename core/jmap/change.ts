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
import { stateOf } from './state.ts'

export type Change = {
  tx: Transaction<Tables>
  account: Granted
  /**
   * Raises the mailbox's modseq; call it right before writing rows that carry it, after everything that
   * raises it too (cancelling deliveries).
   */
  raise(): Promise<number>
  /** Folders whose counts are no longer what they were. */
  touchFolders(ids: Iterable<string>, modseq: number): Promise<void>
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
    let current = row.modseq
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
        current = raised.modseq
        await notify(tx, 'mail', account.id)
        return current
      },
      async touchFolders(ids, modseq) {
        const list = [...new Set(ids)]
        if (list.length === 0) return
        await tx
          .updateTable('folder')
          .set({ counts_modseq: modseq })
          .where('id', 'in', list)
          .where('mailbox_id', '=', account.id)
          .execute()
      },
    })
    return { result, notes, oldState: stateOf(row.modseq), newState: stateOf(current) }
  })
  if (notes.length > 0) {
    // The rows are right already; a note that is lost matters only to a rebuild.
    await spool.note(notes).catch(error => log.error({ event: 'jmap.note-failed', error }))
  }
  return changed
}
