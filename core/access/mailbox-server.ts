/**
 * Asks a person's own mail server whether a password is theirs: an IMAP LOGIN (RFC 3501 §6.2.3) or an SMTP AUTH
 * (RFC 4954) and goodbye, in bounded time. No mailbox is opened, no message is sent.
 *
 * Only a server that clearly says no has refused. One that can't be reached, breaks off, or whose own directory is
 * away (RFC 5530 UNAVAILABLE, a 4xx) is silent, and then others decide. Who was silent is left alone for some
 * seconds, so that a morning of sign-ins in an outage does not wait for it one by one.
 */
import { unseal } from '../config/secret.ts'
import type { Db } from '../db/connection.ts'
import { type BackendHost, parseHost } from '../directory/backends.ts'
import { DirectoryError } from '../directory/errors.ts'
import { type ImapServer, parseImap } from '../directory/imap.ts'
import { effectiveHealth } from '../queue/flow.ts'

export type PasswordServer = {
  /** The backend's id. */
  id: string
  /** It was already away when last looked at. */
  away: boolean
} & ({ protocol: 'imap'; server: ImapServer } | { protocol: 'smtp'; host: BackendHost; local: boolean })

export type Answer = 'accepted' | 'refused' | 'silent'
/** Never throws, and never takes longer than its patience. */
export type AskServer = (server: PasswordServer, address: string, password: string) => Promise<Answer>

type Patience = { connect: number; answer: number }
/**
 * ms. To connect and be greeted, and for the whole. Dovecot answers up to 15 s late after failures from one address,
 * and all our questions come from one.
 */
const PATIENCE: Patience = { connect: 5_000, answer: 20_000 }
const PATIENCE_AWAY: Patience = { connect: 2_000, answer: 6_000 }
/** A silent server is not asked again for this long, in ms. */
const LEFT_ALONE = 10_000
/** Logins at one server at once: most servers allow a few from one address. */
const AT_ONCE = 8

/**
 * Where the passwords of a domain's people are known; null where the organization does not want that, or no server
 * is given. @throws Error when the row was sealed with another secret
 */
export async function passwordServerOf(
  db: Db,
  domain: string,
  sealKey: Buffer,
  now: Date,
): Promise<PasswordServer | null> {
  const row = await db
    .selectFrom('domain')
    .innerJoin('backend', 'backend.id', 'domain.backend_id')
    .innerJoin('organization', 'organization.id', 'domain.organization_id')
    .select(['backend.id', 'imap', 'sign_in', 'health', 'override', 'override_until'])
    .where('domain.name', '=', domain)
    .where('organization.mailbox_password', '=', true)
    .executeTakeFirst()
  const sealed = row?.sign_in ?? row?.imap
  if (!row || !sealed) return null
  const away = effectiveHealth(row, now) === 'down'
  return { id: row.id, away, ...parsePasswordServer(unseal(sealKey, sealed)) }
}

type Parsed =
  | { protocol: 'imap'; server: ImapServer }
  | { protocol: 'smtp'; host: BackendHost; local: boolean }

/** `imaps://host`, `smtps://host`, `smtp://host:587`; `?name=local` as for IMAP. @throws DirectoryError `bad-backend` */
export function parsePasswordServer(text: string): Parsed {
  if (/^imaps?:/i.test(text)) return { protocol: 'imap', server: parseImap(text) }
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^smtps?:$/.test(url.protocol) || url.username || url.password) {
    throw new DirectoryError(
      'bad-backend',
      'must be a URL like imaps://host, smtps://host or smtp://host:587',
    )
  }
  const local = url.searchParams.get('name') === 'local'
  url.searchParams.delete('name')
  if (!url.port && url.protocol === 'smtp:') url.port = '587'
  return { protocol: 'smtp', host: parseHost(url.href), local }
}

export function createAskServer(now: () => number = Date.now): AskServer {
  const silentUntil = new Map<string, number>()
  const busy = new Map<string, number>()
  return async (server, address, password) => {
    const patience = server.away ? PATIENCE_AWAY : PATIENCE
    if ((silentUntil.get(server.id) ?? 0) > now()) return 'silent'
    // Loaded with the first question, whose time must not go by with it.
    await (server.protocol === 'imap' ? import('imapflow') : import('nodemailer'))
    const deadline = AbortSignal.timeout(patience.answer)
    const free = await turn(busy, server.id, deadline)
    if (!free) return 'silent'
    const answer = await Promise.race([
      ask(server, address, password, patience).catch(() => 'silent' as const),
      ended(deadline),
    ]).finally(free)
    if (answer === 'silent') silentUntil.set(server.id, now() + LEFT_ALONE)
    return answer
  }
}

/** @returns what gives the place back; null when none became free in time */
async function turn(
  busy: Map<string, number>,
  id: string,
  deadline: AbortSignal,
): Promise<(() => void) | null> {
  while ((busy.get(id) ?? 0) >= AT_ONCE) {
    if (deadline.aborted) return null
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  busy.set(id, (busy.get(id) ?? 0) + 1)
  return () => busy.set(id, (busy.get(id) ?? 1) - 1)
}

const ended = (signal: AbortSignal) =>
  new Promise<Answer>(resolve => {
    if (signal.aborted) resolve('silent')
    signal.addEventListener('abort', () => resolve('silent'), { once: true })
  })

async function ask(
  server: PasswordServer,
  address: string,
  password: string,
  patience: Patience,
): Promise<Answer> {
  // An empty password, or a line end in it, is no question that could be asked (RFC 4954 §4, RFC 3501 §4.3).
  if (password === '' || /[\0\r\n]/.test(password)) return 'refused'
  const user = (local: boolean) => (local ? address.slice(0, address.lastIndexOf('@')) : address)
  return server.protocol === 'imap'
    ? await askImap(server.server, user(server.server.name === 'local'), password, patience)
    : await askSmtp(server.host, user(server.local), password, patience)
}

async function askImap(
  server: ImapServer,
  user: string,
  password: string,
  patience: Patience,
): Promise<Answer> {
  const { ImapFlow } = await import('imapflow')
  const client = new ImapFlow({
    host: server.host,
    port: server.port,
    secure: server.tls === 'implicit',
    ...(server.tls !== 'implicit' && { doSTARTTLS: server.tls === 'starttls' }),
    tls: { rejectUnauthorized: server.verify !== false },
    auth: { user, pass: password },
    verifyOnly: true,
    logger: false,
    connectionTimeout: patience.connect,
    greetingTimeout: patience.connect,
    socketTimeout: patience.answer,
  })
  // Without a listener it would end the process.
  client.on('error', () => {})
  try {
    await client.connect()
    return 'accepted'
  } catch (error) {
    const { authenticationFailed, responseStatus, serverResponseCode } = error as {
      authenticationFailed?: boolean
      responseStatus?: string
      serverResponseCode?: string
    }
    const clear = authenticationFailed === true && responseStatus === 'NO'
    // RFC 5530 §3: its own directory is away, or it does not take more now.
    const passing = /^(UNAVAILABLE|SERVERBUG|INUSE|LIMIT|CONTACTADMIN)$/i.test(serverResponseCode ?? '')
    return clear && !passing ? 'refused' : 'silent'
  } finally {
    client.close()
  }
}

async function askSmtp(
  host: BackendHost,
  user: string,
  password: string,
  patience: Patience,
): Promise<Answer> {
  const { createTransport } = await import('nodemailer')
  const transport = createTransport({
    host: host.host,
    port: host.port,
    secure: host.tls === 'implicit',
    // A password goes over TLS, unless the address says that the way is safe without.
    requireTLS: host.tls !== 'none',
    ignoreTLS: host.tls === 'none',
    auth: { user, pass: password },
    // Else a server that offers no AUTH would count as one that says yes.
    forceAuth: true,
    connectionTimeout: patience.connect,
    greetingTimeout: patience.connect,
    socketTimeout: patience.answer,
  })
  try {
    await transport.verify()
    return 'accepted'
  } catch (error) {
    const { code, responseCode } = error as { code?: string; responseCode?: number }
    return code === 'EAUTH' && responseCode === 535 ? 'refused' : 'silent'
  } finally {
    transport.close()
  }
}
