/**
 * Makes a delivery of its own for some of a delivery's recipients: one of them wants the message, the others
 * have not said so. The new one stands beside the old, of the same message to the same server.
 *
 * In the caller's transaction, the delivery's row locked and nobody at it.
 */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import { newId } from '../db/id.ts'

/** @returns the id of the delivery that has these waiting recipients, and no other waiting one */
export async function separate(
  tx: Executor,
  deliveryId: string,
  addresses: readonly string[],
): Promise<string> {
  const others = await tx
    .selectFrom('recipient')
    .select('address')
    .where('delivery_id', '=', deliveryId)
    .where('state', '=', 'waiting')
    .where('address', 'not in', [...addresses])
    .limit(1)
    .executeTakeFirst()
  if (!others) return deliveryId
  const id = newId()
  await sql`
    insert into delivery (id, message_id, organization_id, backend_id, destination, state, hold_reason, backlog,
      created_at, outcome)
    select ${id}::uuid, message_id, organization_id, backend_id, destination, state, hold_reason, backlog,
      created_at, outcome
    from delivery where id = ${deliveryId}`.execute(tx)
  for (const table of ['recipient', 'email_recipient'] as const) {
    await sql`update ${sql.table(table)} set delivery_id = ${id}::uuid
      where delivery_id = ${deliveryId} and address = any(${[...addresses]}::text[])`.execute(tx)
  }
  return id
}
