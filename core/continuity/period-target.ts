/**
 * Whom a period is for, from what an admin typed: a backend, a domain, or people by their addresses. A group's
 * address stands for its members. All of them are of one organization, and in the admin's scope.
 */
import type { Executor } from '../db/connection.ts'
import { isId, type Scope, within } from '../queue/scope.ts'

export type Target = { organizationId: string; name: string } & (
  | { type: 'backend'; id: string }
  | { type: 'domain'; id: string }
  | { type: 'people'; mailboxIds: string[] }
)

export type Wanted =
  | { backend: string }
  | { domain: string }
  /** Addresses: of people, of shared mailboxes, of groups. */
  | { people: readonly string[] }

/** Why there is no such target: in one line, for an admin. */
export type NoTarget = { refused: string }

/** Addresses listed in a name; of more it is told how many. */
const NAMED = 3

export async function findTarget(db: Executor, scope: Scope, wanted: Wanted): Promise<Target | NoTarget> {
  if ('backend' in wanted) {
    const found = isId(wanted.backend)
      ? await db
          .selectFrom('backend')
          .select(['id', 'name', 'organization_id'])
          .where('id', '=', wanted.backend)
          .where(within(scope, 'backend.organization_id'))
          .executeTakeFirst()
      : undefined
    if (!found) return { refused: `there is no backend ${wanted.backend}` }
    return { type: 'backend', id: found.id, name: found.name, organizationId: found.organization_id }
  }
  if ('domain' in wanted) {
    const found = await db
      .selectFrom('domain')
      .select(['id', 'name', 'organization_id'])
      .where('name', '=', wanted.domain.trim().toLowerCase())
      .where(within(scope, 'domain.organization_id'))
      .executeTakeFirst()
    if (!found) return { refused: `there is no domain ${wanted.domain}` }
    return { type: 'domain', id: found.id, name: found.name, organizationId: found.organization_id }
  }
  const addresses = [...new Set(wanted.people.map(address => address.trim().toLowerCase()).filter(Boolean))]
  if (addresses.length === 0) return { refused: 'nobody is named' }
  const rows = await db
    .selectFrom('address')
    .innerJoin('mailbox', 'mailbox.id', 'address.mailbox_id')
    .select(['address.address', 'mailbox.id', 'mailbox.organization_id'])
    .where('address.address', 'in', addresses)
    .where(within(scope, 'mailbox.organization_id'))
    .execute()
  const unknown = addresses.find(address => !rows.some(row => row.address === address))
  if (unknown) return { refused: `no mailbox has the address ${unknown}` }
  const organizations = new Set(rows.map(row => row.organization_id))
  if (organizations.size > 1) return { refused: 'these people are of different organizations' }
  const name =
    addresses.length > NAMED
      ? `${addresses.slice(0, NAMED).join(', ')} +${addresses.length - NAMED}`
      : addresses.join(', ')
  return {
    type: 'people',
    mailboxIds: [...new Set(rows.map(row => row.id))],
    name,
    organizationId: [...organizations][0]!,
  }
}
