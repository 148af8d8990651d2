/**
 * Addresses that organizations do not write to for a while (core/queue/suppression.ts), as the submission ports know
 * them: the whole list is small, and read again when it is five seconds old, so that a recipient costs no question.
 */
import type { Db } from '@restante/core/db/connection.ts'
import { listSuppressed } from '@restante/core/queue/suppression.ts'

/** ms */
const AGE = 5_000
/** Entries at most; beyond them the oldest are let through. */
const MOST = 50_000

export type SuppressedList = (organizationId: string, address: string) => Promise<boolean>

export function createSuppressed(db: Db, now: () => number = Date.now): SuppressedList {
  let reading: Promise<Set<string>> | undefined
  let readAt = Number.NEGATIVE_INFINITY

  async function read(): Promise<Set<string>> {
    const items = await listSuppressed(db, null, new Date(now()), MOST)
    return new Set(items.map(({ organizationId, address }) => `${organizationId} ${address}`))
  }

  return async (organizationId, address) => {
    if (!reading || now() - readAt > AGE) {
      readAt = now()
      reading = read()
    }
    return (await reading).has(`${organizationId} ${address.toLowerCase()}`)
  }
}
