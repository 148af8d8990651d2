/**
 * The directory as the relay needs it: a plain value in memory and on disk, so that recipients are known while
 * PostgreSQL is away, also for a process that starts then.
 *
 * The file is replaced as a whole: written beside, synced, renamed, its folder synced. A crash leaves the old
 * one or the new one. A file that can't be read is treated as none.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Db } from '../db/connection.ts'
import { normalizeDomain, parseAddress, splitTag } from './addresses.ts'
import { type BackendHost, parseHost, unsealList } from './backends.ts'
import { List, type ListEntry, type ListsOf } from './list-match.ts'
import { defaultScanPolicy, type ScanPolicy, scanPolicyOf } from './scan-policy.ts'

export type SnapshotData = {
  version: 1
  /** When it was read from the database, ISO 8601. */
  readAt: string
  domains: SnapshotDomain[]
  /** Address → the mailboxes that it leads to. */
  addresses: [address: string, mailboxIds: string[]][]
  /** Whom organizations and mailboxes always or never want mail from. Absent in files of older versions. */
  lists?: SnapshotListEntry[]
  /** Mailbox → where its mail goes besides, outside. Absent: nothing is sent on. */
  forwards?: [mailboxId: string, addresses: string[]][]
}

export type SnapshotListEntry = ListEntry & { organizationId: string; mailboxId?: string }

export type SnapshotDomain = {
  name: string
  organizationId: string
  backendId: string
  /** Its backend knows who its recipients are. Absent: the directory does. */
  ask?: AskedBackend
  /** What it wants of the scan, where that differs from the default (scan-policy.ts). */
  scan?: Record<string, unknown>
}

/** What it takes to ask a backend for a recipient. */
export type AskedBackend = {
  /** Without user and password: asking needs none, and what is on disk can be read. */
  hosts: Omit<BackendHost, 'user' | 'password'>[]
  /** What becomes of mail for a recipient that nobody can be asked about. */
  unverified: 'later' | 'hold'
}

export type LocalRoute = {
  type: 'local'
  /** Canonical, without its tag when the tag led nowhere by itself. */
  address: string
  tag?: string
  domain: string
  organizationId: string
  backendId: string
  /** Empty for postmaster and abuse of a domain that has no such mailbox: then only the backend has it. */
  mailboxIds: string[]
}
export type Route = { type: 'unknown-domain' } | { type: 'unknown-recipient'; domain: string } | LocalRoute

/** RFC 5321 §4.5.1 and RFC 2142 §2: always accepted for a domain that we serve. */
const ALWAYS_LOCAL: ReadonlySet<string> = new Set(['postmaster', 'abuse'])

export class Directory {
  readonly readAt: Date
  readonly #domains: Map<string, SnapshotData['domains'][number]>
  readonly #addresses: Map<string, string[]>
  readonly #policies: Map<string, ScanPolicy>
  /** By organization or mailbox. */
  readonly #lists: Map<string, List>
  readonly #forwards: Map<string, string[]>

  constructor(data: SnapshotData) {
    this.readAt = new Date(data.readAt)
    this.#domains = new Map(data.domains.map(domain => [domain.name, domain]))
    this.#addresses = new Map(data.addresses)
    this.#forwards = new Map(data.forwards ?? [])
    this.#policies = new Map(
      data.domains.flatMap(({ name, scan }) => (scan ? [[name, scanPolicyOf(scan)] as const] : [])),
    )
    const entries = new Map<string, ListEntry[]>()
    for (const entry of data.lists ?? []) {
      const owner = entry.mailboxId ?? entry.organizationId
      const list = entries.get(owner)
      if (list) list.push(entry)
      else entries.set(owner, [entry])
    }
    this.#lists = new Map([...entries].map(([owner, list]) => [owner, new List(list)]))
  }

  /** Where mail for an address goes. What is no address at all is of an unknown domain. */
  route(text: string): Route {
    const parsed = parseAddress(text)
    const domain = this.#domains.get(parsed ? parsed.domain : domainPart(text))
    if (!domain) return { type: 'unknown-domain' }
    if (!parsed) return { type: 'unknown-recipient', domain: domain.name }
    const { base, tag } = splitTag(parsed.local)
    const here = {
      type: 'local' as const,
      domain: domain.name,
      organizationId: domain.organizationId,
      backendId: domain.backendId,
    }
    // An address that has a plus sign of its own goes before the tag.
    const exact = this.#addresses.get(parsed.address)
    if (exact) return { ...here, address: parsed.address, mailboxIds: exact }
    const untagged = `${base}@${domain.name}`
    const mailboxIds = this.#addresses.get(untagged)
    if (!mailboxIds && !ALWAYS_LOCAL.has(base)) return { type: 'unknown-recipient', domain: domain.name }
    return { ...here, address: untagged, ...(tag !== undefined && { tag }), mailboxIds: mailboxIds ?? [] }
  }

  hasDomain(name: string): boolean {
    return this.#domains.has(normalizeDomain(name) ?? '')
  }

  /** Whose a domain of ours is. @param name as A-label, in lower case */
  organizationOf(name: string): string | undefined {
    return this.#domains.get(name)?.organizationId
  }

  /** How the backend of a domain is asked for its recipients; undefined: the directory knows them all. */
  asked(domain: string): AskedBackend | undefined {
    return this.#domains.get(domain)?.ask
  }

  /** What the domain of an address wants of the scan; the default for one that is not ours. */
  scanPolicy(address: string): ScanPolicy {
    if (this.#policies.size === 0) return defaultScanPolicy
    const at = address.lastIndexOf('@') + 1
    const policy = this.#policies.get(address.slice(at)) ?? this.#policies.get(domainPart(address))
    return policy ?? defaultScanPolicy
  }

  /** The allow and block lists that count for mail to an address; undefined when there are none. */
  listsOf(address: string): ListsOf | undefined {
    if (this.#lists.size === 0) return undefined
    const route = this.route(address)
    if (route.type !== 'local') return undefined
    const organization = this.#lists.get(route.organizationId)
    const mailboxes = route.mailboxIds.map(id => this.#lists.get(id))
    return organization || mailboxes.some(Boolean) ? { organization, mailboxes } : undefined
  }

  /** Whether any mailbox's mail is sent on. */
  get forwards(): boolean {
    return this.#forwards.size > 0
  }

  /** Addresses outside that mail for an address goes to besides. */
  forwardsOf(address: string): string[] {
    if (!this.forwards) return []
    const route = this.route(address)
    if (route.type !== 'local') return []
    return [...new Set(route.mailboxIds.flatMap(id => this.#forwards.get(id) ?? []))]
  }

  /** Names of all domains, the oldest first. */
  get domains(): string[] {
    return [...this.#domains.keys()]
  }

  get size(): { domains: number; addresses: number } {
    return { domains: this.#domains.size, addresses: this.#addresses.size }
  }
}

export const emptySnapshot: SnapshotData = {
  version: 1,
  readAt: new Date(0).toISOString(),
  domains: [],
  addresses: [],
}

/**
 * Reads the directory in one consistent view.
 * @param sealKey opens the backends' URLs; without it nobody can be asked for recipients
 */
export async function readDirectory(db: Db, sealKey?: Buffer): Promise<SnapshotData> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async tx => {
      const found = await tx
        .selectFrom('domain')
        .innerJoin('backend', 'backend.id', 'domain.backend_id')
        .select([
          'domain.name',
          'domain.organization_id as organizationId',
          'domain.backend_id as backendId',
          'domain.recipients',
          'domain.unverified',
          'domain.scan',
          'backend.hosts',
        ])
        .orderBy('domain.created_at')
        .orderBy('domain.name')
        .execute()
      const domains = found.map(({ recipients, unverified, hosts, scan, ...names }): SnapshotDomain => {
        const domain = { ...names, ...(Object.keys(scan).length > 0 && { scan }) }
        if (recipients !== 'ask' || !sealKey) return domain
        return { ...domain, ask: { hosts: openHosts(sealKey, hosts), unverified } }
      })
      const rows = await tx
        .selectFrom('address')
        .select(['address', 'mailbox_id'])
        .orderBy('address')
        .orderBy('mailbox_id')
        .execute()
      const addresses = new Map<string, string[]>()
      for (const row of rows) {
        const list = addresses.get(row.address)
        if (list) list.push(row.mailbox_id)
        else addresses.set(row.address, [row.mailbox_id])
      }
      const entries = await tx
        .selectFrom('list_entry')
        .select(['organization_id', 'mailbox_id', 'kind', 'value'])
        .orderBy('id')
        .execute()
      const lists = entries.map(
        ({ organization_id, mailbox_id, kind, value }): SnapshotListEntry => ({
          organizationId: organization_id,
          ...(mailbox_id && { mailboxId: mailbox_id }),
          kind,
          value,
        }),
      )
      const sentOn = await tx
        .selectFrom('forward')
        .select(['mailbox_id', 'address'])
        .orderBy('mailbox_id')
        .orderBy('address')
        .execute()
      const forwards = [...Map.groupBy(sentOn, row => row.mailbox_id)].map(
        ([id, all]): [string, string[]] => [id, all.map(row => row.address)],
      )
      return {
        version: 1,
        readAt: new Date().toISOString(),
        domains,
        addresses: [...addresses],
        ...(lists.length > 0 && { lists }),
        ...(forwards.length > 0 && { forwards }),
      }
    })
}

/** None when they were sealed with another secret: one backend that can't be asked keeps no other from serving. */
function openHosts(sealKey: Buffer, sealed: string): AskedBackend['hosts'] {
  try {
    const hosts = unsealList(sealKey, sealed).map(url => parseHost(url))
    return hosts.map(({ user: _, password: __, ...host }) => host)
  } catch {
    return []
  }
}

export async function saveSnapshot(file: string, data: SnapshotData): Promise<void> {
  await replaceFile(file, JSON.stringify(data))
}

/**
 * Replaces a small file as a whole. Several processes may write the same one: each its own temporary one, the
 * last whole one stays.
 */
export async function replaceFile(file: string, text: string): Promise<void> {
  const folder = dirname(file)
  await mkdir(folder, { recursive: true })
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  try {
    const handle = await open(temporary, 'wx', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** null when there is none that can be read. */
export async function loadSnapshot(file: string): Promise<SnapshotData | null> {
  try {
    const data = JSON.parse(await readFile(file, 'utf8')) as SnapshotData
    return data.version === 1 && Array.isArray(data.domains) && Array.isArray(data.addresses) ? data : null
  } catch {
    return null
  }
}

function domainPart(text: string): string {
  return normalizeDomain(text.slice(text.lastIndexOf('@') + 1)) ?? ''
}
