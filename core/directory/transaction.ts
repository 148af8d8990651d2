/**
 * Changes of the directory are all or nothing, alone or as part of a larger one (an import): each function
 * takes a connection or a transaction and joins the one that is open.
 */
import type { Transaction } from 'kysely'
import type { Executor } from '../db/connection.ts'
import { notify } from '../db/notify.ts'
import type { Tables } from '../db/schema.ts'

/** Runs `work` in a transaction and tells every process that the directory changed when it commits. */
export async function change<T>(db: Executor, work: (tx: Transaction<Tables>) => Promise<T>): Promise<T> {
  const run = async (tx: Transaction<Tables>) => {
    const result = await work(tx)
    await notify(tx, 'directory')
    return result
  }
  return db.isTransaction ? run(db as Transaction<Tables>) : db.transaction().execute(run)
}
