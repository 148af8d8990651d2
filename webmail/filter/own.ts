/**
 * What somebody decides of their own mail: the entries of their personal mailbox's list, and whether the daily mail
 * about new junk comes. Asked by the person alone, never by an address that a form brings.
 */
import type { Executor } from '@restante/core/db/connection.ts'
import type { Digest } from '@restante/core/db/schema/directory.ts'
import { type ListRow, listEntries } from '@restante/core/directory/lists.ts'
import type { Person } from '@restante/core/directory/people.ts'

export type OwnMailbox = { id: string; organizationId: string }

/** Absent for an operator whose address is elsewhere: they have no mailbox. */
export async function ownMailbox(
  db: Executor,
  person: Pick<Person, 'id' | 'address'>,
): Promise<OwnMailbox | undefined> {
  return await db
    .selectFrom('mailbox')
    .innerJoin('member', 'member.mailbox_id', 'mailbox.id')
    .select(['mailbox.id', 'mailbox.organization_id as organizationId'])
    .where('member.person_id', '=', person.id)
    .where('mailbox.address', '=', person.address)
    .where('mailbox.kind', '=', 'personal')
    .executeTakeFirst()
}

export type OwnFilter = {
  entries: ListRow[]
  /** null: as the organization has it. */
  digest: Digest | null
  organizationDigest: Digest
}

/** @param mailbox the person's own */
export async function ownFilter(
  db: Executor,
  person: Pick<Person, 'id'>,
  mailbox: OwnMailbox,
): Promise<OwnFilter> {
  const { digest, organization } = await db
    .selectFrom('person')
    .innerJoin('organization', join => join.on('organization.id', '=', mailbox.organizationId))
    .select(['person.digest', 'organization.digest as organization'])
    .where('person.id', '=', person.id)
    .executeTakeFirstOrThrow()
  const entries = await listEntries(db, { organizationId: mailbox.organizationId, mailboxId: mailbox.id })
  return { entries, digest, organizationDigest: organization }
}
