/**
 * One IMAP session in one person's mailbox: what folders there are, what messages came since, and the steps of a
 * plan carried out. RFC 3501, with MOVE (RFC 6851), UIDPLUS (RFC 4315) and SPECIAL-USE (RFC 6154) where the
 * server has them.
 *
 * Without UIDPLUS nothing can be expunged but everything that is marked deleted, also by others: then what goes
 * is marked and left, and messages so marked count as gone. Killed at any point, the next run looks again at
 * what is there.
 */
import type { ImapProblem } from '@restante/core/db/schema/restore.ts'
import type { ImapLogin, ImapServer } from '@restante/core/directory/imap.ts'
import { ImapFlow } from 'imapflow'
import type { Namespace, ServerFolder } from './folders.ts'
import { type Found, OWN_FIELD, type Planned, type Step } from './plan.ts'
import type { Tokens } from './token.ts'

export type Session = {
  folders(): Promise<ServerFolder[]>
  namespace: Namespace
  /** The messages of a folder that came on or after a day; none when the folder is not there. */
  messages(path: string, since: Date): Promise<Found[]>
  /** Makes a folder and subscribes to it; one that is there already is fine. */
  create(path: string): Promise<void>
  /** Gives a folder, with all that is in it, another place, and moves its subscription (RFC 3501 §6.3.5). */
  rename(from: string, to: string): Promise<void>
  /**
   * Carries out what was planned; flags first, then moves, then what is appended.
   * @returns what could not be done, by the e-mail's id; an error of the connection is thrown
   */
  carryOut(planned: readonly Planned[], content: Content): Promise<Map<string, string>>
  close(): Promise<void>
}

/** The content of what has to be appended, and its date. @throws when it can't be read */
export type Content = (emailId: string) => Promise<{ bytes: Buffer; date: Date }>

/** ms. */
const CONNECT = 15_000
const SILENCE = 120_000
/** Messages asked about at once, and changed at once. */
const BATCH = 250

/** It could not be opened; `message` is what the server, or the way to it, said. */
export class NoSession extends Error {
  readonly problem: ImapProblem
  constructor(problem: ImapProblem, message: string) {
    super(message)
    this.problem = problem
  }
}

/** @throws NoSession */
export async function openSession(
  server: ImapServer,
  login: ImapLogin,
  tokens: Tokens,
  hostname: string,
): Promise<Session> {
  const auth = await authFor(login, tokens).catch(error => {
    // RFC 6749 §5.2: the endpoint was there, and would not.
    throw new NoSession(/ answered 4\d\d:/.test(String(error)) ? 'refused' : 'unreachable', saidBy(error))
  })
  const client = new ImapFlow({
    host: server.host,
    port: server.port,
    secure: server.tls === 'implicit',
    ...(server.tls !== 'implicit' && { doSTARTTLS: server.tls === 'starttls' }),
    tls: { rejectUnauthorized: server.verify !== false },
    auth,
    logger: false,
    disableAutoIdle: true,
    connectionTimeout: CONNECT,
    greetingTimeout: CONNECT,
    socketTimeout: SILENCE,
    clientInfo: { name: 'Restante', 'support-url': `https://${hostname}/` },
  })
  // Each command fails by itself; an event nobody listens to would end the process.
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    client.close()
    if (login.type === 'token') tokens.forget(login.grant)
    throw new NoSession(problemOf(error), saidBy(error))
  }
  return sessionOf(client)
}

function problemOf(error: unknown): ImapProblem {
  const {
    authenticationFailed,
    code = '',
    serverResponseCode = '',
  } = error as {
    authenticationFailed?: boolean
    code?: string
    serverResponseCode?: string
  }
  // RFC 5530 §3: the server cannot look whether it is right.
  if (serverResponseCode === 'UNAVAILABLE') return 'unreachable'
  if (authenticationFailed) return 'refused'
  if (/CERT|SELF_SIGNED|ISSUER|ALTNAME|UNABLE_TO_/.test(code)) return 'certificate'
  if (/^E[A-Z]+|TIMEOUT|NoConnection|ClosedAfterConnect/i.test(code)) return 'unreachable'
  return 'failed'
}

async function authFor(login: ImapLogin, tokens: Tokens) {
  if (login.type === 'token') return { user: login.user, accessToken: await tokens.get(login.grant) }
  const { user, password, authzid } = login
  // Only PLAIN knows of another identity (RFC 4616); nothing else will do then.
  return { user, pass: password, ...(authzid !== undefined && { authzid, loginMethod: 'AUTH=PLAIN' }) }
}

/** An error of the library in one line, with what the server said. */
export function saidBy(error: unknown): string {
  const { responseText, message } = error as { responseText?: string; message?: string }
  return (responseText || message || String(error)).replace(/\s+/g, ' ').slice(0, 300)
}

function sessionOf(client: ImapFlow): Session {
  const known = client.namespace as { prefix?: string; delimiter?: string } | undefined
  const namespace = { prefix: known?.prefix ?? '', delimiter: known?.delimiter ?? '/' }
  /** Opens it unless it is open. @returns false when there is none */
  async function open(path: string): Promise<boolean> {
    if (client.mailbox && client.mailbox.path === path) return true
    try {
      await client.mailboxOpen(path)
      return true
    } catch (error) {
      if (!client.usable) throw new Error(saidBy(error))
      return false
    }
  }

  return {
    namespace,
    async folders() {
      const list = await client.list()
      return list
        .filter(entry => entry.listed)
        .map(entry => ({
          path: entry.path,
          name: entry.name,
          delimiter: entry.delimiter,
          parent: entry.parent,
          ...(entry.specialUse && entry.specialUseSource === 'extension' && { specialUse: entry.specialUse }),
          selectable: !entry.flags.has('\\Noselect') && !entry.flags.has('\\NonExistent'),
        }))
    },
    async messages(path, since) {
      if (!(await open(path))) return []
      // The server's idea of a day may be another than ours.
      const uids = await client.search({ since: new Date(since.getTime() - 86_400_000) }, { uid: true })
      if (uids === false || uids === undefined) throw new Error(`${path} could not be searched`)
      const found: Found[] = []
      for (let at = 0; at < uids.length; at += BATCH) {
        const range = uids.slice(at, at + BATCH).join(',')
        const query = { uid: true, flags: true, headers: ['message-id', 'received', OWN_FIELD.toLowerCase()] }
        for await (const message of client.fetch(range, query, { uid: true })) {
          const flags = [...(message.flags ?? [])]
          if (flags.some(flag => flag.toLowerCase() === '\\deleted')) continue
          found.push({ path, uid: message.uid, flags, ...identify(message.headers ?? Buffer.alloc(0)) })
        }
      }
      return found
    },
    async create(path) {
      try {
        await client.mailboxCreate(path)
      } catch (error) {
        throw new Error(`${path} could not be made: ${saidBy(error)}`)
      }
    },
    async rename(from, to) {
      const inside = (await client.list()).filter(
        entry => entry.path === from || entry.path.startsWith(`${from}${entry.delimiter}`),
      )
      try {
        await client.mailboxRename(from, to)
      } catch (error) {
        throw new Error(`${from} could not be renamed to ${to}: ${saidBy(error)}`)
      }
      for (const { path, subscribed } of inside) {
        if (!subscribed) continue
        await client.mailboxSubscribe(`${to}${path.slice(from.length)}`)
        await client.mailboxUnsubscribe(path)
      }
    },
    async carryOut(planned, content) {
      const failed = new Map<string, string>()
      const steps = planned.flatMap(({ wanted, steps }) => steps.map(step => ({ id: wanted.emailId, step })))
      const fail = (ids: readonly string[], why: string) => {
        if (!client.usable) throw new Error(why)
        for (const id of ids) failed.set(id, why)
      }
      for (const group of grouped(steps)) {
        const { step } = group
        if (step.type === 'append') {
          try {
            const { bytes, date } = await content(group.ids[0]!)
            const marked = Buffer.concat([Buffer.from(`${OWN_FIELD}: ${group.ids[0]}\r\n`), bytes])
            const done = await client.append(step.to, marked, step.flags, date)
            if (!done) fail(group.ids, `it could not be put into ${step.to}`)
          } catch (error) {
            fail(group.ids, saidBy(error))
          }
          continue
        }
        if (!(await open(step.path))) {
          fail(group.ids, `${step.path} could not be opened`)
          continue
        }
        try {
          if (!(await change(client, step, group.uids.join(',')))) {
            fail(group.ids, `the server did not ${step.type === 'flags' ? 'mark' : step.type} it`)
          }
        } catch (error) {
          fail(group.ids, saidBy(error))
        }
      }
      return failed
    },
    async close() {
      await client.logout().catch(() => {})
      client.close()
    },
  }
}

async function change(
  client: ImapFlow,
  step: Exclude<Step, { type: 'append' }>,
  uids: string,
): Promise<boolean> {
  const uid = { uid: true }
  switch (step.type) {
    case 'flags': {
      const added = step.add.length === 0 || (await client.messageFlagsAdd(uids, step.add, uid))
      return added && (step.remove.length === 0 || (await client.messageFlagsRemove(uids, step.remove, uid)))
    }
    case 'move': {
      if (client.capabilities.has('MOVE') || client.capabilities.has('UIDPLUS')) {
        return Boolean(await client.messageMove(uids, step.to, uid))
      }
      const copied = await client.messageCopy(uids, step.to, uid)
      return Boolean(copied) && (await client.messageFlagsAdd(uids, ['\\Deleted'], uid))
    }
    case 'expunge':
      return client.capabilities.has('UIDPLUS')
        ? await client.messageDelete(uids, uid)
        : await client.messageFlagsAdd(uids, ['\\Deleted'], uid)
    default:
      return step satisfies never
  }
}

type Group = { step: Step; ids: string[]; uids: number[] }
const ORDER: Record<Step['type'], number> = { flags: 0, move: 1, expunge: 2, append: 3 }

/** Equal steps in the same folder are one command; a folder is opened as seldom as can be. */
function grouped(steps: readonly { id: string; step: Step }[]): Group[] {
  const groups = new Map<string, Group>()
  let count = 0
  for (const { id, step } of steps) {
    const same = step.type === 'append' ? `${count++}` : JSON.stringify({ ...step, uid: 0 })
    let key = same
    let group = groups.get(key)
    for (let full = 1; group && group.uids.length >= BATCH; full++) {
      key = `${same} ${full}`
      group = groups.get(key)
    }
    if (!group) {
      group = { step, ids: [], uids: [] }
      groups.set(key, group)
    }
    group.ids.push(id)
    if (step.type !== 'append') group.uids.push(step.uid)
  }
  const place = (group: Group) => (group.step.type === 'append' ? group.step.to : group.step.path)
  return [...groups.values()].sort(
    (a, b) =>
      ORDER[a.step.type] - ORDER[b.step.type] || (place(a) < place(b) ? -1 : Number(place(a) !== place(b))),
  )
}

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'

/** What tells a message from others, from some fields of its header. */
export function identify(header: Buffer): Pick<Found, 'messageId' | 'ids' | 'own'> {
  const fields = header
    .toString('latin1')
    .replace(/\r?\n[ \t]+/g, ' ')
    .split(/\r?\n/)
  const values = (name: string) =>
    fields.flatMap(field =>
      field.toLowerCase().startsWith(`${name}:`) ? [field.slice(name.length + 1).trim()] : [],
    )
  const [messageId] = values('message-id')
  const [own] = values(OWN_FIELD.toLowerCase())
  const ids = values('received').flatMap(value =>
    [...value.matchAll(new RegExp(`\\bid (${UUID})\\b`, 'gi'))].map(match => match[1]!.toLowerCase()),
  )
  const bare = messageId === undefined ? null : (/<([^<>]*)>/.exec(messageId)?.[1] ?? messageId)
  return {
    messageId: bare === null || bare === '' ? null : bare,
    ids,
    own: own !== undefined && new RegExp(`^${UUID}$`, 'i').test(own) ? own.toLowerCase() : null,
  }
}
