/**
 * What people teach the spam filter: a message moved into Junk is spam, one moved out of it or released is not.
 *
 * Written in the transaction of the move; the worker teaches it (worker/learn). The latest word counts, and a
 * change of mind is taught a few times at most, so that a client that moves to and fro makes no endless work.
 */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'

/** Changes of mind that are still taught. */
const CHANGES = 3

/** Only what came from outside is learned from. */
export async function learn(
  tx: Executor,
  messageIds: readonly string[],
  as: 'spam' | 'ham',
  now: Date,
): Promise<void> {
  if (messageIds.length === 0) return
  await sql`
    insert into lesson (message_id, class, at, due_at)
    select id, ${as}, ${now}, ${now} from message
    where id = any(${[...new Set(messageIds)]}::uuid[]) and kind = 'inbound' and removed_at is null
    order by id
    on conflict (message_id) do update set class = excluded.class, at = excluded.at, due_at = excluded.due_at,
      tries = 0, changes = lesson.changes + 1
    where lesson.class <> excluded.class and lesson.changes < ${CHANGES}`.execute(tx)
}
