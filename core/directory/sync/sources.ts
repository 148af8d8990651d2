/**
 * Where an organization's people come from: its LDAP server (settings sealed, they hold a password), or files
 * that are read again and again. One of each kind for an organization.
 */
import { sql } from 'kysely'
import { seal, unseal } from '../../config/secret.ts'
import type { Db, Executor } from '../../db/connection.ts'
import { newId } from '../../db/id.ts'
import { DirectoryError } from '../errors.ts'
import { findOrganization } from '../organizations.ts'
import { change } from '../transaction.ts'
import { type SyncResult, syncPeople } from './apply.ts'
import { type LdapSettings, readLdap } from './ldap.ts'

export type LastResult =
  | ({ type: 'synced' } & Omit<SyncResult, 'added' | 'changed' | 'removed'> & {
        added: number
        changed: number
        removed: number
      })
  | { type: 'failed'; reason: string }

export type LdapSource = {
  id: string
  organizationId: string
  organization: string
  settings: LdapSettings
  everyMinutes: number
  /** false: only when somebody asks for it. */
  scheduled: boolean
  lastAt: Date | null
  lastResult: LastResult | null
  /** How many mailboxes came from it. */
  entries: number
}

export const EVERY_MINUTES = { least: 5, most: 1440, normal: 60 } as const
/** Faults that are kept with the result. */
const MOST_PROBLEMS = 100

/** Adds an organization's LDAP server, or changes it. @throws DirectoryError `unknown-organization`, `bad-ldap` */
export async function setLdap(
  db: Executor,
  organization: string,
  input: { settings: LdapSettings; everyMinutes?: number; scheduled?: boolean },
  sealKey: Buffer,
): Promise<{ id: string; organizationId: string }> {
  const every = input.everyMinutes ?? EVERY_MINUTES.normal
  if (!Number.isInteger(every) || every < EVERY_MINUTES.least || every > EVERY_MINUTES.most) {
    throw new DirectoryError(
      'bad-ldap',
      `every must be a whole number of minutes from ${EVERY_MINUTES.least} to ${EVERY_MINUTES.most}`,
    )
  }
  return change(db, async tx => {
    const { id: organizationId } = await findOrganization(tx, organization)
    const values = {
      settings: seal(sealKey, JSON.stringify(input.settings)),
      every_minutes: every,
      next_at: input.scheduled === false ? null : new Date(),
    }
    const { id } = await tx
      .insertInto('people_source')
      .values({ id: newId(), organization_id: organizationId, kind: 'ldap', ...values })
      .onConflict(conflict => conflict.columns(['organization_id', 'kind']).doUpdateSet(values))
      .returning('id')
      .executeTakeFirstOrThrow()
    return { id, organizationId }
  })
}

/** Forgets where people came from; the people stay. @throws DirectoryError `unknown-organization`, `no-ldap` */
export async function removeLdap(db: Executor, organization: string): Promise<{ organizationId: string }> {
  return change(db, async tx => {
    const { id: organizationId, name } = await findOrganization(tx, organization)
    const gone = await tx
      .deleteFrom('people_source')
      .where('organization_id', '=', organizationId)
      .where('kind', '=', 'ldap')
      .returning('id')
      .executeTakeFirst()
    if (!gone) throw new DirectoryError('no-ldap', `${name} has no LDAP server: add it with ldap set`)
    return { organizationId }
  })
}

export async function listLdap(
  db: Executor,
  sealKey: Buffer,
  organizationId?: string,
): Promise<LdapSource[]> {
  let query = db
    .selectFrom('people_source')
    .innerJoin('organization', 'organization.id', 'people_source.organization_id')
    .selectAll('people_source')
    .select('organization.name as organization')
    .select(eb =>
      eb
        .selectFrom('people_entry')
        .whereRef('people_entry.source_id', '=', 'people_source.id')
        .select(sql<number>`count(*)::int`.as('n'))
        .as('entries'),
    )
    .where('people_source.kind', '=', 'ldap')
    .orderBy('organization.name')
  if (organizationId) query = query.where('people_source.organization_id', '=', organizationId)
  return (await query.execute()).map(row => ({
    id: row.id,
    organizationId: row.organization_id,
    organization: row.organization,
    settings: JSON.parse(unseal(sealKey, row.settings ?? '')) as LdapSettings,
    everyMinutes: row.every_minutes,
    scheduled: row.next_at !== null,
    lastAt: row.last_at,
    lastResult: row.last_result as LastResult | null,
    entries: row.entries ?? 0,
  }))
}

/** @throws DirectoryError `unknown-organization`, `no-ldap` */
export async function findLdap(db: Executor, sealKey: Buffer, organization: string): Promise<LdapSource> {
  const { id, name } = await findOrganization(db, organization)
  const [source] = await listLdap(db, sealKey, id)
  if (!source) throw new DirectoryError('no-ldap', `${name} has no LDAP server: add it with ldap set`)
  return source
}

/** The source of an organization's files, made at the first one. */
export async function csvSource(db: Executor, organizationId: string): Promise<string> {
  const { id } = await db
    .insertInto('people_source')
    .values({ id: newId(), organization_id: organizationId, kind: 'csv', settings: null })
    .onConflict(conflict => conflict.columns(['organization_id', 'kind']).doUpdateSet({ settings: null }))
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

export type LdapSync = { type: 'synced'; result: SyncResult } | { type: 'failed'; reason: string }

/**
 * Reads an LDAP server and brings its people here; what came of it is kept, unless it was only tried.
 * @param options.acceptRemovals also when more vanished than may
 */
export async function syncLdap(
  db: Db,
  source: LdapSource,
  options: { dryRun?: boolean; acceptRemovals?: boolean },
): Promise<LdapSync> {
  const read = await readLdap(source.settings)
  if (read.type === 'failed') {
    if (!options.dryRun) await keep(db, source.id, read)
    return read
  }
  const result = await syncPeople(db, {
    sourceId: source.id,
    organizationId: source.organizationId,
    wanted: read.wanted,
    complete: true,
    removals: options.acceptRemovals ? 'all' : 'guarded',
    mostVanished: source.settings.mostVanished / 100,
    dryRun: options.dryRun,
  })
  if (!options.dryRun) {
    await keep(db, source.id, {
      type: 'synced',
      ...result,
      added: result.added.length,
      changed: result.changed.length,
      removed: result.removed.length,
      problems: result.problems.slice(0, MOST_PROBLEMS),
    })
  }
  return { type: 'synced', result }
}

async function keep(db: Db, id: string, result: LastResult): Promise<void> {
  await db
    .updateTable('people_source')
    .set({ last_at: new Date(), last_result: JSON.stringify(result) })
    .where('id', '=', id)
    .execute()
}

/**
 * Those whose turn it is; their next one is set, so that no other worker takes them. Killed after this: it is
 * left out once.
 */
export async function takeDue(db: Db, sealKey: Buffer, now: Date): Promise<LdapSource[]> {
  const due = await db
    .updateTable('people_source')
    .set({ next_at: sql<Date>`${now}::timestamptz + every_minutes * interval '1 minute'` })
    .where('kind', '=', 'ldap')
    .where('next_at', '<=', now)
    .returning('id')
    .execute()
  const ids = new Set(due.map(row => row.id))
  return ids.size === 0 ? [] : (await listLdap(db, sealKey)).filter(source => ids.has(source.id))
}
