/** What nodes have learnt about recipients, told each other through PostgreSQL. */
import type { Db } from '@restante/core/db/connection.ts'
import { KNOWN_FOR, type Page } from './book.ts'
import type { SharedPages } from './recipients.ts'

export function pagesInPostgres(db: Db, now: () => number = Date.now): SharedPages {
  return {
    async tell(pages) {
      // One row an address, or the statement would touch one twice.
      const latest = new Map(pages)
      await db
        .insertInto('learned_recipient')
        .values([...latest].map(([address, at]) => ({ address, learned_at: new Date(at) })))
        .onConflict(conflict =>
          conflict
            .column('address')
            .doUpdateSet(row => ({ learned_at: row.ref('excluded.learned_at') }))
            .whereRef('learned_recipient.learned_at', '<', 'excluded.learned_at'),
        )
        .execute()
      await db
        .deleteFrom('learned_recipient')
        .where('learned_at', '<', new Date(now() - KNOWN_FOR))
        .execute()
    },
    async hear(since) {
      const rows = await db
        .selectFrom('learned_recipient')
        .select(['address', 'learned_at'])
        .where('learned_at', '>', new Date(Math.max(since, now() - KNOWN_FOR)))
        .orderBy('learned_at')
        .execute()
      return rows.map((row): Page => [row.address, row.learned_at.getTime()])
    },
  }
}
