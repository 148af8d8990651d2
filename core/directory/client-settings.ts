/**
 * What people's own mail programs need: the servers of their organization, which are not ours. Set for each
 * domain as URLs, `imaps://mail.example.com` or `smtp://mail.example.com:587`; the scheme says how it is
 * encrypted (RFC 8314: at once, or by STARTTLS), and there is no way without.
 */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import { normalizeAddress, normalizeDomain } from './addresses.ts'
import { findDomain } from './domains.ts'
import { DirectoryError } from './errors.ts'
import { change } from './transaction.ts'

export const CLIENT_PROTOCOLS = ['imap', 'pop', 'smtp'] as const
export type ClientProtocol = (typeof CLIENT_PROTOCOLS)[number]
/** What people sign in as there: their whole address, or what stands before the @. */
export const CLIENT_USERS = ['address', 'local'] as const
export type ClientUser = (typeof CLIENT_USERS)[number]

export type ClientServer = { host: string; port: number; tls: 'implicit' | 'starttls' }
/** Of a domain. At least `imap` or `pop`, and `smtp`, or there is nothing to set up. */
export type ClientSettings = Partial<Record<ClientProtocol, ClientServer>> & { user: ClientUser }

const SCHEMES: Record<string, { protocol: ClientProtocol; port: number; tls: ClientServer['tls'] }> = {
  imaps: { protocol: 'imap', port: 993, tls: 'implicit' },
  imap: { protocol: 'imap', port: 143, tls: 'starttls' },
  pop3s: { protocol: 'pop', port: 995, tls: 'implicit' },
  pop3: { protocol: 'pop', port: 110, tls: 'starttls' },
  smtps: { protocol: 'smtp', port: 465, tls: 'implicit' },
  smtp: { protocol: 'smtp', port: 587, tls: 'starttls' },
}

/** @throws DirectoryError `bad-client-server` */
export function parseClientServer(protocol: ClientProtocol, text: string): ClientServer {
  const parts = /^([a-z0-9]+):\/\/([^/:@?#\s]+)(?::(\d{1,5}))?\/?$/i.exec(text.trim())
  const scheme = SCHEMES[parts?.[1]?.toLowerCase() ?? '']
  const host = normalizeDomain(parts?.[2] ?? '')
  const port = parts?.[3] === undefined ? scheme?.port : Number(parts[3])
  if (!scheme || scheme.protocol !== protocol || !host?.includes('.') || !port || port > 65_535) {
    const schemes = Object.keys(SCHEMES).filter(name => SCHEMES[name]?.protocol === protocol)
    throw new DirectoryError(
      'bad-client-server',
      `${text} must look like ${schemes.join('://host or ')}://host`,
    )
  }
  return { host, port, tls: scheme.tls }
}

export function describeClientServer(protocol: ClientProtocol, { host, port, tls }: ClientServer): string {
  const found = Object.entries(SCHEMES).find(([, one]) => one.protocol === protocol && one.tls === tls)
  return `${found?.[0]}://${host}:${port}`
}

/** `null` takes a server away; what is not given stays. */
export type ClientChanges = Partial<Record<ClientProtocol, string | null>> & { user?: ClientUser }

type Stored = Partial<Record<ClientProtocol, string>> & { user?: ClientUser }

/**
 * Changes what is given.
 * @returns how it is now
 * @throws DirectoryError `unknown-domain`, `bad-client-server`
 */
export async function setClientSettings(
  db: Executor,
  domain: string,
  changes: ClientChanges,
): Promise<ClientSettings> {
  return change(db, async tx => {
    const { id } = await findDomain(tx, domain)
    const row = await tx
      .selectFrom('domain')
      .select('client_settings')
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirstOrThrow()
    const next: Stored = { ...(row.client_settings as Stored) }
    for (const protocol of CLIENT_PROTOCOLS) {
      const text = changes[protocol]
      if (text === null) delete next[protocol]
      else if (text !== undefined)
        next[protocol] = describeClientServer(protocol, parseClientServer(protocol, text))
    }
    if (changes.user) next.user = changes.user
    await tx
      .updateTable('domain')
      .set({ client_settings: JSON.stringify(next) })
      .where('id', '=', id)
      .execute()
    return readStored(next)
  })
}

function readStored(stored: Stored): ClientSettings {
  const settings: ClientSettings = { user: stored.user ?? 'address' }
  for (const protocol of CLIENT_PROTOCOLS) {
    const text = stored[protocol]
    if (text) settings[protocol] = parseClientServer(protocol, text)
  }
  return settings
}

export type ClientSetup = ClientSettings & { domain: string; organization: string; smtp: ClientServer }

/** What a program of somebody at this domain needs; null where it is not set, or not whole. */
export async function clientSetup(db: Executor, domain: string): Promise<ClientSetup | null> {
  const name = normalizeDomain(domain)
  if (!name) return null
  const row = await db
    .selectFrom('domain')
    .innerJoin('organization', 'organization.id', 'domain.organization_id')
    .select(['domain.client_settings', 'organization.name as organization'])
    .where('domain.name', '=', name)
    .executeTakeFirst()
  if (!row) return null
  const settings = readStored(row.client_settings as Stored)
  const { imap, pop, smtp } = settings
  return smtp && (imap || pop) ? { ...settings, smtp, domain: name, organization: row.organization } : null
}

/** As it is shown and changed: URLs, and how many of the domain's people have looked at how to set theirs up. */
export type Programs = Record<ClientProtocol, string | null> & {
  user: ClientUser
  people: number
  seen: number
}

/** Of every domain, whole or not, by its name. */
export async function listPrograms(db: Executor): Promise<Map<string, Programs>> {
  const rows = await db.selectFrom('domain').select(['name', 'client_settings']).execute()
  const counts = await db
    .selectFrom('person')
    .select(e => [
      sql<string>`split_part(address, '@', 2)`.as('domain'),
      e.fn.countAll<number>().as('people'),
      e.fn.count<number>('setup_seen_at').as('seen'),
    ])
    .groupBy('domain')
    .execute()
  const counted = new Map(counts.map(row => [row.domain, row]))
  return new Map(
    rows.map(({ name, client_settings }) => {
      const { imap = null, pop = null, smtp = null, user = 'address' } = client_settings as Stored
      const { people = 0, seen = 0 } = counted.get(name) ?? {}
      return [name, { imap, pop, smtp, user, people: Number(people), seen: Number(seen) }]
    }),
  )
}

/** What somebody signs in as at those servers. */
export function clientUserName(settings: Pick<ClientSettings, 'user'>, address: string): string {
  return settings.user === 'local' ? address.slice(0, address.lastIndexOf('@')) : address
}

/** The domain of an address that a program sent; null when it is none. */
export const domainOfAddress = (text: string): string | null => {
  const address = normalizeAddress(text)
  return address ? address.slice(address.lastIndexOf('@') + 1) : null
}

export type ServiceRecord = { name: string; value: string }

/** The SRV records that programs look for (RFC 6186, RFC 8314 §5): one for each server, `.` for what there is not. */
export function serviceRecords(domain: string, settings: ClientSettings): ServiceRecord[] {
  return CLIENT_PROTOCOLS.flatMap(protocol => {
    const server = settings[protocol]
    const label = { imap: 'imap', pop: 'pop3', smtp: 'submission' }[protocol]
    return (['implicit', 'starttls'] as const).map(tls => ({
      name: `_${label}${tls === 'implicit' ? 's' : ''}._tcp.${domain}`,
      value: server?.tls === tls ? `0 1 ${server.port} ${server.host}.` : '0 0 0 .',
    }))
  })
}

/** Somebody looked at how to set their programs up. */
export async function noteSetupSeen(db: Executor, personId: string, now: Date): Promise<void> {
  await db.updateTable('person').set({ setup_seen_at: now }).where('id', '=', personId).execute()
}
