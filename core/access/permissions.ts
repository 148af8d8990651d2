/**
 * Who may do what, in one place. A user reads and writes the mailboxes they are a member of; an admin also
 * runs their own organization; an operator runs the installation. Being an admin opens nobody's mail.
 */
import type { Executor } from '../db/connection.ts'
import { type Person, personColumns } from '../directory/people.ts'

/** A mailbox that a person may open. */
export type Account = {
  /** The mailbox's id; JMAP's accountId. */
  id: string
  organizationId: string
  address: string
  name: string
  kind: 'personal' | 'shared'
  /** Every address that leads to it, its own first: what its members may send as. */
  addresses: string[]
}

/** Manage the installation: organizations, all backends, settings. */
export function mayOperate(person: Pick<Person, 'role'>): boolean {
  return person.role === 'operator'
}

/** Manage an organization: its domains, people, backends, deliveries. */
export function mayAdminister(
  person: Pick<Person, 'role' | 'organizationId'>,
  organizationId: string | null,
): boolean {
  if (person.role === 'operator') return true
  return person.role === 'admin' && organizationId !== null && person.organizationId === organizationId
}

/** The mailboxes that a person may open, their own first. */
export async function accountsOf(db: Executor, person: Pick<Person, 'id' | 'address'>): Promise<Account[]> {
  const rows = await db
    .selectFrom('member')
    .innerJoin('mailbox', 'mailbox.id', 'member.mailbox_id')
    .select([
      'mailbox.id',
      'mailbox.organization_id as organizationId',
      'mailbox.address',
      'mailbox.name',
      'mailbox.kind',
    ])
    .where('member.person_id', '=', person.id)
    .orderBy('mailbox.address')
    .execute()
  if (rows.length === 0) return []
  const addresses = await db
    .selectFrom('address')
    .select(['mailbox_id', 'address'])
    .where(
      'mailbox_id',
      'in',
      rows.map(row => row.id),
    )
    .orderBy('address')
    .execute()
  return rows
    .map(row => ({
      ...row,
      addresses: [
        row.address,
        ...addresses
          .filter(entry => entry.mailbox_id === row.id && entry.address !== row.address)
          .map(entry => entry.address),
      ],
    }))
    .sort((a, b) => Number(b.address === person.address) - Number(a.address === person.address))
}

/** One of them, or null: to whoever is no member it does not exist. */
export async function accountOf(
  db: Executor,
  person: Pick<Person, 'id' | 'address'>,
  mailboxId: string,
): Promise<Account | null> {
  return (await accountsOf(db, person)).find(account => account.id === mailboxId) ?? null
}

/** Who a session belongs to; null when they are gone. Compare `sessionEpoch` with the session's own. */
export async function personById(db: Executor, id: string): Promise<Person | null> {
  const row = await db
    .selectFrom('person')
    .select(personColumns)
    .where('person.id', '=', id)
    .executeTakeFirst()
  return row ?? null
}

/** Remembers that somebody uses the webmail, to five minutes: for readiness and for the reports of drills. */
export async function noteSeen(db: Executor, id: string, now: Date = new Date()): Promise<void> {
  await db
    .updateTable('person')
    .set({ last_seen_at: now })
    .where('id', '=', id)
    .where(({ eb, or }) =>
      or([eb('last_seen_at', 'is', null), eb('last_seen_at', '<', new Date(now.getTime() - 300_000))]),
    )
    .execute()
}
