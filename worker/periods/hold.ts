/**
 * Holds the mail of those whose period says so (core/continuity/periods.ts): what is queued or deferred for them
 * alone is held; of a delivery that others have part in, theirs is made a delivery of its own first, so that
 * nobody waits for somebody else's sake. `begin` does not touch any of them meanwhile; an attempt that was under
 * way already is not called back, and is looked at again when it is over.
 */
import type { Db } from '@restante/core/db/connection.ts'
import { notify } from '@restante/core/db/notify.ts'
import { inTransaction } from '@restante/core/db/transaction.ts'
import { separate } from '@restante/core/ingest/separate.ts'
import { heldByPeriod } from '@restante/core/queue/flow.ts'
import { touchMessages } from '@restante/core/queue/touch.ts'
import { sql } from 'kysely'

const BATCH = 200

/** @returns how many were held; call again while it is a whole batch */
export async function holdForPeriods(db: Db, now: Date): Promise<number> {
  return await inTransaction(db, async tx => {
    const { rows } = await sql<{ id: string; messageId: string; addresses: string[] }>`
      with due as (
        select id, message_id from delivery
        where backend_id is not null and state in ('queued', 'deferred')
          and (leased_until is null or leased_until <= ${now}) and ${heldByPeriod}
        order by id limit ${BATCH} for update skip locked
      )
      select due.id, due.message_id as "messageId", array(
        select r.address from recipient r where r.delivery_id = due.id and r.state = 'waiting' and exists (
          select from held_address h where h.address in (r.address, '@' || split_part(r.address, '@', 2)))
      ) as addresses
      from due`.execute(tx)
    if (rows.length === 0) return 0
    const ids: string[] = []
    for (const { id, addresses } of rows) {
      const own = await separate(tx, id, addresses)
      ids.push(own)
      // The others' goes on: a job that found it held back has gone.
      if (own !== id) await notify(tx, 'delivery', id)
    }
    await tx
      .updateTable('delivery')
      .set({ state: 'held', hold_reason: 'period', backlog: true, next_attempt_at: null })
      .where('id', 'in', ids)
      .execute()
    await touchMessages(tx, [...new Set(rows.map(row => row.messageId))])
    await notify(tx, 'delivery')
    return rows.length
  })
}
