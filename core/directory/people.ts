/**
 * People: those who sign in. Each has a role, a language and, with an address of a domain of ours, a personal
 * mailbox.
 *
 * Changing a password or a role raises the session epoch: whoever is signed in with the old one is out.
 */
import type { Transaction } from 'kysely'
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import { newId } from '../db/id.ts'
import type { Digest, Locale, Role } from '../db/schema/directory.ts'
import type { Tables } from '../db/schema.ts'
import { DirectoryError } from './errors.ts'
import { addAlias, addMailbox, findMailbox, requireAddress } from './mailboxes.ts'
import { hashPassword } from './passwords.ts'
import { change } from './transaction.ts'

export type Person = {
  id: string
  /** null: an operator of the installation. */
  organizationId: string | null
  address: string
  name: string
  role: Role
  locale: Locale
  sessionEpoch: number
}

export type NewPerson = {
  address: string
  name?: string
  /** Without one they can't sign in yet. */
  password?: string
  role?: Role
  locale?: Locale
  aliases?: readonly string[]
}

export const ROLES: readonly Role[] = ['user', 'admin', 'operator']
export const LOCALES: readonly Locale[] = ['ca', 'en', 'es', 'it']

export const personColumns = [
  'person.id',
  'person.organization_id as organizationId',
  'person.address',
  'person.name',
  'person.role',
  'person.locale',
  'person.session_epoch as sessionEpoch',
] as const

/**
 * Adds a person and their personal mailbox (the one that exists at their address is taken). An operator may
 * have an address elsewhere, and then has no mailbox.
 * @throws DirectoryError `bad-address`, `unknown-domain`, `person-exists`, `address-taken`, `weak-password`, `bad-role`, `bad-locale`
 */
export async function addPerson(
  db: Executor,
  input: NewPerson,
): Promise<Person & { mailboxId: string | null }> {
  const { address, domain } = requireAddress(input.address)
  const role = requireRole(input.role ?? 'user')
  const locale = requireLocale(input.locale ?? 'en')
  const passwordHash = input.password === undefined ? null : await hashPassword(input.password)
  return change(db, async tx => {
    const exists = await tx
      .selectFrom('person')
      .select('id')
      .where('address', '=', address)
      .executeTakeFirst()
    if (exists) throw new DirectoryError('person-exists', `${address} is a person already`)
    const home = await tx
      .selectFrom('domain')
      .select('organization_id')
      .where('name', '=', domain)
      .executeTakeFirst()
    if (!home && role !== 'operator') {
      throw new DirectoryError('unknown-domain', `domain ${domain} is not known: add it with domain add`)
    }
    const name = input.name?.trim() ?? ''
    const mailboxId = home ? await personalMailbox(tx, address, name) : null
    const id = newId()
    await tx
      .insertInto('person')
      .values({
        id,
        organization_id: role === 'operator' ? null : home!.organization_id,
        address,
        name,
        role,
        locale,
        password_hash: passwordHash,
      })
      .execute()
    if (mailboxId) {
      await tx.insertInto('member').values({ person_id: id, mailbox_id: mailboxId }).execute()
      for (const alias of input.aliases ?? []) await addAlias(tx, address, alias)
    }
    return { ...(await findPerson(tx, address)), mailboxId }
  })
}

/** Changes what is given; `digest` null: what their organization has. @throws DirectoryError `unknown-person`, `weak-password`, `bad-role`, `bad-locale` */
export async function setPerson(
  db: Executor,
  address: string,
  input: { name?: string; password?: string; role?: Role; locale?: Locale; digest?: Digest | null },
): Promise<Person> {
  const passwordHash = input.password === undefined ? undefined : await hashPassword(input.password)
  const role = input.role && requireRole(input.role)
  const locale = input.locale && requireLocale(input.locale)
  return change(db, async tx => {
    const person = await findPerson(tx, address)
    if (role && role !== person.role && (role === 'operator' || person.role === 'operator')) {
      throw new DirectoryError('bad-role', 'an operator belongs to no organization: add the person anew')
    }
    const outOfSessions = passwordHash !== undefined || (role !== undefined && role !== person.role)
    await tx
      .updateTable('person')
      .set({
        ...(input.name !== undefined && { name: input.name.trim() }),
        ...(passwordHash && { password_hash: passwordHash }),
        ...(role && { role }),
        ...(locale && { locale }),
        ...(input.digest !== undefined && { digest: input.digest }),
        session_epoch: outOfSessions ? sql`session_epoch + 1` : sql`session_epoch`,
      })
      .where('id', '=', person.id)
      .execute()
    return findPerson(tx, address)
  })
}

/** Removes a person; with `mailbox` their personal mailbox and its mail here too. */
export async function removePerson(
  db: Executor,
  address: string,
  options: { mailbox: boolean },
): Promise<void> {
  await change(db, async tx => {
    const person = await findPerson(tx, address)
    await tx.deleteFrom('person').where('id', '=', person.id).execute()
    if (options.mailbox) {
      await tx
        .deleteFrom('mailbox')
        .where('address', '=', person.address)
        .where('kind', '=', 'personal')
        .execute()
    }
  })
}

/** @throws DirectoryError `bad-address`, `unknown-person` */
export async function findPerson(db: Executor, address: string): Promise<Person> {
  const wanted = requireAddress(address).address
  const person = await db
    .selectFrom('person')
    .select(personColumns)
    .where('address', '=', wanted)
    .executeTakeFirst()
  if (!person) throw new DirectoryError('unknown-person', `there is no person ${wanted}`)
  return person
}

export async function listPeople(
  db: Executor,
  organizationId?: string,
): Promise<(Person & { canSignIn: boolean })[]> {
  let query = db
    .selectFrom('person')
    .select(personColumns)
    .select(sql<boolean>`password_hash is not null`.as('canSignIn'))
    .orderBy('person.address')
  if (organizationId) query = query.where('person.organization_id', '=', organizationId)
  return query.execute()
}

async function personalMailbox(tx: Transaction<Tables>, address: string, name: string): Promise<string> {
  const existing = await tx
    .selectFrom('mailbox')
    .select('id')
    .where('address', '=', address)
    .executeTakeFirst()
  if (!existing) return (await addMailbox(tx, { address, name })).id
  const mailbox = await findMailbox(tx, address)
  if (mailbox.kind === 'shared') {
    throw new DirectoryError('address-taken', `${address} is a shared mailbox`)
  }
  return mailbox.id
}

function requireRole(role: string): Role {
  if (!ROLES.includes(role as Role)) {
    throw new DirectoryError('bad-role', `role ${role} must be one of ${ROLES.join(', ')}`)
  }
  return role as Role
}

function requireLocale(locale: string): Locale {
  if (!LOCALES.includes(locale as Locale)) {
    throw new DirectoryError('bad-locale', `locale ${locale} must be one of ${LOCALES.join(', ')}`)
  }
  return locale as Locale
}
