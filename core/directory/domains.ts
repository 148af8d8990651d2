/**
 * Domains and the backends that their mail goes to.
 *
 * Domains of one organization with the same list of hosts share one backend: it is the same server, so it has
 * one health and one queue.
 */
import type { Transaction } from 'kysely'
import { seal, unseal } from '../config/secret.ts'
import type { Executor } from '../db/connection.ts'
import { newId } from '../db/id.ts'
import type { Tables } from '../db/schema.ts'
import { normalizeDomain } from './addresses.ts'
import { parseHost, sealList, unsealList } from './backends.ts'
import { DirectoryError } from './errors.ts'
import { parseImap } from './imap.ts'
import { checkHistoryDays, findOrganization } from './organizations.ts'
import { change } from './transaction.ts'

export type Domain = {
  id: string
  name: string
  organizationId: string
  organization: string
  backendId: string
  backend: string
  /** The domain's own, or its organization's. */
  historyDays: number
  recipients: Recipients
  unverified: Unverified
}

/** How a domain's recipients are known: by us alone, or by asking its backend. */
export type Recipients = 'directory' | 'ask'
/** What becomes of mail for a recipient that nobody can be asked about. */
export type Unverified = 'later' | 'hold'
export const RECIPIENTS: readonly Recipients[] = ['directory', 'ask']
export const UNVERIFIED: readonly Unverified[] = ['later', 'hold']

export type NewDomain = {
  domain: string
  /** The organization's name. */
  organization: string
  /** URLs in order of preference, at least one. */
  backends: readonly string[]
  imap?: string
  recipients?: Recipients
  unverified?: Unverified
}

/** @throws DirectoryError `bad-domain`, `bad-backend`, `unknown-organization`, `domain-exists`, `backend-differs` */
export async function addDomain(
  db: Executor,
  input: NewDomain,
  sealKey: Buffer,
): Promise<{ id: string; domain: string; organizationId: string; backendId: string }> {
  const name = normalizeDomain(input.domain)
  if (!name?.includes('.')) throw new DirectoryError('bad-domain', `${input.domain} is not a domain name`)
  if (input.backends.length === 0) {
    throw new DirectoryError('bad-backend', 'a domain needs at least one backend, like smtp://host:25')
  }
  for (const url of input.backends) parseHost(url)
  if (input.imap) parseImap(input.imap)
  return change(db, async tx => {
    const organization = await findOrganization(tx, input.organization)
    const existing = await tx.selectFrom('domain').select('id').where('name', '=', name).executeTakeFirst()
    if (existing) throw new DirectoryError('domain-exists', `domain ${name} exists already`)
    const backendId = await backendFor(tx, organization.id, name, input, sealKey)
    const id = newId()
    await tx
      .insertInto('domain')
      .values({
        id,
        organization_id: organization.id,
        name,
        backend_id: backendId,
        recipients: input.recipients && requireOne(RECIPIENTS, input.recipients),
        unverified: input.unverified && requireOne(UNVERIFIED, input.unverified),
      })
      .execute()
    return { id, domain: name, organizationId: organization.id, backendId }
  })
}

/** null takes the organization's. @throws DirectoryError `unknown-domain`, `bad-history` */
export async function setDomainHistory(db: Executor, domain: string, days: number | null): Promise<void> {
  if (days !== null) checkHistoryDays(days)
  await change(db, async tx => {
    const found = await findDomain(tx, domain)
    await tx.updateTable('domain').set({ history_days: days }).where('id', '=', found.id).execute()
  })
}

/** Changes what is given. @throws DirectoryError `unknown-domain`, `bad-recipients` */
export async function setDomainRecipients(
  db: Executor,
  domain: string,
  input: { recipients?: Recipients; unverified?: Unverified },
): Promise<void> {
  await change(db, async tx => {
    const found = await findDomain(tx, domain)
    const changed = {
      ...(input.recipients && { recipients: requireOne(RECIPIENTS, input.recipients) }),
      ...(input.unverified && { unverified: requireOne(UNVERIFIED, input.unverified) }),
    }
    if (Object.keys(changed).length > 0)
      await tx.updateTable('domain').set(changed).where('id', '=', found.id).execute()
  })
}

/**
 * Moves a domain's mail to other servers: the backend keeps its id, its queue and what it holds. Domains that share
 * it move along.
 * @param input `imap: null` takes it away
 * @returns the names of all domains that this changes
 * @throws DirectoryError `unknown-domain`, `bad-backend`
 */
export async function setDomainBackend(
  db: Executor,
  domain: string,
  input: { backends?: readonly string[]; imap?: string | null },
  sealKey: Buffer,
): Promise<string[]> {
  for (const url of input.backends ?? []) parseHost(url)
  if (input.imap) parseImap(input.imap)
  return change(db, async tx => {
    const { backend_id: id } = await findDomain(tx, domain)
    const changed = {
      ...(input.backends?.length && { hosts: sealList(sealKey, input.backends) }),
      ...(input.imap !== undefined && { imap: input.imap && seal(sealKey, input.imap) }),
    }
    if (Object.keys(changed).length > 0)
      await tx.updateTable('backend').set(changed).where('id', '=', id).execute()
    const rows = await tx
      .selectFrom('domain')
      .select('name')
      .where('backend_id', '=', id)
      .orderBy('name')
      .execute()
    return rows.map(row => row.name)
  })
}

function requireOne<T extends string>(choices: readonly T[], text: T): T {
  if (choices.includes(text)) return text
  throw new DirectoryError('bad-recipients', `${text} must be one of ${choices.join(', ')}`)
}

/**
 * The row of an address's or a domain's domain.
 * @throws DirectoryError `unknown-domain`
 */
export async function findDomain(
  db: Executor,
  domain: string,
): Promise<{ id: string; name: string; organization_id: string; backend_id: string }> {
  const name = normalizeDomain(domain)
  const row = name
    ? await db
        .selectFrom('domain')
        .select(['id', 'name', 'organization_id', 'backend_id'])
        .where('name', '=', name)
        .executeTakeFirst()
    : undefined
  if (!row)
    throw new DirectoryError('unknown-domain', `domain ${domain} is not known: add it with domain add`)
  return row
}

export async function listDomains(db: Executor, organizationId?: string): Promise<Domain[]> {
  let query = db
    .selectFrom('domain')
    .innerJoin('organization', 'organization.id', 'domain.organization_id')
    .innerJoin('backend', 'backend.id', 'domain.backend_id')
    .select([
      'domain.id',
      'domain.name',
      'domain.organization_id',
      'organization.name as organization',
      'domain.backend_id',
      'backend.name as backend',
      'domain.history_days',
      'domain.recipients',
      'domain.unverified',
      'organization.history_days as default_history_days',
    ])
    .orderBy('domain.name')
  if (organizationId) query = query.where('domain.organization_id', '=', organizationId)
  return (await query.execute()).map(row => ({
    id: row.id,
    name: row.name,
    organizationId: row.organization_id,
    organization: row.organization,
    backendId: row.backend_id,
    backend: row.backend,
    historyDays: row.history_days ?? row.default_history_days,
    recipients: row.recipients,
    unverified: row.unverified,
  }))
}

/**
 * Removes a domain without mailboxes; its backend goes with its last domain.
 * @throws DirectoryError `unknown-domain`, `domain-in-use` (mailboxes, or mail that still waits)
 */
export async function removeDomain(db: Executor, domain: string): Promise<void> {
  await change(db, async tx => {
    const found = await findDomain(tx, domain)
    const address = await tx
      .selectFrom('address')
      .select('address')
      .where('address', 'like', `%@${found.name}`)
      .executeTakeFirst()
    if (address) {
      throw new DirectoryError('domain-in-use', `${found.name} still has the address ${address.address}`)
    }
    const others = await tx
      .selectFrom('domain')
      .select('id')
      .where('backend_id', '=', found.backend_id)
      .where('id', '!=', found.id)
      .execute()
    const waiting = await tx
      .selectFrom('delivery')
      .select('id')
      .where('backend_id', '=', found.backend_id)
      .where('state', 'in', ['queued', 'held', 'deferred'])
      .executeTakeFirst()
    if (waiting && others.length === 0) {
      throw new DirectoryError(
        'domain-in-use',
        `mail for ${found.name} still waits: let it go out or cancel it`,
      )
    }
    await tx.deleteFrom('domain').where('id', '=', found.id).execute()
    if (others.length === 0) await tx.deleteFrom('backend').where('id', '=', found.backend_id).execute()
  })
}

async function backendFor(
  tx: Transaction<Tables>,
  organizationId: string,
  domain: string,
  input: NewDomain,
  sealKey: Buffer,
): Promise<string> {
  const wanted = JSON.stringify(input.backends.map(url => parseHost(url)))
  // Each sealing has its own nonce, so equal lists are found by opening them. The organization's row is
  // locked: two domains added at once still share.
  const rows = await tx
    .selectFrom('backend')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .execute()
  const same = rows.find(
    row => JSON.stringify(unsealList(sealKey, row.hosts).map(url => parseHost(url))) === wanted,
  )
  if (!same) {
    const id = newId()
    await tx
      .insertInto('backend')
      .values({
        id,
        organization_id: organizationId,
        name: domain,
        hosts: sealList(sealKey, input.backends),
        imap: input.imap ? seal(sealKey, input.imap) : null,
      })
      .execute()
    return id
  }
  if (input.imap) {
    if (same.imap === null) {
      await tx
        .updateTable('backend')
        .set({ imap: seal(sealKey, input.imap) })
        .where('id', '=', same.id)
        .execute()
    } else if (unseal(sealKey, same.imap) !== input.imap) {
      throw new DirectoryError(
        'backend-differs',
        `backend ${same.name} has the same hosts but another IMAP server`,
      )
    }
  }
  return same.id
}
