/** How often an organization wants to hear of the same, who else hears of it, and its public status page. */
import type { Executor } from '../db/connection.ts'
import { TellingError } from './errors.ts'

export type PolicyView = {
  /** Minutes; 0: never. */
  repeatMinutes: number
  escalateMinutes: number
  queueMinutes: number
  /** People are told by their second contacts. */
  people: boolean
  /** Name of the public status page; null: there is none. */
  statusSlug: string | null
}

export const DEFAULT_POLICY: PolicyView = {
  repeatMinutes: 60,
  escalateMinutes: 30,
  queueMinutes: 60,
  people: true,
  statusSlug: null,
}
export const SLUG = /^[a-z0-9](?:[a-z0-9-]{1,61})[a-z0-9]$/

/** @param organizationId null: the installation, which has the defaults */
export async function readPolicy(db: Executor, organizationId: string | null): Promise<PolicyView> {
  if (organizationId === null) return DEFAULT_POLICY
  const row = await db
    .selectFrom('telling_policy')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .executeTakeFirst()
  return row
    ? {
        repeatMinutes: row.repeat_minutes,
        escalateMinutes: row.escalate_minutes,
        queueMinutes: row.queue_minutes,
        people: row.people,
        statusSlug: row.status_slug,
      }
    : DEFAULT_POLICY
}

/** Changes what is given. @throws TellingError `bad-policy` */
export async function setPolicy(
  db: Executor,
  organizationId: string,
  changes: Partial<PolicyView>,
): Promise<PolicyView> {
  const { statusSlug } = changes
  if (statusSlug && !SLUG.test(statusSlug)) {
    throw new TellingError('bad-policy', 'the name must be 3 to 63 small letters, digits or hyphens')
  }
  if (statusSlug) {
    const taken = await db
      .selectFrom('telling_policy')
      .select('organization_id')
      .where('status_slug', '=', statusSlug)
      .where('organization_id', '!=', organizationId)
      .executeTakeFirst()
    if (taken) throw new TellingError('bad-policy', `${statusSlug} is taken: choose another name`)
  }
  const wanted = { ...(await readPolicy(db, organizationId)), ...changes }
  const columns = {
    repeat_minutes: wanted.repeatMinutes,
    escalate_minutes: wanted.escalateMinutes,
    queue_minutes: wanted.queueMinutes,
    people: wanted.people,
    status_slug: wanted.statusSlug,
  }
  await db
    .insertInto('telling_policy')
    .values({ organization_id: organizationId, ...columns })
    .onConflict(conflict => conflict.column('organization_id').doUpdateSet(columns))
    .execute()
  return wanted
}
