/**
 * Brings the people of a source here: reads what came from it before, plans, and does it in one transaction.
 *
 * An entry that is refused (its address is somebody else's here) changes nothing and is told; the others go
 * on, unless `strict`: then one fault, and nothing is changed at all. A crash leaves all of it or none.
 * Who was here already with that address is taken over, not made anew.
 */
import { sql, type Transaction } from 'kysely'
import type { Db } from '../../db/connection.ts'
import type { Tables } from '../../db/schema.ts'
import { domainOf } from '../addresses.ts'
import { DirectoryError } from '../errors.ts'
import { addAlias, addMailbox, removeMailbox } from '../mailboxes.ts'
import { addPerson, removePerson, setPerson } from '../people.ts'
import { change } from '../transaction.ts'
import {
  type Change,
  type Entry,
  type Known,
  type Limits,
  type Problem,
  plan,
  type SetAside,
  type Wanted,
} from './plan.ts'

export type SyncInput = Limits & {
  sourceId: string
  organizationId: string
  wanted: readonly Wanted[]
  /** Faults that were found before. */
  problems?: readonly Problem[]
  strict?: boolean
  /** Says what would be done. */
  dryRun?: boolean
}

export type SyncResult = {
  /** Addresses. */
  added: string[]
  changed: string[]
  removed: string[]
  unchanged: number
  elsewhere: number
  setAside: { reason: SetAside; addresses: string[] } | null
  problems: Problem[]
  /** false: it was only tried, or faults kept it from being done. */
  done: boolean
}

class RolledBack extends Error {}

export async function syncPeople(db: Db, input: SyncInput): Promise<SyncResult> {
  let result: SyncResult | undefined
  const work = async (tx: Transaction<Tables>) => {
    // Two runs of one source at a time would each think the other's people new.
    await tx
      .selectFrom('people_source')
      .select('id')
      .where('id', '=', input.sourceId)
      .forUpdate()
      .executeTakeFirstOrThrow()
    result = await applyAll(tx, input)
    if (input.dryRun || (input.strict && result.problems.length > 0)) throw new RolledBack()
    result.done = true
  }
  try {
    await change(db, work)
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error
  }
  return result as SyncResult
}

async function applyAll(tx: Transaction<Tables>, input: SyncInput): Promise<SyncResult> {
  const { sourceId, organizationId } = input
  const known = await knownOf(tx, sourceId)
  const planned = plan(input.wanted, known, await domainsOf(tx, organizationId), input)
  const problems = [...(input.problems ?? []), ...planned.problems]
  const attempt = async (entry: Entry | Known, work: () => Promise<unknown>): Promise<boolean> => {
    const failed = await inSavepoint(tx, work)
    if (failed) {
      const line = 'line' in entry && entry.line !== undefined ? { line: entry.line } : {}
      problems.push({
        key: entry.key,
        ...line,
        address: entry.address,
        code: failed.code,
        message: failed.message,
      })
    }
    return failed === null
  }
  const result: SyncResult = {
    added: [],
    changed: [],
    removed: [],
    unchanged: planned.unchanged,
    elsewhere: planned.elsewhere,
    setAside: planned.setAside && {
      reason: planned.setAside.reason,
      addresses: planned.setAside.people.map(one => one.address),
    },
    problems,
    done: false,
  }
  // Whoever leaves goes first: their address may be somebody else's now.
  for (const one of planned.remove) {
    if (await attempt(one, () => remove(tx, one))) result.removed.push(one.address)
  }
  for (const one of planned.change) {
    if (await attempt(one.entry, () => alter(tx, sourceId, one))) result.changed.push(one.entry.address)
  }
  for (const entry of planned.add) {
    if (await attempt(entry, () => add(tx, sourceId, organizationId, entry))) result.added.push(entry.address)
  }
  return result
}

async function inSavepoint(
  tx: Transaction<Tables>,
  work: () => Promise<unknown>,
): Promise<DirectoryError | null> {
  await sql`savepoint entry`.execute(tx)
  try {
    await work()
    await sql`release savepoint entry`.execute(tx)
    return null
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error
    await sql`rollback to savepoint entry`.execute(tx)
    return error
  }
}

async function knownOf(tx: Transaction<Tables>, sourceId: string): Promise<Known[]> {
  const rows = await tx
    .selectFrom('people_entry')
    .innerJoin('mailbox', 'mailbox.id', 'people_entry.mailbox_id')
    .leftJoin('person', 'person.address', 'mailbox.address')
    .select([
      'people_entry.key',
      'people_entry.aliases',
      'mailbox.id as mailboxId',
      'mailbox.address',
      'mailbox.name',
      'mailbox.kind',
      'person.role',
      'person.locale',
    ])
    .where('people_entry.source_id', '=', sourceId)
    .execute()
  return rows
}

async function domainsOf(tx: Transaction<Tables>, organizationId: string): Promise<Set<string>> {
  const rows = await tx
    .selectFrom('domain')
    .select('name')
    .where('organization_id', '=', organizationId)
    .execute()
  return new Set(rows.map(row => row.name))
}

async function add(
  tx: Transaction<Tables>,
  sourceId: string,
  organizationId: string,
  entry: Entry,
): Promise<void> {
  const { address, name, aliases } = entry
  const mailbox = await tx
    .selectFrom('mailbox')
    .select(['id', 'kind'])
    .where('address', '=', address)
    .where('organization_id', '=', organizationId)
    .executeTakeFirst()
  if (mailbox && mailbox.kind !== entry.kind) {
    throw new DirectoryError('address-taken', `${address} is another kind of mailbox here`)
  }
  if (entry.kind === 'shared') {
    if (!mailbox) await addMailbox(tx, { address, name, shared: true })
  } else if (await isPerson(tx, address)) {
    await setPerson(tx, address, { name: name || undefined, role: entry.role, locale: entry.locale })
  } else {
    const { password, role, locale } = entry
    await addPerson(tx, { address, name, password, role, locale })
  }
  if (mailbox && name) await tx.updateTable('mailbox').set({ name }).where('id', '=', mailbox.id).execute()
  for (const alias of aliases) await addAlias(tx, address, alias)
  const { id } = await tx
    .selectFrom('mailbox')
    .select('id')
    .where('address', '=', address)
    .executeTakeFirstOrThrow()
  await tx
    .insertInto('people_entry')
    .values({ source_id: sourceId, key: entry.key, mailbox_id: id, aliases })
    .execute()
}

async function isPerson(tx: Transaction<Tables>, address: string): Promise<boolean> {
  const row = await tx.selectFrom('person').select('id').where('address', '=', address).executeTakeFirst()
  return row !== undefined
}

async function alter(tx: Transaction<Tables>, sourceId: string, found: Change): Promise<void> {
  const { known, entry } = found
  if (found.address !== undefined) await rename(tx, known, found.address)
  if (found.name !== undefined) {
    await tx.updateTable('mailbox').set({ name: found.name }).where('id', '=', known.mailboxId).execute()
  }
  if (known.role !== null && (found.name !== undefined || found.role || found.locale)) {
    await setPerson(tx, entry.address, { name: found.name, role: found.role, locale: found.locale })
  }
  if (found.goneAliases.length > 0) {
    await tx
      .deleteFrom('address')
      .where('mailbox_id', '=', known.mailboxId)
      .where('address', 'in', found.goneAliases)
      .execute()
  }
  for (const alias of found.newAliases) await addAlias(tx, entry.address, alias)
  await tx
    .updateTable('people_entry')
    .set({ key: entry.key, aliases: entry.aliases })
    .where('source_id', '=', sourceId)
    .where('key', '=', known.key)
    .execute()
}

/** The mailbox, its mail and its person stay; the old address goes unless it is an alias now. */
async function rename(tx: Transaction<Tables>, known: Known, address: string): Promise<void> {
  const taken = await tx
    .selectFrom('address')
    .select('mailbox_id')
    .where('address', '=', address)
    .where('mailbox_id', '!=', known.mailboxId)
    .executeTakeFirst()
  if (taken || (await isPerson(tx, address))) {
    throw new DirectoryError('address-taken', `${address} is taken already`)
  }
  await tx.updateTable('mailbox').set({ address }).where('id', '=', known.mailboxId).execute()
  await tx.updateTable('person').set({ address }).where('address', '=', known.address).execute()
  await tx
    .deleteFrom('address')
    .where('mailbox_id', '=', known.mailboxId)
    .where('address', '=', known.address)
    .execute()
  await tx
    .insertInto('address')
    .values({ address, mailbox_id: known.mailboxId })
    .onConflict(conflict => conflict.doNothing())
    .execute()
}

async function remove(tx: Transaction<Tables>, known: Known): Promise<void> {
  if (known.role === null) await removeMailbox(tx, known.address)
  else await removePerson(tx, known.address, { mailbox: true })
}

/** Domains that a list of people is about: which organization's a file's people are. */
export async function organizationsOf(db: Db, addresses: readonly string[]): Promise<Map<string, string>> {
  const names = [...new Set(addresses.map(domainOf))]
  if (names.length === 0) return new Map()
  const rows = await db
    .selectFrom('domain')
    .select(['name', 'organization_id'])
    .where('name', 'in', names)
    .execute()
  return new Map(rows.map(row => [row.name, row.organization_id]))
}
