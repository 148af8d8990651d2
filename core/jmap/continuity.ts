/** How the backend of each account is, for the banner: what users are told, nothing about hosts or errors. */

import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import type { Health } from '../db/schema.ts'
import { activeOverride, effectiveHealth } from '../queue/flow.ts'

export type AccountContinuity = {
  accountId: string
  backendName: string
  health: Health
  /** ISO 8601. */
  since: string
  /** A stable code of the cause (core/continuity); `override` when an admin said so; null when all is well. */
  cause: string | null
}

/** @param accountIds accounts that the person may open */
export async function accountContinuity(
  db: Executor,
  accountIds: readonly string[],
  now: Date,
): Promise<AccountContinuity[]> {
  if (accountIds.length === 0) return []
  const rows = await db
    .selectFrom('mailbox')
    .innerJoin('domain', join => join.on(sql<boolean>`domain.name = split_part(mailbox.address, '@', 2)`))
    .innerJoin('backend', 'backend.id', 'domain.backend_id')
    .select([
      'mailbox.id as accountId',
      'backend.name as backendName',
      'backend.health',
      'backend.health_since',
      'backend.cause',
      'backend.override',
      'backend.override_until',
    ])
    .where('mailbox.id', 'in', [...accountIds])
    .execute()
  return rows.map(row => {
    const health = effectiveHealth(row, now)
    const overridden = activeOverride(row, now) !== null && health !== row.health
    return {
      accountId: row.accountId,
      backendName: row.backendName,
      health,
      since: row.health_since.toISOString(),
      cause: overridden ? 'override' : health === 'up' ? null : row.cause,
    }
  })
}

/** Changes when what is shown does. */
export function continuityState(of: AccountContinuity): string {
  return `${of.health}-${Date.parse(of.since)}-${of.cause ?? ''}`
}
