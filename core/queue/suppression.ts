/**
 * Addresses outside that an organization does not write to for a while, because they failed for good again and
 * again: a company that goes on writing to mailboxes that don't exist loses its good name with their servers.
 *
 * An address comes onto the list by its third failure within 30 days, stays there for 30, and goes by itself or
 * when an admin lifts it; failures from before that don't count any more. Only failures that say there is no such
 * mailbox count. A crash between a failure's notice and its record counts it at most twice.
 */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import type { OutcomeJson } from '../db/schema/delivery.ts'

const DAY = 24 * 3_600_000
/** Failures within `WITHIN` ms that bring an address onto the list, for `FOR` ms. */
export const FAILURES = 3
const WITHIN = 30 * DAY
const FOR = 30 * DAY

/** What says that nobody is there to be written to. */
const COUNTED: ReadonlySet<string> = new Set(['bad-address', 'bad-domain', 'mailbox-disabled'])

export type Suppressed = {
  organizationId: string
  address: string
  failures: number
  outcome: OutcomeJson | null
  since: Date
  until: Date
}

/**
 * Counts one failure, which is not recorded yet.
 * @returns the entry, when the address is on the list now by this one
 */
export async function countFailure(
  db: Executor,
  organizationId: string,
  of: { address: string; outcome: OutcomeJson; deliveryId: string },
  now: Date,
): Promise<Suppressed | null> {
  if (!of.outcome.permanent || !COUNTED.has(of.outcome.category)) return null
  // The address is there; a server on the way can't take its letters (RFC 6531 §3.5).
  if (of.outcome.enhanced === '5.6.7') return null
  const address = of.address.toLowerCase()
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from recipient join delivery on delivery.id = recipient.delivery_id
      left join suppression on suppression.organization_id = ${organizationId}
        and suppression.address = ${address}
    where recipient.address = any(${[...new Set([of.address, address])]}) and recipient.state = 'failed'
      and recipient.delivery_id <> ${of.deliveryId} and delivery.organization_id = ${organizationId}
      and recipient.settled_at > ${new Date(now.getTime() - WITHIN)}
      and recipient.settled_at > coalesce(suppression.lifted_at, '-infinity')
      and recipient.outcome->>'category' = any(${[...COUNTED]})`.execute(db)
  const failures = (rows[0]?.count ?? 0) + 1
  if (failures < FAILURES) return null
  const until = new Date(now.getTime() + FOR)
  const entry = { failures, outcome: JSON.stringify(of.outcome), since: now, until }
  await db
    .insertInto('suppression')
    .values({ organization_id: organizationId, address, ...entry })
    .onConflict(conflict =>
      conflict
        .columns(['organization_id', 'address'])
        .doUpdateSet({ ...entry, lifted_at: null, lifted_by: null }),
    )
    .execute()
  return { organizationId, address, failures, outcome: of.outcome, since: now, until }
}

/** Which of some addresses an organization does not write to now, in lower case. */
export async function suppressedAmong(
  db: Executor,
  organizationId: string,
  addresses: readonly string[],
  now: Date,
): Promise<Suppressed[]> {
  if (addresses.length === 0) return []
  const rows = await db
    .selectFrom('suppression')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('address', 'in', [...new Set(addresses.map(one => one.toLowerCase()))])
    .where('until', '>', now)
    .where('lifted_at', 'is', null)
    .execute()
  return rows.map(viewOf)
}

/** All that are on the list now, the latest first. @param organizationId null: of all organizations */
export async function listSuppressed(
  db: Executor,
  organizationId: string | null,
  now: Date,
  most = 1_000,
): Promise<Suppressed[]> {
  let query = db
    .selectFrom('suppression')
    .selectAll()
    .where('until', '>', now)
    .where('lifted_at', 'is', null)
    .orderBy('since', 'desc')
    .orderBy('address')
    .limit(most)
  if (organizationId !== null) query = query.where('organization_id', '=', organizationId)
  return (await query.execute()).map(viewOf)
}

/** Takes addresses off the list. @returns those that were on it */
export async function liftSuppressed(
  db: Executor,
  organizationId: string | null,
  addresses: readonly string[],
  by: string,
  now: Date,
): Promise<string[]> {
  if (addresses.length === 0) return []
  let query = db
    .updateTable('suppression')
    .set({ lifted_at: now, lifted_by: by })
    .where('address', 'in', [...new Set(addresses.map(one => one.trim().toLowerCase()))])
    .where('until', '>', now)
    .where('lifted_at', 'is', null)
    .returning('address')
  if (organizationId !== null) query = query.where('organization_id', '=', organizationId)
  return (await query.execute()).map(row => row.address)
}

/** Entries that ended long ago. A lifted one is kept while its time counts. */
export async function forgetSuppressed(db: Executor, now: Date): Promise<void> {
  await db
    .deleteFrom('suppression')
    .where('until', '<', new Date(now.getTime() - WITHIN))
    .execute()
}

type SuppressionRow = {
  organization_id: string
  address: string
  failures: number
  outcome: OutcomeJson | null
  since: Date
  until: Date
}

const viewOf = (row: SuppressionRow): Suppressed => ({
  organizationId: row.organization_id,
  address: row.address,
  failures: row.failures,
  outcome: row.outcome,
  since: row.since,
  until: row.until,
})
