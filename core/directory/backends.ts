/**
 * Where mail goes: URLs of backends and smarthosts, parsed into what a dialer needs, and kept sealed because
 * they may hold passwords.
 *
 * `smtp://user:password@host:port?tls=required`, `smtps://` (implicit TLS), `lmtp://`. Hosts are in order of
 * preference: the next one is tried only when the one before can't be reached. `client=` says how the server
 * is told from whom a message came to us (docs/backends.md).
 */
import { seal, unseal } from '../config/secret.ts'
import type { Executor } from '../db/connection.ts'
import { normalizeDomain } from './addresses.ts'
import { DirectoryError } from './errors.ts'
import { type ImapServer, parseImap } from './imap.ts'

export type Tls = 'opportunistic' | 'required' | 'implicit' | 'none'

/**
 * How a server is told of the client that gave us a message. xforward: for its log, where it offers that
 * (Postfix offers it only to whom it trusts); xclient: in place of ours, for its decisions too; proxy and proxy2:
 * by the header of the PROXY protocol in front of each connection.
 */
export type ClientWay = 'xforward' | 'xclient' | 'proxy' | 'proxy2'

export type BackendHost = {
  protocol: 'smtp' | 'lmtp'
  host: string
  port: number
  tls: Tls
  /** Absent: it is not told. */
  client?: ClientWay
  user?: string
  password?: string
}

export type Backend = {
  id: string
  organizationId: string
  name: string
  /** In order of preference, at least one. */
  hosts: BackendHost[]
  imap?: ImapServer
  /** An address of the web that answers while people can get at their mailboxes: of a webmail, say. */
  access?: string
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'smtp:': 25, 'smtps:': 465, 'lmtp:': 24 }
const TLS_CHOICES: readonly Tls[] = ['opportunistic', 'required', 'implicit', 'none']
export const CLIENT_CHOICES: readonly (ClientWay | 'none')[] = [
  'xforward',
  'xclient',
  'proxy',
  'proxy2',
  'none',
]

/** @throws DirectoryError `bad-backend` (or the given code) with what is wrong; never with the password */
export function parseHost(text: string, code: 'bad-backend' | 'bad-smarthost' = 'bad-backend'): BackendHost {
  const refuse = (why: string) => new DirectoryError(code, `${withoutPassword(text)}: ${why}`)
  const url = URL.canParse(text) ? new URL(text) : undefined
  const defaultPort = url && DEFAULT_PORTS[url.protocol]
  if (!url || !defaultPort) throw refuse('must be a URL like smtp://host:25, smtps://host or lmtp://host:24')
  const host = hostOf(url)
  if (!host) throw refuse('has no valid host name')
  if (url.pathname !== '' && url.pathname !== '/') throw refuse('must not have a path')
  for (const name of url.searchParams.keys()) {
    // What our people send is nobody else's business: a smarthost hears of no client.
    const known = name === 'tls' || (name === 'client' && code === 'bad-backend')
    if (!known) throw refuse(`unknown parameter ${name}`)
  }
  const asked = url.searchParams.get('tls')
  if (asked !== null && !TLS_CHOICES.includes(asked as Tls)) {
    throw refuse(`tls must be one of ${TLS_CHOICES.join(', ')}`)
  }
  if (url.protocol === 'smtps:' && asked !== null && asked !== 'implicit') {
    throw refuse('smtps: is always tls=implicit')
  }
  const client = url.searchParams.get('client') ?? (code === 'bad-backend' ? 'xforward' : 'none')
  if (!CLIENT_CHOICES.includes(client as ClientWay)) {
    throw refuse(`client must be one of ${CLIENT_CHOICES.join(', ')}`)
  }
  const user = decodeURIComponent(url.username)
  const password = decodeURIComponent(url.password)
  return {
    protocol: url.protocol === 'lmtp:' ? 'lmtp' : 'smtp',
    host,
    port: url.port ? Number(url.port) : defaultPort,
    tls: url.protocol === 'smtps:' ? 'implicit' : ((asked as Tls | null) ?? 'opportunistic'),
    ...(client !== 'none' && { client: client as ClientWay }),
    ...(user && { user }),
    ...(password && { password }),
  }
}

/** `https://webmail.example.com/`, without user and password. @throws DirectoryError `bad-backend` */
export function parseAccess(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new DirectoryError(
      'bad-backend',
      `${withoutPassword(text)}: must be a URL like https://webmail.example.com/`,
    )
  }
  return url.href
}

/** A host as people may see it: `smtp://mail.example.com:25`, never the password. */
export function describeHost(host: BackendHost): string {
  const name = host.host.includes(':') ? `[${host.host}]` : host.host
  const scheme = host.tls === 'implicit' ? `${host.protocol}s` : host.protocol
  return `${scheme}://${name}:${host.port}`
}

/** @throws Error when the row was sealed with another secret; DirectoryError `unknown-backend` */
export async function loadBackend(db: Executor, id: string, sealKey: Buffer): Promise<Backend> {
  const row = await db.selectFrom('backend').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw new DirectoryError('unknown-backend', `there is no backend ${id}`)
  return openBackend(row, sealKey)
}

/** Every backend of one organization, or of all; oldest first. */
export async function listBackends(
  db: Executor,
  sealKey: Buffer,
  organizationId?: string,
): Promise<Backend[]> {
  let query = db.selectFrom('backend').selectAll().orderBy('created_at')
  if (organizationId) query = query.where('organization_id', '=', organizationId)
  return (await query.execute()).map(row => openBackend(row, sealKey))
}

/** The smarthosts of an organization in order; empty: straight to the MX. */
export async function loadSmarthosts(
  db: Executor,
  organizationId: string,
  sealKey: Buffer,
): Promise<BackendHost[]> {
  const row = await db
    .selectFrom('organization')
    .select('smarthosts')
    .where('id', '=', organizationId)
    .executeTakeFirst()
  return row?.smarthosts
    ? unsealList(sealKey, row.smarthosts).map(url => parseHost(url, 'bad-smarthost'))
    : []
}

export const sealList = (key: Buffer, urls: readonly string[]): string => seal(key, JSON.stringify(urls))
export const unsealList = (key: Buffer, sealed: string): string[] => JSON.parse(unseal(key, sealed))

type StoredBackend = {
  id: string
  organization_id: string
  name: string
  hosts: string
  imap: string | null
  access_url: string | null
}

function openBackend(row: StoredBackend, sealKey: Buffer): Backend {
  return {
    id: row.id,
    organizationId: row.organization_id,
    name: row.name,
    hosts: unsealList(sealKey, row.hosts).map(url => parseHost(url)),
    ...(row.imap && { imap: parseImap(unseal(sealKey, row.imap)) }),
    ...(row.access_url && { access: row.access_url }),
  }
}

function hostOf(url: URL): string | null {
  const name = url.hostname.replace(/^\[|\]$/g, '')
  if (name.includes(':') || /^\d+\.\d+\.\d+\.\d+$/.test(name)) return name
  // For schemes that a browser does not know, URL percent-encodes a host instead of making A-labels.
  return normalizeDomain(decodeURIComponent(name))
}

function withoutPassword(text: string): string {
  return text.replace(/\/\/[^@/]*@/, '//…@')
}
