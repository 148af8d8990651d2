/**
 * Reads people and shared mailboxes from an LDAP server (RFC 4511), a page at a time (RFC 2696).
 *
 * The connection is encrypted and the server's certificate checked before a password is said; in clear only
 * on this machine. A reading that did not come to its end is a failure as a whole: nobody can tell who is
 * missing. Referrals to other servers are not followed (Active Directory adds some to every answer).
 */
import { isIP } from 'node:net'
import { Client, type Entry } from 'ldapts'
import { DirectoryError } from '../errors.ts'
import type { Wanted } from './plan.ts'

export type LdapSettings = {
  /** ldaps://host, or ldap://host with STARTTLS. */
  url: string
  tls: 'implicit' | 'starttls' | 'none'
  /** PEM: who signs the server's certificate, when it is nobody known. */
  ca?: string
  bindDn?: string
  password?: string
  base: string
  /** RFC 4515. Who is a person. */
  filter: string
  /** What is a shared mailbox; absent: nothing. */
  sharedFilter?: string
  /** Attributes in order of preference. */
  address: string[]
  aliases: string[]
  name: string[]
  /** Percent of the people that may vanish at once. */
  mostVanished: number
}

export const LDAP_DEFAULTS = {
  filter: '(&(objectClass=person)(mail=*))',
  address: ['mail'],
  aliases: ['proxyAddresses', 'mailAlternateAddress'],
  name: ['displayName', 'cn'],
  mostVanished: 10,
} as const

export type LdapRead =
  | { type: 'read'; wanted: Wanted[] }
  /** `reason` is one line, without the password. */
  | { type: 'failed'; reason: string }

/** Entries of one page. */
const PAGE = 500
/** ms until a connection, and until an answer. */
const CONNECT_PATIENCE = 10_000
const PATIENCE = 60_000
/** What stays the same when people marry and move: RFC 4530, and Active Directory's own. */
const KEYS = ['entryUUID', 'objectGUID'] as const

/** @throws DirectoryError `bad-ldap` with what is wrong */
export function checkLdap(
  input: Partial<Omit<LdapSettings, 'tls'>> & { url: string; base: string },
): LdapSettings {
  const refuse = (why: string) => new DirectoryError('bad-ldap', why)
  const url = URL.canParse(input.url) ? new URL(input.url) : undefined
  if (!url?.hostname || (url.protocol !== 'ldap:' && url.protocol !== 'ldaps:')) {
    throw refuse('the LDAP server must be a URL like ldaps://host or ldap://host')
  }
  if (url.username || url.password) throw refuse('name and password of LDAP do not go into its URL')
  if (url.pathname.length > 1) throw refuse('the base does not go into the URL of LDAP: give it by itself')
  const clear = url.searchParams.get('tls') === 'none'
  for (const [name, value] of url.searchParams) {
    if (name !== 'tls' || value !== 'none') throw refuse(`the URL of LDAP has an unknown parameter ${name}`)
  }
  if (clear && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)) {
    throw refuse('tls=none is for LDAP on this machine only: use ldaps:// or STARTTLS')
  }
  if (input.base.trim() === '') throw refuse('LDAP needs a base, like dc=example,dc=com')
  if ((input.bindDn === undefined) !== (input.password === undefined)) {
    throw refuse('a name to bind with and its password go together')
  }
  const filter = input.filter ?? LDAP_DEFAULTS.filter
  for (const one of [filter, input.sharedFilter]) {
    if (one !== undefined && !/^\(.*\)$/s.test(one))
      throw refuse(`${one} is no LDAP filter: it begins with ( and ends with )`)
  }
  const mostVanished = input.mostVanished ?? LDAP_DEFAULTS.mostVanished
  if (!Number.isInteger(mostVanished) || mostVanished < 0 || mostVanished > 100) {
    throw refuse('the share that may vanish must be a whole number from 0 to 100')
  }
  return {
    url: `${url.protocol}//${url.host}`,
    tls: url.protocol === 'ldaps:' ? 'implicit' : clear ? 'none' : 'starttls',
    ...(input.ca && { ca: input.ca }),
    ...(input.bindDn !== undefined && { bindDn: input.bindDn, password: input.password }),
    base: input.base.trim(),
    filter,
    ...(input.sharedFilter && { sharedFilter: input.sharedFilter }),
    address: attributes(input.address, LDAP_DEFAULTS.address),
    aliases: attributes(input.aliases, LDAP_DEFAULTS.aliases),
    name: attributes(input.name, LDAP_DEFAULTS.name),
    mostVanished,
  }
}

function attributes(given: readonly string[] | undefined, normal: readonly string[]): string[] {
  const wrong = given?.find(name => !/^[a-z][a-z0-9;-]*$/i.test(name))
  if (wrong !== undefined) throw new DirectoryError('bad-ldap', `${wrong} is no name of an LDAP attribute`)
  return [...(given ?? normal)]
}

export async function readLdap(settings: LdapSettings): Promise<LdapRead> {
  const tls = { minVersion: 'TLSv1.2' as const, ...(settings.ca && { ca: [settings.ca] }) }
  const client = new Client({
    url: settings.url,
    timeout: PATIENCE,
    connectTimeout: CONNECT_PATIENCE,
    ...(settings.tls === 'implicit' && { tlsOptions: tls }),
    // A DN is whatever the server says it is.
    strictDN: false,
  })
  try {
    if (settings.tls === 'starttls') {
      // On a connection that is open, TLS has to be told whose certificate it should see.
      const host = new URL(settings.url).hostname.replace(/^\[|\]$/g, '')
      await client.startTLS({ ...tls, host, ...(isIP(host) === 0 && { servername: host }) })
    }
    if (settings.bindDn !== undefined) await client.bind(settings.bindDn, settings.password)
    const wanted = await search(client, settings, settings.filter, 'personal')
    if (!settings.sharedFilter) return { type: 'read', wanted }
    const people = new Set(wanted.map(one => one.key))
    const shared = await search(client, settings, settings.sharedFilter, 'shared')
    return { type: 'read', wanted: [...wanted, ...shared.filter(one => !people.has(one.key))] }
  } catch (error) {
    return { type: 'failed', reason: reasonOf(error, settings.url) }
  } finally {
    await client.unbind().catch(() => {})
  }
}

async function search(
  client: Client,
  settings: LdapSettings,
  filter: string,
  kind: Wanted['kind'],
): Promise<Wanted[]> {
  const found: Wanted[] = []
  const pages = client.searchPaginated(settings.base, {
    scope: 'sub',
    filter,
    attributes: [...settings.address, ...settings.aliases, ...settings.name, ...KEYS],
    explicitBufferAttributes: ['objectGUID'],
    paged: { pageSize: PAGE },
  })
  for await (const { searchEntries } of pages) {
    for (const entry of searchEntries) found.push(wantedOf(entry, settings, kind))
  }
  return found
}

/** What an entry of LDAP says of one mailbox. */
export function wantedOf(entry: Entry, settings: LdapSettings, kind: Wanted['kind']): Wanted {
  // Servers answer with the names as they have them, whatever the case that was asked for.
  const values = new Map(Object.entries(entry).map(([name, value]) => [name.toLowerCase(), list(value)]))
  const texts = (names: readonly string[]) =>
    names.flatMap(name =>
      (values.get(name.toLowerCase()) ?? []).map(value => value.toString().trim()).filter(Boolean),
    )
  const key = KEYS.map(name => values.get(name.toLowerCase())?.[0]).find(value => value !== undefined)
  const own = texts(settings.address).flatMap(address)
  const others = texts(settings.aliases)
  // Active Directory: "SMTP:" in capitals is the primary one.
  const primary = others.filter(text => text.startsWith('SMTP:')).flatMap(address)
  const name = texts(settings.name)[0]
  return {
    key: key === undefined ? entry.dn.toLowerCase() : Buffer.isBuffer(key) ? key.toString('hex') : key,
    addresses: [...new Set([...own, ...primary, ...others.flatMap(address)])],
    ...(name !== undefined && { name: name.slice(0, 200) }),
    kind,
  }
}

function list(value: Entry[string]): (string | Buffer)[] {
  return Array.isArray(value) ? value : [value]
}

/** proxyAddresses hold more than mail addresses: "sip:…", "X500:…". */
function address(text: string): string[] {
  const [, scheme, rest] = /^(\w[\w+.-]*):(.*)$/s.exec(text) ?? []
  if (scheme !== undefined && rest !== undefined) return scheme.toLowerCase() === 'smtp' ? [rest.trim()] : []
  return text.includes('@') ? [text] : []
}

function reasonOf(error: unknown, url: string): string {
  const { name, message, code } = error as { name?: string; message?: string; code?: number | string }
  const words = (message || String(code ?? error)).split('\n')[0]?.trim()
  return `${url}: ${name && /Error$/.test(name) && name !== 'Error' ? `${name.replace(/Error$/, '')}: ` : ''}${words}`.slice(
    0,
    500,
  )
}
