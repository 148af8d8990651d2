/**
 * What a company's people go through when their mail server is away, and what must be there afterwards: used by the
 * tests of bringing back, one for each kind of server.
 */
import { ImapFlow, type ImapFlowOptions } from 'imapflow'
import { expect } from 'vitest'
import type { Gateway } from './gateway.ts'
import type { JmapClient, SetAnswer } from './jmap.ts'
import { jmapFor } from './organization.ts'
import { plainMessage, SmtpClient } from './smtp.ts'
import { until } from './until.ts'
import { untilEmpty, untilHealth } from './watch.ts'

const outsider = 'customer@outside.example'

/** One message as a mail program shows it. */
type Shown = { folder: string; messageId: string; flags: string[] }
type Numbers = Record<string, number>
export type Incident = {
  id: string
  closedAt: string | null
  settledAt: string | null
  numbers: Numbers
  people: { address: string; state: string; way: string; error: string | null; numbers: Numbers }[]
}

const FLAGS: Record<string, string> = {
  $seen: '\\Seen',
  $answered: '\\Answered',
  $flagged: '\\Flagged',
  $draft: '\\Draft',
}
const ROLES: Record<string, string> = {
  inbox: 'INBOX',
  sent: 'Sent',
  drafts: 'Drafts',
  trash: 'Trash',
  junk: 'Junk',
  archive: 'Archive',
}

const sorted = (list: Shown[]) =>
  list
    .map(({ folder, messageId, flags }) => `${folder} ${messageId} ${[...flags].sort().join(' ')}`.trim())
    .sort()

async function webmailView(
  mail: JmapClient,
  { separator, prefix, junk }: Pick<World, 'separator' | 'prefix' | 'junk'>,
): Promise<string[]> {
  const roles: Record<string, string> = { ...ROLES, ...(junk !== undefined && { junk }) }
  type Folder = { id: string; name: string; role: string | null; parentId: string | null }
  const { list } = await mail.call<{ list: Folder[] }>('Mailbox/get', { ids: null })
  const pathOf = (folder: Folder): string => {
    if (folder.role === 'inbox') return 'INBOX'
    const parent = list.find(one => one.id === folder.parentId)
    const name = folder.role ? roles[folder.role]! : folder.name
    return parent ? `${pathOf(parent)}${separator}${name}` : `${prefix}${name}`
  }
  const paths = new Map(list.map(folder => [folder.id, pathOf(folder)]))
  const emails = await mail.emails()
  return sorted(
    emails
      .filter(email => email.from?.[0]?.name !== 'Restante')
      .map(email => ({
        folder: paths.get(Object.keys(email.mailboxIds)[0]!)!,
        messageId: email.messageId![0]!,
        flags: Object.keys(email.keywords).flatMap(keyword => FLAGS[keyword] ?? []),
      })),
  )
}

async function asPerson<T>(
  { port, auth }: Program,
  person: string,
  work: (client: ImapFlow) => Promise<T>,
): Promise<T> {
  const client = new ImapFlow({ host: '127.0.0.1', port, secure: false, auth: auth(person), logger: false })
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.logout().catch(() => {})
  }
}

/** @param exact with UIDs, to see that nothing was so much as touched */
async function imapView(program: Program, person: string, exact = false): Promise<string[]> {
  return await asPerson(program, person, async client => {
    const shown: Shown[] = []
    for (const { path, flags } of await client.list()) {
      if (flags.has('\\Noselect')) continue
      const box = await client.mailboxOpen(path, { readOnly: true })
      if (!box.exists) continue
      for await (const message of client.fetch('1:*', { uid: true, flags: true, envelope: true })) {
        if (message.envelope?.from?.[0]?.name === 'Restante' || message.envelope?.subject === PAPER) continue
        shown.push({
          folder: exact ? `${path} ${message.uid}` : path,
          messageId: (message.envelope?.messageId ?? '').replace(/^<|>$/g, ''),
          flags: [...(message.flags ?? [])].filter(flag => Object.values(FLAGS).includes(flag)),
        })
      }
    }
    return sorted(shown)
  })
}

async function sendAll(gateway: Gateway, people: readonly string[], each: number, name: string) {
  const jobs = people.flatMap(to => Array.from({ length: each }, (_, n) => ({ to, subject: `${name} ${n}` })))
  const workers = Array.from({ length: 10 }, async () => {
    const client = await SmtpClient.open(gateway.ports.relay)
    for (let job = jobs.shift(); job; job = jobs.shift()) {
      const { content } = plainMessage({ from: outsider, to: job.to, subject: job.subject })
      const reply = await client.send(outsider, [job.to], content)
      if (reply.code !== 250) throw new Error(reply.text)
    }
    client.quit()
  })
  await Promise.all(workers)
}

/** A folder that is here and there before, with something in it there that is not known here. */
const CLIENTS = 'Clients'
const CUSTOMERS = 'Customers'
const PAPER = 'an old paper'

async function prepare(
  { program, separator, prefix }: World,
  mail: JmapClient,
  person: string,
): Promise<void> {
  await makeFolder(mail, CLIENTS)
  await asPerson(program, person, async client => {
    await client.mailboxCreate(`${prefix}${CLIENTS}`)
    await client.append(`${prefix}${CLIENTS}`, `Subject: ${PAPER}\r\n\r\nx\r\n`)
    expect((await client.list()).map(one => one.delimiter)).toContain(separator)
  })
}

/** What it holds that we never saw went along with its folder, and the empty one is there. */
async function foldersAsHere({ program, separator, prefix }: World, person: string): Promise<void> {
  const customers = `${prefix}Projects${separator}${CUSTOMERS}`
  await asPerson(program, person, async client => {
    const paths = (await client.list()).map(one => one.path)
    expect(paths).toEqual(expect.arrayContaining([customers, `${prefix}Empty`]))
    expect(paths).not.toContain(`${prefix}${CLIENTS}`)
    await client.mailboxOpen(customers, { readOnly: true })
    expect(await client.search({ subject: PAPER })).toHaveLength(1)
  })
}

async function folderNamed(mail: JmapClient, name: string): Promise<string> {
  type Folder = { id: string; name: string }
  const { list } = await mail.call<{ list: Folder[] }>('Mailbox/get', { ids: null })
  return list.find(folder => folder.name === name)!.id
}

async function makeFolder(mail: JmapClient, name: string, parentId: string | null = null): Promise<string> {
  const { created } = await mail.call<SetAnswer>('Mailbox/set', { create: { one: { name, parentId } } })
  return created!.one!.id
}

/** What one person does meanwhile. @returns the truth about it */
async function live(
  mail: JmapClient,
  colleague: string,
): Promise<{ deleted: number; sent: number; drafts: number }> {
  const inbox = (await mail.emails({ inMailbox: await mail.folder('inbox') })).reverse()
  const held = inbox.filter(email => email.subject.startsWith('held'))
  const live = inbox.filter(email => email.subject.startsWith('live'))
  const projects = await makeFolder(mail, 'Projects')
  const ovens = await makeFolder(mail, 'Forns & hornos ü', projects)
  await makeFolder(mail, 'Empty')
  const clients = await folderNamed(mail, CLIENTS)
  await mail.call('Mailbox/set', { update: { [clients]: { name: CUSTOMERS } } })
  await mail.call('Mailbox/set', { update: { [clients]: { parentId: projects } } })
  const folders = {
    archive: await mail.folder('archive'),
    junk: await mail.folder('junk'),
    trash: await mail.folder('trash'),
  }
  const update: Record<string, Record<string, unknown>> = {}
  const change = (id: string, patch: Record<string, unknown>) => {
    update[id] = { ...update[id], ...patch }
  }
  const share = (list: typeof held, from: number, to: number) =>
    list.slice(Math.floor(list.length * from), Math.floor(list.length * to))
  for (const list of [held, live]) {
    for (const { id } of share(list, 0, 0.5)) change(id, { 'keywords/$seen': true })
    for (const { id } of share(list, 0.1, 0.2)) change(id, { 'keywords/$answered': true })
    for (const { id } of share(list, 0.15, 0.3)) change(id, { 'keywords/$flagged': true })
    for (const { id } of share(list, 0.4, 0.5)) change(id, { mailboxIds: { [projects]: true } })
    for (const { id } of share(list, 0.5, 0.6)) change(id, { mailboxIds: { [ovens]: true } })
    for (const { id } of share(list, 0.6, 0.65)) change(id, { mailboxIds: { [folders.archive]: true } })
    for (const { id } of share(list, 0.65, 0.7)) change(id, { mailboxIds: { [folders.junk]: true } })
    for (const { id } of share(list, 0.8, 0.85)) change(id, { mailboxIds: { [clients]: true } })
    for (const { id } of share(list, 0.7, 0.8)) change(id, { mailboxIds: { [folders.trash]: true } })
  }
  const { notUpdated } = await mail.call<SetAnswer>('Email/set', { update })
  expect(notUpdated).toBeNull()
  // Read, and marked unread again: as it came.
  const [first] = share(held, 0.8, 1)
  for (const value of [true, null]) {
    await mail.call('Email/set', { update: { [first!.id]: { 'keywords/$seen': value } } })
  }
  // Deleted for good.
  const gone = share(held, 0.9, 0.95).map(({ id }) => id)
  await mail.call('Email/set', { destroy: gone })
  await mail.send({ to: [outsider], subject: 'an answer', text: 'Yes.' })
  await mail.send({ to: [colleague], subject: 'to a colleague', text: 'Hello.' })
  const drafts = await mail.folder('drafts')
  for (const subject of ['first draft', 'second draft']) {
    await mail.call('Email/set', {
      create: {
        draft: {
          mailboxIds: { [drafts]: true },
          keywords: { $draft: true, $seen: true },
          from: [{ name: null, email: mail.session.username }],
          subject,
          textBody: [{ partId: 'text', type: 'text/plain' }],
          bodyValues: { text: { value: 'Later.' } },
        },
      },
    })
  }
  return { deleted: share(held, 0.7, 0.8).length + gone.length, sent: 2, drafts: 2 }
}

/** How somebody's mail program signs in. */
export type Program = { port: number; auth(person: string): ImapFlowOptions['auth'] }

export type World = {
  gateway: Gateway
  program: Program
  people: string[]
  stop(): Promise<void>
  start(): Promise<void>
  separator: string
  prefix: string
  /** The server's folder for junk, where it is not called so. */
  junk?: string
}

export async function story(world: World, liveEach: number, heldEach: number): Promise<void> {
  const { gateway, program, people } = world
  const clients = new Map<string, JmapClient>()
  for (const person of people) clients.set(person, await jmapFor(gateway, person))
  const each = async <T>(work: (mail: JmapClient, n: number, person: string) => Promise<T>): Promise<T[]> =>
    Promise.all(people.map((person, n) => work(clients.get(person)!, n, person)))

  await sendAll(gateway, people, liveEach, 'live')
  await untilEmpty(gateway)
  await until(
    'the server has shown it all',
    async () => (await imapView(program, people.at(-1)!)).length === liveEach,
  )
  await each((mail, _n, person) => prepare(world, mail, person))
  await world.stop()
  await sendAll(gateway, people, Math.ceil(heldEach / 2), 'held early')
  await untilHealth(gateway, ['down'])
  await sendAll(gateway, people, Math.floor(heldEach / 2), 'held late')
  await until('everybody sees theirs', async () => {
    const counts = await each(
      async mail => (await mail.emails({ inMailbox: await mail.folder('inbox') })).length,
    )
    return counts.every(count => count === liveEach + heldEach)
  })
  const truths = await each((mail, n) => live(mail, people[(n + 1) % people.length]!))

  await world.start()
  await untilEmpty(gateway, 120)
  await untilHealth(gateway, ['up'])
  const id = await until(
    'the incident is over',
    async () => {
      const [incident] = await gateway.cli<Incident[]>(['incident', 'list'])
      return incident?.settledAt && incident.id
    },
    { seconds: 180, every: 500 },
  )

  const before = await each(async (mail, _n, person) => {
    const [wanted, seen] = [await webmailView(mail, world), await imapView(program, person)]
    expect(seen, person).toEqual(wanted)
    await foldersAsHere(world, person)
    return await imapView(program, person, true)
  })

  // The figures are what happened.
  const incident = await gateway.cli<Incident>(['incident', 'show', id])
  expect(incident.people.filter(person => person.error !== null)).toEqual([])
  const sum = (of: (truth: (typeof truths)[number]) => number) =>
    truths.reduce((all, one) => all + of(one), 0)
  const { numbers } = incident
  expect(numbers.received).toBe(people.length * (heldEach + 1))
  expect(numbers.deleted).toBe(sum(truth => truth.deleted))
  expect(numbers.sent).toBe(sum(truth => truth.sent))
  expect([numbers.failed, numbers.waiting, numbers.notFiled, numbers.filing]).toEqual([0, 0, 0, 0])
  for (const one of [numbers, ...incident.people.map(person => person.numbers)]) {
    expect(one.delivered! + one.deleted! + one.failed! + one.waiting!).toBe(one.received)
    expect(one.sentAccepted! + one.sentFailed! + one.sentWaiting!).toBe(one.sent)
    expect(one.filed! + one.notFiled! + one.filing!).toBe(one.toFile)
  }
  const checked = await gateway.cli<{ expected: number; found: number; error: string | null }[]>([
    'incident',
    'check',
    id,
  ])
  expect(checked.filter(one => one.error !== null || one.found !== one.expected)).toEqual([])
  expect(checked).toHaveLength(people.length)
  await until('everybody has the statement by mail', async () => {
    const mails = await each(mail => mail.emails({ from: 'MAILER-DAEMON' }))
    return mails.every(list => list.length >= 1)
  })

  // Looking again changes nothing.
  await gateway.cli(['incident', 'restore', id])
  await until('it was looked at again', async () => {
    const again = await gateway.cli<Incident>(['incident', 'show', id])
    return again.settledAt !== null && again.people.every(person => person.state === 'done')
  })
  const after = await each((_mail, _n, person) => imapView(program, person, true))
  expect(after).toEqual(before)
}
