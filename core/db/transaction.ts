/**
 * Transactions that are tried again when PostgreSQL ended them to break a deadlock or a serialization
 * conflict. Locks are taken in one order everywhere (backend, delivery, mailbox, then new rows), so this is
 * the exception; but statements that touch many rows can't always keep it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Transaction } from 'kysely'
import type { Db } from './connection.ts'
import type { Tables } from './schema.ts'

const TRIES = 6

/** @param work may run several times: it must change nothing but the database */
export async function inTransaction<T>(db: Db, work: (tx: Transaction<Tables>) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction().execute(work)
    } catch (error) {
      if (attempt >= TRIES || !isConflict(error)) throw error
      await sleep(10 * 2 ** attempt * Math.random())
    }
  }
}

/** All reads see the same moment, as JMAP's states need. */
export async function inSnapshot<T>(db: Db, work: (tx: Transaction<Tables>) => Promise<T>): Promise<T> {
  return await db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(work)
}

const codeOf = (error: unknown) => String((error as { code?: unknown } | null)?.code ?? '')

function isConflict(error: unknown): boolean {
  return codeOf(error) === '40P01' || codeOf(error) === '40001'
}

/**
 * Whether an error is about the data that was sent (classes 22 and 23, limits, or our own bug), as opposed to
 * a server that is away: only the first is a reason to set a record aside.
 */
export function isAboutData(error: unknown): boolean {
  const code = codeOf(error)
  if (/^(22|23|42|54|P0)/.test(code)) return true
  return error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError
}
