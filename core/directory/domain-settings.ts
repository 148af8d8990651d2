/**
 * What may be set about a domain's mail where one also sees it all: how its recipients are known, and what its
 * mail server is told of the client that a message came from. The second is its backend's, and so of every
 * domain that shares it.
 */
import type { Executor } from '../db/connection.ts'
import { CLIENT_CHOICES, type ClientWay, describeHost, parseHost, sealList, unsealList } from './backends.ts'
import { listPrograms, type Programs } from './client-settings.ts'
import { findDomain, listDomains, type Recipients, type Unverified } from './domains.ts'
import { DirectoryError } from './errors.ts'
import { change } from './transaction.ts'

export type ClientChoice = ClientWay | 'none'

export type DomainSettings = {
  name: string
  organization: string
  recipients: Recipients
  unverified: Unverified
  /** null: its servers are not told the same way. */
  client: ClientChoice | null
  /** Its mail server: `smtp://mail.example.com:25`, in order, never with a password. */
  hosts: string[]
  /** What people's own mail programs are told. */
  programs: Programs
  /** Other domains with the same backend. */
  sharing: string[]
}

export async function listDomainSettings(
  db: Executor,
  sealKey: Buffer,
  organizationId?: string,
): Promise<DomainSettings[]> {
  const domains = await listDomains(db, organizationId)
  const rows = await db.selectFrom('backend').select(['id', 'hosts']).execute()
  const programs = await listPrograms(db)
  const sealed = new Map(rows.map(row => [row.id, row.hosts]))
  return domains.map(({ name, organization, recipients, unverified, backendId }) => {
    const hosts = unsealList(sealKey, sealed.get(backendId) ?? '').map(url => parseHost(url))
    const ways = new Set(hosts.map(host => host.client ?? 'none'))
    const [client = null] = ways.size === 1 ? ways : []
    const sharing = domains.filter(other => other.backendId === backendId && other.name !== name)
    return {
      name,
      organization,
      recipients,
      unverified,
      client,
      hosts: hosts.map(describeHost),
      programs: programs.get(name)!,
      sharing: sharing.map(other => other.name),
    }
  })
}

/**
 * Sets it for all servers of the domain's backend.
 * @returns the names of all domains that this changes
 * @throws DirectoryError `unknown-domain`, `bad-backend`
 */
export async function setDomainClient(
  db: Executor,
  domain: string,
  way: ClientChoice,
  sealKey: Buffer,
): Promise<string[]> {
  if (!CLIENT_CHOICES.includes(way)) {
    throw new DirectoryError('bad-backend', `client must be one of ${CLIENT_CHOICES.join(', ')}`)
  }
  return change(db, async tx => {
    const { backend_id: id } = await findDomain(tx, domain)
    const { hosts } = await tx
      .selectFrom('backend')
      .select('hosts')
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirstOrThrow()
    const urls = unsealList(sealKey, hosts).map(text => {
      const url = new URL(text)
      url.searchParams.set('client', way)
      return url.href
    })
    await tx
      .updateTable('backend')
      .set({ hosts: sealList(sealKey, urls) })
      .where('id', '=', id)
      .execute()
    const rows = await tx
      .selectFrom('domain')
      .select('name')
      .where('backend_id', '=', id)
      .orderBy('name')
      .execute()
    return rows.map(row => row.name)
  })
}
