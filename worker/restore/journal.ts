/**
 * Takes what was carried off the list of changes and keeps what was done, in one transaction. What was changed
 * again while it was being carried stays on the list, with what was carried as its new beginning.
 */
import type { Db } from '@restante/core/db/connection.ts'
import type { RestoredAction } from '@restante/core/db/schema/restore.ts'
import { sql } from 'kysely'
import type { Item } from './work.ts'

export type Entry = { item: Item; action: RestoredAction; folder: string | null; error: string | null }

/** @param done whose changes are carried, or need not be @param entries what was done about whom */
export async function record(
  db: Db,
  task: { restorationId: string; mailboxId: string },
  done: readonly Item[],
  entries: readonly Entry[],
): Promise<void> {
  const changes = done.flatMap(({ emailId, revision, now }) =>
    revision === null
      ? []
      : [{ emailId, revision, folderId: now?.folderId ?? null, keywords: now?.keywords ?? [] }],
  )
  if (changes.length === 0 && entries.length === 0) return
  await db.transaction().execute(async tx => {
    if (changes.length > 0) {
      const list = JSON.stringify(changes)
      await sql`delete from email_change using jsonb_to_recordset(${list}::jsonb) as done ("emailId" uuid, revision int)
        where email_change.email_id = done."emailId" and email_change.revision = done.revision`.execute(tx)
      // Changed again meanwhile: what is there now is the new beginning.
      await sql`update email_change set folder_id = coalesce(done."folderId", email_change.folder_id),
          keywords = array(select jsonb_array_elements_text(done.keywords))
        from jsonb_to_recordset(${list}::jsonb)
          as done ("emailId" uuid, revision int, "folderId" uuid, keywords jsonb)
        where email_change.email_id = done."emailId" and email_change.revision <> done.revision`.execute(tx)
    }
    if (entries.length > 0) {
      await tx
        .insertInto('restored')
        .values(
          entries.map(({ item, action, folder, error }) => ({
            restoration_id: task.restorationId,
            mailbox_id: task.mailboxId,
            email_id: item.emailId,
            message_id: item.messageId,
            copy: item.copy,
            action,
            folder,
            error,
          })),
        )
        .onConflict(conflict =>
          conflict.columns(['restoration_id', 'mailbox_id', 'email_id']).doUpdateSet(eb => ({
            action: eb.ref('excluded.action'),
            folder: eb.ref('excluded.folder'),
            error: eb.ref('excluded.error'),
            at: sql<Date>`now()`,
          })),
        )
        .execute()
    }
  })
}
