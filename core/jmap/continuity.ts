/** How the backend of each account is, for the banner: what users are told, nothing about hosts or errors. */

import { sql } from 'kysely'
import { periodsOf } from '../continuity/periods.ts'
import type { Executor } from '../db/connection.ts'
import type { Health } from '../db/schema/directory.ts'
import type { PeriodKind, PeriodMail } from '../db/schema/outages.ts'
import { activeOverride, effectiveHealth } from '../queue/flow.ts'

export type AccountContinuity = {
  accountId: string
  backendName: string
  health: Health
  /** ISO 8601. */
  since: string
  /** A stable code of the cause (core/continuity); `override` when an admin said so; null when all is well. */
  cause: string | null
  /** Continuity was opened by a plan: until then (ISO 8601; null: until it is taken back), for this reason. */
  period: { kind: PeriodKind; mail: PeriodMail; reason: string; until: string | null } | null
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
      'backend.override_period',
    ])
    .where('mailbox.id', 'in', [...accountIds])
    .execute()
  const periods = await periodsOf(db, accountIds, now)
  return rows.map(row => {
    const effective = effectiveHealth(row, now)
    const overridden = activeOverride(row, now) !== null && effective !== row.health
    const period = periods.get(row.accountId)
    // A real outage in the middle of a drill is what people must hear of; during maintenance it is the maintenance.
    const real = row.health !== 'up' && !overridden
    if (!period || (real && period.kind === 'drill')) {
      return {
        accountId: row.accountId,
        backendName: row.backendName,
        health: effective,
        since: row.health_since.toISOString(),
        cause: overridden ? 'override' : effective === 'up' ? null : row.cause,
        period: null,
      }
    }
    return {
      accountId: row.accountId,
      backendName: row.backendName,
      health: period.mail === 'hold' ? 'down' : effective === 'up' ? 'degraded' : effective,
      since: period.startsAt.toISOString(),
      cause: period.kind,
      period: {
        kind: period.kind,
        mail: period.mail,
        reason: period.reason,
        until: period.endsAt?.toISOString() ?? null,
      },
    }
  })
}

/** Changes when what is shown does. */
export function continuityState(of: AccountContinuity): string {
  const until = of.period ? `-${of.period.kind}-${of.period.until ?? ''}` : ''
  return `${of.health}-${Date.parse(of.since)}-${of.cause ?? ''}${until}`
}
