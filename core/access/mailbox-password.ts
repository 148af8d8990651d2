/**
 * The mailbox's own password, kept as a hash once its server has accepted it, for when that server is away. One that
 * differs from what was kept takes its place, and ends the sessions that were opened with the old one: who changed
 * it had a reason.
 */
import type { Db, Executor } from '../db/connection.ts'
import { hashForeignPassword, passwordMatches } from '../directory/passwords.ts'

export async function keepMailboxPassword(
  db: Db,
  personId: string,
  password: string,
  now: Date,
): Promise<void> {
  const known = await db
    .selectFrom('mailbox_password')
    .select('hash')
    .where('person_id', '=', personId)
    .executeTakeFirst()
  if (known && (await passwordMatches(known.hash, password))) {
    await db
      .updateTable('mailbox_password')
      .set({ confirmed_at: now })
      .where('person_id', '=', personId)
      .execute()
    return
  }
  const hash = await hashForeignPassword(password)
  await db.transaction().execute(async tx => {
    await tx
      .insertInto('mailbox_password')
      .values({ person_id: personId, hash, since: now, confirmed_at: now })
      .onConflict(conflict =>
        conflict.column('person_id').doUpdateSet({ hash, since: now, confirmed_at: now }),
      )
      .execute()
    if (!known) return
    await tx.deleteFrom('session').where('person_id', '=', personId).where('method', '=', 'mailbox').execute()
  })
}

/** When the mailbox's server last accepted what is kept; null: nothing is kept. */
export async function mailboxPasswordOf(
  db: Executor,
  personId: string,
): Promise<{ since: Date; confirmedAt: Date } | null> {
  const row = await db
    .selectFrom('mailbox_password')
    .select(['since', 'confirmed_at as confirmedAt'])
    .where('person_id', '=', personId)
    .executeTakeFirst()
  return row ?? null
}
