/**
 * How we get at people's mailboxes at their own server by IMAP, to look whether they could (access checks) and
 * to bring back what they did here: the backend's `--imap` URL, and credentials of single mailboxes.
 *
 *     imaps://host[:port]                       access checks; write-back with each mailbox's own credentials
 *     imaps://master:password@host              a master user, by SASL PLAIN's authorization identity (RFC 4616)
 *     imaps://master:password@host?as=separator:*     the same by the login name `person*master` (Dovecot)
 *     imaps://client:secret@host?as=xoauth2&token=https://…&scope=…     a token of the client's own (RFC 6749
 *                                               §4.4), or by each mailbox's refresh token (§6); SASL XOAUTH2 or
 *                                               OAUTHBEARER (RFC 7628), whichever the server has
 *
 * `name=local` signs people in by their local part; `tls=none` and `verify=no` are for servers one trusts the
 * way to. The URL is kept sealed: who has the database has no password.
 */
import { normalizeDomain } from './addresses.ts'
import { DirectoryError } from './errors.ts'

/** Where mailboxes are; `access` says how we may open anybody's. */
export type ImapServer = {
  host: string
  port: number
  tls: 'implicit' | 'starttls' | 'none'
  /** false: any certificate will do. Absent: it must be good. */
  verify?: false
  access?: ImapAccess
  /** What people sign in as; absent: their whole address. */
  name?: 'local'
}

export type ImapAccess =
  | { type: 'authzid'; user: string; password: string }
  | { type: 'separator'; separator: string; user: string; password: string }
  | { type: 'xoauth2'; client: string; secret: string; tokenUrl: string; scope?: string }

/** What a session signs in with. */
export type ImapLogin =
  | { type: 'password'; user: string; password: string; authzid?: string }
  | { type: 'token'; user: string; grant: TokenGrant }

/** How an access token is asked for (RFC 6749 §4.4, §6). */
export type TokenGrant = {
  tokenUrl: string
  client: string
  secret: string
  scope?: string
  /** Absent: the client's own. */
  refreshToken?: string
}

export type ImapCredentials = { kind: 'password' | 'refresh-token'; user: string; secret: string }

const PARAMETERS = ['tls', 'verify', 'as', 'name', 'token', 'scope']

/** @throws DirectoryError `bad-backend`, never with the password */
export function parseImap(text: string): ImapServer {
  const refuse = (why: string) =>
    new DirectoryError('bad-backend', `${text.replace(/\/\/[^/]*@/, '//…@')}: ${why}`)
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || (url.protocol !== 'imap:' && url.protocol !== 'imaps:')) {
    throw refuse('must be a URL like imaps://host')
  }
  const host = hostOf(url)
  if (!host) throw refuse('has no valid host name')
  const asked = url.searchParams
  for (const name of asked.keys()) {
    if (!PARAMETERS.includes(name)) throw refuse(`unknown parameter ${name}`)
  }
  const implicit = url.protocol === 'imaps:'
  const name = asked.get('name') ?? 'address'
  if (name !== 'address' && name !== 'local') throw refuse('name must be address or local')
  const verify = asked.get('verify') ?? 'yes'
  if (verify !== 'yes' && verify !== 'no') throw refuse('verify must be yes or no')
  const access = accessOf(url, refuse)
  return {
    host,
    port: url.port ? Number(url.port) : implicit ? 993 : 143,
    tls: implicit ? 'implicit' : asked.get('tls') === 'none' ? 'none' : 'starttls',
    ...(verify === 'no' && { verify: false as const }),
    ...(access && { access }),
    ...(name === 'local' && { name }),
  }
}

function accessOf(url: URL, refuse: (why: string) => Error): ImapAccess | null {
  const user = decodeURIComponent(url.username)
  const password = decodeURIComponent(url.password)
  const as = url.searchParams.get('as') ?? (user ? 'authzid' : null)
  if (as === null) return null
  if (!user) throw refuse('as= needs a user: imaps://user:password@host')
  if (as === 'authzid') return { type: 'authzid', user, password }
  if (as.startsWith('separator:')) {
    const separator = as.slice('separator:'.length)
    if (separator.length < 1 || separator.length > 8) throw refuse('as=separator: needs the separator')
    return { type: 'separator', separator, user, password }
  }
  if (as !== 'xoauth2') throw refuse('as must be authzid, separator:* or xoauth2')
  const token = url.searchParams.get('token') ?? ''
  const at = URL.canParse(token) ? new URL(token) : undefined
  const safe = at && (at.protocol === 'https:' || (at.protocol === 'http:' && isLoopback(at.hostname)))
  if (!safe) throw refuse('as=xoauth2 needs token=https://…, the address of the token endpoint')
  const scope = url.searchParams.get('scope')
  return { type: 'xoauth2', client: user, secret: password, tokenUrl: at.href, ...(scope && { scope }) }
}

/** An endpoint on the same machine may do without TLS. */
const isLoopback = (host: string) => /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(host)

/**
 * How to sign in to a mailbox: with its own credentials before the master's.
 * @returns null when there is no way
 */
export function loginFor(
  server: ImapServer,
  address: string,
  credentials: ImapCredentials | null,
): ImapLogin | null {
  const { access } = server
  const person = server.name === 'local' ? address.slice(0, address.lastIndexOf('@')) : address
  if (credentials?.kind === 'password') {
    return { type: 'password', user: credentials.user, password: credentials.secret }
  }
  if (credentials) {
    if (access?.type !== 'xoauth2') return null
    const { client, secret, tokenUrl, scope } = access
    const grant = { client, secret, tokenUrl, ...(scope && { scope }), refreshToken: credentials.secret }
    return { type: 'token', user: credentials.user, grant }
  }
  switch (access?.type) {
    case undefined:
      return null
    case 'authzid':
      return { type: 'password', user: access.user, password: access.password, authzid: person }
    case 'separator':
      return {
        type: 'password',
        user: `${person}${access.separator}${access.user}`,
        password: access.password,
      }
    case 'xoauth2': {
      const { client, secret, tokenUrl, scope } = access
      return { type: 'token', user: person, grant: { client, secret, tokenUrl, ...(scope && { scope }) } }
    }
    default:
      return access satisfies never
  }
}

function hostOf(url: URL): string | null {
  const name = url.hostname.replace(/^\[|\]$/g, '')
  if (name.includes(':') || /^\d+\.\d+\.\d+\.\d+$/.test(name)) return name
  return normalizeDomain(decodeURIComponent(name))
}
