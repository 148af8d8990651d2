/**
 * Mailboxes and the addresses that lead to them.
 *
 * A mailbox's own address belongs to it alone. An alias may be given to several mailboxes: then it is a
 * group, and mail for it goes into each of them. Every mailbox has the six standard folders from its first
 * moment, so that nothing that files mail has to make them.
 */
import type { Transaction } from 'kysely'
import type { Executor } from '../db/connection.ts'
import { newId } from '../db/id.ts'
import type { FolderRole } from '../db/schema/mail.ts'
import type { Tables } from '../db/schema.ts'
import { parseAddress } from './addresses.ts'
import { findDomain } from './domains.ts'
import { DirectoryError } from './errors.ts'
import { change } from './transaction.ts'

export type Mailbox = {
  id: string
  organizationId: string
  address: string
  name: string
  kind: 'personal' | 'shared'
  aliases: string[]
  /** Addresses of the people who may open it. */
  members: string[]
  /** Addresses outside that its mail goes to besides. */
  forwards: string[]
}

/** Role, name, order. Names are what IMAP clients expect; the webmail shows its own words for roles. */
const STANDARD_FOLDERS: readonly (readonly [FolderRole, string, number])[] = [
  ['inbox', 'Inbox', 1],
  ['drafts', 'Drafts', 2],
  ['sent', 'Sent', 3],
  ['archive', 'Archive', 4],
  ['junk', 'Junk', 5],
  ['trash', 'Trash', 6],
]

export type NewMailbox = {
  address: string
  name?: string
  shared?: boolean
  aliases?: readonly string[]
  /** Addresses of people who exist. */
  members?: readonly string[]
}

/** @throws DirectoryError `bad-address`, `unknown-domain`, `address-taken`, `unknown-person`, `other-organization` */
export async function addMailbox(
  db: Executor,
  input: NewMailbox,
): Promise<{ id: string; organizationId: string; address: string }> {
  const own = requireAddress(input.address)
  return change(db, async tx => {
    const domain = await findDomain(tx, own.domain)
    const taken = await tx
      .selectFrom('address')
      .select('address')
      .where('address', '=', own.address)
      .executeTakeFirst()
    if (taken) throw new DirectoryError('address-taken', `${own.address} is taken already`)
    const id = newId()
    await tx
      .insertInto('mailbox')
      .values({
        id,
        organization_id: domain.organization_id,
        address: own.address,
        name: input.name?.trim() ?? '',
        kind: input.shared ? 'shared' : 'personal',
      })
      .execute()
    await tx.insertInto('address').values({ address: own.address, mailbox_id: id }).execute()
    await tx
      .insertInto('folder')
      .values(
        STANDARD_FOLDERS.map(([role, name, order]) => ({
          id: newId(),
          mailbox_id: id,
          name,
          role,
          sort_order: order,
        })),
      )
      .execute()
    for (const alias of input.aliases ?? [])
      await insertAlias(tx, { id, organizationId: domain.organization_id }, alias)
    for (const member of input.members ?? []) {
      await insertMember(tx, { id, organizationId: domain.organization_id }, member)
    }
    return { id, organizationId: domain.organization_id, address: own.address }
  })
}

/** @throws DirectoryError as addMailbox, and `unknown-mailbox` */
export async function addAlias(db: Executor, mailbox: string, alias: string): Promise<void> {
  await change(db, async tx => insertAlias(tx, await findMailbox(tx, mailbox), alias))
}

/** @throws DirectoryError `unknown-mailbox`, `unknown-person`, `other-organization` */
export async function addMember(db: Executor, mailbox: string, person: string): Promise<void> {
  await change(db, async tx => insertMember(tx, await findMailbox(tx, mailbox), person))
}

export async function removeMember(db: Executor, mailbox: string, person: string): Promise<void> {
  await change(db, async tx => {
    const found = await findMailbox(tx, mailbox)
    const address = requireAddress(person).address
    await tx
      .deleteFrom('member')
      .where('mailbox_id', '=', found.id)
      .where('person_id', 'in', tx.selectFrom('person').select('id').where('address', '=', address))
      .execute()
  })
}

export async function listMailboxes(db: Executor, organizationId?: string): Promise<Mailbox[]> {
  let query = db.selectFrom('mailbox').selectAll().orderBy('address')
  if (organizationId) query = query.where('organization_id', '=', organizationId)
  const rows = await query.execute()
  const addresses = group(
    await db
      .selectFrom('address')
      .select(['mailbox_id as key', 'address as value'])
      .orderBy('address')
      .execute(),
  )
  const members = group(
    await db
      .selectFrom('member')
      .innerJoin('person', 'person.id', 'member.person_id')
      .select(['member.mailbox_id as key', 'person.address as value'])
      .orderBy('person.address')
      .execute(),
  )
  const forwards = group(
    await db
      .selectFrom('forward')
      .select(['mailbox_id as key', 'address as value'])
      .orderBy('address')
      .execute(),
  )
  return rows.map(row => ({
    id: row.id,
    organizationId: row.organization_id,
    address: row.address,
    name: row.name,
    kind: row.kind,
    aliases: (addresses.get(row.id) ?? []).filter(address => address !== row.address),
    members: members.get(row.id) ?? [],
    forwards: forwards.get(row.id) ?? [],
  }))
}

/** Removes a mailbox with all of its mail here. @throws DirectoryError `unknown-mailbox`, `mailbox-in-use` */
export async function removeMailbox(db: Executor, address: string): Promise<void> {
  await change(db, async tx => {
    const found = await findMailbox(tx, address)
    const person = await tx
      .selectFrom('person')
      .select('id')
      .where('address', '=', found.address)
      .executeTakeFirst()
    if (person) {
      throw new DirectoryError('mailbox-in-use', `${found.address} belongs to a person: remove the person`)
    }
    await tx.deleteFrom('mailbox').where('id', '=', found.id).execute()
  })
}

/** @throws DirectoryError `bad-address`, `unknown-mailbox` */
export async function findMailbox(
  db: Executor,
  address: string,
): Promise<{ id: string; organizationId: string; address: string; kind: 'personal' | 'shared' }> {
  const wanted = requireAddress(address).address
  const row = await db
    .selectFrom('mailbox')
    .select(['id', 'organization_id as organizationId', 'address', 'kind'])
    .where('address', '=', wanted)
    .executeTakeFirst()
  if (!row) throw new DirectoryError('unknown-mailbox', `there is no mailbox ${wanted}`)
  return row
}

/** @throws DirectoryError `bad-address` */
export function requireAddress(text: string): { local: string; domain: string; address: string } {
  const parsed = parseAddress(text)
  if (!parsed) throw new DirectoryError('bad-address', `${text} is not an e-mail address`)
  return parsed
}

type Owner = { id: string; organizationId: string }

async function insertAlias(tx: Transaction<Tables>, owner: Owner, alias: string): Promise<void> {
  const { address, domain } = requireAddress(alias)
  const known = await findDomain(tx, domain)
  if (known.organization_id !== owner.organizationId) {
    throw new DirectoryError('other-organization', `${domain} belongs to another organization`)
  }
  const own = await tx.selectFrom('mailbox').select('id').where('address', '=', address).executeTakeFirst()
  if (own && own.id !== owner.id) {
    throw new DirectoryError('address-taken', `${address} is the address of another mailbox`)
  }
  await tx
    .insertInto('address')
    .values({ address, mailbox_id: owner.id })
    .onConflict(conflict => conflict.doNothing())
    .execute()
}

async function insertMember(tx: Transaction<Tables>, owner: Owner, member: string): Promise<void> {
  const { address } = requireAddress(member)
  const person = await tx
    .selectFrom('person')
    .select(['id', 'organization_id'])
    .where('address', '=', address)
    .executeTakeFirst()
  if (!person)
    throw new DirectoryError('unknown-person', `there is no person ${address}: add them with person add`)
  if (person.organization_id !== null && person.organization_id !== owner.organizationId) {
    throw new DirectoryError('other-organization', `${address} belongs to another organization`)
  }
  await tx
    .insertInto('member')
    .values({ person_id: person.id, mailbox_id: owner.id })
    .onConflict(conflict => conflict.doNothing())
    .execute()
}

function group(rows: readonly { key: string; value: string }[]): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const { key, value } of rows) {
    const list = groups.get(key)
    if (list) list.push(value)
    else groups.set(key, [value])
  }
  return groups
}
