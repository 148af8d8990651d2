/**
 * Who deletes a message here before it was delivered does not find it in their mailbox there: moving an
 * e-mail to Trash, or destroying it, cancels the recipients it stands for, as long as they still wait and
 * every other e-mail that stands for them (other members of a group) is deleted too. Moving it out of Trash
 * lets them wait again.
 *
 * Deliveries are locked before mailboxes, as everywhere: `lockDeliveries` comes first in a transaction.
 * The notes returned go to the spool after the commit.
 */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import { cancelRecipients, type RecipientRef, reopenRecipients } from '../queue/deliveries.ts'
import type { Note } from '../spool/types.ts'

/** Locks the deliveries that these e-mails stand for and that can still change. */
export async function lockDeliveries(tx: Executor, emailIds: readonly string[]): Promise<void> {
  if (emailIds.length === 0) return
  await sql`
    select id from delivery where id in (
      select delivery_id from email_recipient where email_id = any(${emailIds}::uuid[])
    ) order by id for update`.execute(tx)
}

/**
 * Call it when the e-mails are in Trash already, or right before they are destroyed.
 * @param destroying they are about to go for good
 */
export async function cancelDeleted(
  tx: Executor,
  emailIds: readonly string[],
  now: Date,
  destroying = false,
): Promise<Note[]> {
  if (emailIds.length === 0) return []
  const result = await sql<RecipientRef>`
    select distinct mine.delivery_id as "deliveryId", mine.address
    from email_recipient mine
    join recipient on recipient.delivery_id = mine.delivery_id and recipient.address = mine.address
    where mine.email_id = any(${emailIds}::uuid[]) and recipient.state = 'waiting'
      and not exists (
        select from email_recipient other
        join email on email.id = other.email_id
        join folder on folder.id = email.folder_id
        where other.delivery_id = mine.delivery_id and other.address = mine.address
          and folder.role is distinct from 'trash'
          and not (${destroying} and email.id = any(${emailIds}::uuid[])))`.execute(tx)
  return await cancelRecipients(tx, result.rows, now)
}

/**
 * Call it when the e-mails have left Trash. What an admin cancelled stays so: only what was cancelled on the
 * recipient's side comes back.
 */
export async function reopenRestored(tx: Executor, emailIds: readonly string[], now: Date): Promise<Note[]> {
  if (emailIds.length === 0) return []
  const result = await sql<RecipientRef>`
    select distinct mine.delivery_id as "deliveryId", mine.address
    from email_recipient mine
    join recipient on recipient.delivery_id = mine.delivery_id and recipient.address = mine.address
    where mine.email_id = any(${emailIds}::uuid[]) and recipient.state = 'cancelled'
      and coalesce(recipient.outcome->>'side', 'recipient') = 'recipient'`.execute(tx)
  return await reopenRecipients(tx, result.rows, now)
}
