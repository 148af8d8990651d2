/**
 * Whom a probe asks for: a few addresses of each backend, read now and then. That there are none is not remembered:
 * people come after their domain, and a probe without a recipient says that all is well of a server that refuses
 * them all.
 */
import type { Db } from '@restante/core/db/connection.ts'
import { sql } from 'kysely'

/** How long they are remembered, in ms, and how many of a backend. */
const AGE = 300_000
const MOST = 50

/**
 * @param read the addresses of a backend
 * @returns one of them, another each time; null when there is none
 */
export function knownAddresses(
  read: (backendId: string) => Promise<string[]>,
  now: () => number = Date.now,
  random: () => number = Math.random,
): (backendId: string) => Promise<string | null> {
  const addresses = new Map<string, { list: string[]; readAt: number }>()
  return async backendId => {
    let known = addresses.get(backendId)
    if (!known?.list.length || now() - known.readAt > AGE) {
      // What was read before is better than nobody.
      const list = await read(backendId).catch(() => known?.list ?? [])
      known = { list, readAt: now() }
      addresses.set(backendId, known)
    }
    return known.list[Math.floor(random() * known.list.length)] ?? null
  }
}

/** Its mailboxes, and the recipients that it said it has itself. */
export async function readAddresses(db: Db, backendId: string): Promise<string[]> {
  const { rows } = await sql<{ address: string }>`
    (select address from mailbox where split_part(address, '@', 2) in (
      select name from domain where backend_id = ${backendId}) order by created_at limit ${MOST})
    union
    (select address from learned_recipient where split_part(address, '@', 2) in (
      select name from domain where backend_id = ${backendId}) order by learned_at desc limit ${MOST})`.execute(
    db,
  )
  return rows.map(row => row.address)
}
