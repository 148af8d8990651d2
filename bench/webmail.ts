/**
 * `npm run bench webmail`: how long people wait for their mail. A shared mailbox of 100,000 messages on a server of
 * 1,000,000, whose members list, open, search, move and follow it over HTTP, as the webmail asks: 1, 20 and 100 of
 * them, each with a moment's rest between two answers. Then what 100 people cost who are signed in and do nothing, and
 * what one person waits for in a browser (parts/webmail-browser.ts).
 *
 * Most mail is rows only (parts/mail-rows.ts); what is opened came through the relay. `--database URL` keeps the rows
 * in a database of one's own, filled by the first run and used again by the next; `--fill` only fills it.
 *
 *   --messages 100000  --server 1000000  --people 1,20,100  --seconds 6  --rest 500  --database URL  --fill
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createAppPassword } from '@restante/core/access/app-passwords.ts'
import { deriveKey } from '@restante/core/config/secret.ts'
import { connect, type Db } from '@restante/core/db/connection.ts'
import { migrate } from '@restante/core/db/migrate.ts'
import { addDomain } from '@restante/core/directory/domains.ts'
import { addMailbox } from '@restante/core/directory/mailboxes.ts'
import { addOrganization } from '@restante/core/directory/organizations.ts'
import { addPerson } from '@restante/core/directory/people.ts'
import { type Gateway, type Part, startGateway } from '@restante/e2e/gateway.ts'
import { type Call, JmapClient } from '@restante/e2e/jmap.ts'
import { PASSWORD } from '@restante/e2e/organization.ts'
import { until } from '@restante/e2e/until.ts'
import { untilKnown } from '@restante/e2e/watch.ts'
import { fillMailboxes, VOCABULARY, wordOf } from './parts/mail-rows.ts'
import { sendLoad } from './parts/source.ts'
import { measureBrowser } from './parts/webmail-browser.ts'

/** The same for every run, for what one of them sealed. */
const SECRET = 'nothing but a measurement'
const DOMAIN = 'bench.example'
const SHARED = `everybody@${DOMAIN}`
const MEMBERS = 100
/** Messages with contents, the newest ones of the mailbox. */
const OPENED = 200
const MOVED = 500
const PARTS = ['webmail', 'worker', 'relay'] as const satisfies Part[]
/** What a list shows of a message. */
const ROW = `id threadId mailboxIds keywords from to subject receivedAt size preview hasAttachment
  restante:delivery restante:scan`.split(/\s+/)
const NEWEST = [{ property: 'receivedAt', isAscending: false }]

type Member = { client: JmapClient; accountId: string }
type World = { inbox: string; archive: string; state: string; opened: string[]; moved: string[] }
/** @returns the calls of one request; `number` differs from one to the next */
type Action = (world: World, member: Member, number: number) => Call[]

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      messages: { type: 'string', default: '100000' },
      server: { type: 'string', default: '1000000' },
      people: { type: 'string', default: '1,20,100' },
      seconds: { type: 'string', default: '6' },
      rest: { type: 'string', default: '500' },
      database: { type: 'string' },
      fill: { type: 'boolean', default: false },
    },
  })
  const sizes = { mailbox: Number(values.messages), server: Number(values.server) }
  if (values.database) await fill(values.database, sizes)
  if (values.fill) return
  const env = {
    LOG_LEVEL: 'warn',
    RESTANTE_SECRET: SECRET,
    ...(values.database && { DATABASE_URL: values.database }),
  }
  const gateway = await startGateway({ env })
  const databaseUrl = values.database ?? databaseOf(gateway)
  if (!values.database) await fill(databaseUrl, sizes)
  const db = connect(databaseUrl)
  try {
    const members = await signIn(gateway, db)
    await deliver(gateway, members[0]!)
    const world = await look(members[0]!)
    const options = { seconds: Number(values.seconds), rest: Number(values.rest) }
    print(
      `\n${'people'.padStart(6)}  ${'what'.padEnd(16)} ${'requests'.padStart(8)} ${'p50 ms'.padStart(8)} p95 ms`,
    )
    for (const people of values.people.split(',').map(Number)) {
      for (const [name, action] of Object.entries(ACTIONS)) {
        print(row(people, name, await measure(members.slice(0, people), world, action, options)))
      }
      if (people <= 20) print(row(people, `move ${MOVED}`, await move(members.slice(0, people), world)))
    }
    await idle(gateway, members)
    await browse(gateway, members[0]!)
  } finally {
    await db.destroy()
    await gateway.remove()
  }
}

const ACTIONS: Record<string, Action> = {
  list: ({ inbox }, { accountId }) => [
    ['Mailbox/get', { accountId, ids: null }, 'folders'],
    ...page(accountId, { filter: { inMailbox: inbox }, collapseThreads: true }),
  ],
  'list further down': ({ inbox }, { accountId }, number) =>
    page(accountId, { filter: { inMailbox: inbox }, position: (number * 7_919) % 80_000 }),
  open: ({ opened }, { accountId }, number) => {
    const id = opened[number % opened.length]
    const properties = [...ROW, 'bodyStructure', 'textBody', 'htmlBody', 'attachments', 'bodyValues']
    return [['Email/get', { accountId, ids: [id], properties, fetchAllBodyValues: true }, 'email']]
  },
  'search a word': (_, { accountId }, number) => {
    const filter = { text: `${wordOf(10 + ((number * 104_729) % (VOCABULARY - 10)))} ` }
    return [
      ...page(accountId, { filter, collapseThreads: true }),
      ['SearchSnippet/get', { accountId, filter, '#emailIds': from('list', '/ids') }, 'snippets'],
    ]
  },
  'search two, typed': (_, { accountId }, number) => {
    const word = wordOf(200 + ((number * 104_729) % 2_000))
    const filter = { text: `${wordOf(1 + (number % 8))} ${word.slice(0, -1)}` }
    return page(accountId, { filter, collapseThreads: true })
  },
  changes: ({ state }, { accountId }) => [['Email/changes', { accountId, sinceState: state }, 'changes']],
}

const from = (resultOf: string, path: string) => ({ resultOf, name: 'Email/query', path })

function page(accountId: string, query: Record<string, unknown>): Call[] {
  return [
    ['Email/query', { accountId, sort: NEWEST, limit: 50, calculateTotal: true, ...query }, 'list'],
    ['Email/get', { accountId, '#ids': from('list', '/ids'), properties: ROW }, 'rows'],
  ]
}

function databaseOf(gateway: Gateway): string {
  const said = JSON.parse(readFileSync(join(gateway.data, 'run/services.json'), 'utf8'))
  return String(said.databaseUrl)
}

/** Once. */
async function fill(databaseUrl: string, { mailbox, server }: { mailbox: number; server: number }) {
  const began = performance.now()
  const db = connect(databaseUrl)
  try {
    await migrate(db)
    if (await db.selectFrom('mailbox').select('id').where('address', '=', SHARED).executeTakeFirst()) return
    await addOrganization(db, { name: 'Bench' })
    await addDomain(
      db,
      { domain: DOMAIN, organization: 'Bench', backends: ['smtp://127.0.0.1:9?tls=none'] },
      deriveKey(SECRET, 'stored-secrets'),
    )
    // What can be opened waits for its server: no delivery gets in the way.
    await db
      .updateTable('backend')
      .set({ health: 'down', override: 'down', override_reason: 'bench' })
      .execute()
    const addresses = Array.from({ length: MEMBERS }, (_, index) => `p${index}@${DOMAIN}`)
    const own: string[] = []
    for (const [index, address] of addresses.entries()) {
      // One of them signs in with a browser.
      const password = index === 0 ? PASSWORD : undefined
      const person = { address, name: 'Member', role: 'user' as const, locale: 'en' as const, password }
      const { mailboxId } = await addPerson(db, person)
      if (mailboxId) own.push(mailboxId)
    }
    await addMailbox(db, { address: SHARED, name: 'Everybody', shared: true, members: addresses })
    const shared = await db
      .selectFrom('mailbox')
      .select('id')
      .where('address', '=', SHARED)
      .executeTakeFirstOrThrow()
    const count = Math.max(0, Math.floor((server - mailbox) / MEMBERS))
    await fillMailboxes(
      db,
      [{ mailboxId: shared.id, count: mailbox }, ...own.map(mailboxId => ({ mailboxId, count }))],
      new Date(),
    )
    print(`filled in ${((performance.now() - began) / 1000).toFixed(0)} s`)
  } finally {
    await db.destroy()
  }
}

async function signIn(gateway: Gateway, db: Db): Promise<Member[]> {
  const people = await db
    .selectFrom('person')
    .select(['id', 'address'])
    .where('address', 'like', `p%@${DOMAIN}`)
    .orderBy('address')
    .limit(MEMBERS)
    .execute()
  const members: Member[] = []
  for (const { id, address } of people) {
    const { password } = await createAppPassword(db, id, 'bench')
    const client = await JmapClient.open(gateway.url, address, password)
    const [accountId] = Object.entries(client.session.accounts).find(([, { name }]) => name === SHARED) ?? []
    members.push({ client, accountId: accountId ?? Object.keys(client.session.accounts)[1]! })
  }
  return members
}

/** Mail that can be opened. */
async function deliver(gateway: Gateway, { client, accountId }: Member): Promise<void> {
  await untilKnown(gateway, SHARED)
  const total = async () => {
    const [answer] = await client.request([
      ['Email/query', { accountId, limit: 0, calculateTotal: true }, '0'],
    ])
    return Number(answer![1].total)
  }
  const before = await total()
  await sendLoad(gateway.ports.relay, {
    size: 8_192,
    sessions: 4,
    messages: OPENED,
    shape: 'many',
    recipient: SHARED,
  })
  await until('what can be opened is there', async () => (await total()) >= before + OPENED, { seconds: 60 })
}

async function look({ client, accountId }: Member): Promise<World> {
  const [folders] = await client.request([['Mailbox/get', { accountId, ids: null }, '0']])
  const list = folders![1].list as { id: string; role: string | null }[]
  const folder = (role: string) => list.find(one => one.role === role)!.id
  const ids = async (position: number, limit: number) => {
    const filter = { inMailbox: folder('inbox') }
    const [found] = await client.request([
      ['Email/query', { accountId, filter, sort: NEWEST, position, limit }, '0'],
    ])
    return found![1].ids as string[]
  }
  // One after the other: a person has only so many requests at once (maxConcurrentRequests).
  const moved: string[] = []
  for (let index = 0; index < 20; index++) moved.push(...(await ids(1_000 + index * MOVED, MOVED)))
  return {
    inbox: folder('inbox'),
    archive: folder('archive'),
    state: String(folders![1].state),
    opened: await ids(0, OPENED),
    moved,
  }
}

/** Everybody asks, reads for a moment, and asks again. @returns what each answer took, in ms */
async function measure(
  members: readonly Member[],
  world: World,
  action: Action,
  { seconds, rest }: { seconds: number; rest: number },
): Promise<number[]> {
  const took: number[] = []
  const once = async (member: Member, number: number) => {
    const began = performance.now()
    const answers = await member.client.request(action(world, member, number))
    const failed = answers.find(([name]) => name === 'error')
    if (failed) throw new Error(JSON.stringify(failed))
    return performance.now() - began
  }
  for (let warm = 0; warm < 5; warm++) await once(members[0]!, warm)
  const end = performance.now() + seconds * 1_000
  await Promise.all(
    members.map(async (member, index) => {
      await sleep((index / members.length) * rest)
      for (let turn = 0; performance.now() < end; turn++) {
        took.push(await once(member, index * 1_009 + turn * 31))
        await sleep(rest * (0.5 + ((index * 7 + turn * 13) % 10) / 10))
      }
    }),
  )
  return took
}

/** Each moves five hundred of their own to the archive, and back. */
async function move(members: readonly Member[], world: World): Promise<number[]> {
  const took: number[] = []
  await Promise.all(
    members.map(async ({ client, accountId }, index) => {
      const mine = world.moved.slice(index * MOVED, (index + 1) * MOVED)
      for (const into of [world.archive, world.inbox]) {
        const update = Object.fromEntries(mine.map(id => [id, { mailboxIds: { [into]: true } }]))
        const began = performance.now()
        const [answer] = await client.request([['Email/set', { accountId, update }, '0']])
        if (Object.keys((answer![1].updated as object | null) ?? {}).length !== mine.length) {
          throw new Error(JSON.stringify(answer).slice(0, 500))
        }
        took.push(performance.now() - began)
      }
    }),
  )
  return took
}

/** Memory before and after a hundred people follow their mail and do nothing. */
async function idle(gateway: Gateway, members: readonly Member[]): Promise<void> {
  await sleep(5_000)
  const before = residents(gateway)
  const streams = await Promise.all(members.map(({ client }) => client.listen()))
  await sleep(15_000)
  const after = residents(gateway)
  for (const stream of streams) stream.close()
  print(`\n${members.length} people signed in and idle, resident memory in MiB`)
  for (const part of PARTS) {
    const [b, a] = [before.get(part)!, after.get(part)!]
    print(`  ${part.padEnd(8)} ${b.toFixed(0).padStart(5)} → ${a.toFixed(0)}  (${(a - b).toFixed(0)} more)`)
  }
}

async function browse(gateway: Gateway, { accountId }: Member): Promise<void> {
  const waits = await measureBrowser({ url: gateway.url, address: `p0@${DOMAIN}`, account: accountId })
  print(`\nin a browser slowed four times, ms${' '.repeat(12)}p50      p95`)
  for (const [name, took] of [
    ['list, nothing kept', waits.list],
    ['list, visited before', waits.again],
    ['a message', waits.opened],
  ] as const) {
    print(`  ${name.padEnd(30)} ${percentile(took, 0.5)} ${percentile(took, 0.95)}`)
  }
  const { frames, longest, settled } = waits.scroll
  print(
    `  all scrolled past: ${frames} frames, longest ${longest.toFixed(0)}, rows at the end after ${settled.toFixed(0)}`,
  )
}

const residents = (gateway: Gateway) =>
  new Map<Part, number>(
    PARTS.map(part => [part, gateway.pids(part).reduce((sum, pid) => sum + resident(pid), 0)]),
  )

/** Resident memory of one process in MiB (Linux). */
function resident(pid: number): number {
  const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kib ?? 0) / 1024
}

function row(people: number, name: string, took: readonly number[]): string {
  const counted = `${String(people).padStart(6)}  ${name.padEnd(18)} ${String(took.length).padStart(6)}`
  return `${counted} ${percentile(took, 0.5)} ${percentile(took, 0.95)}`
}

function percentile(took: readonly number[], part: number): string {
  const sorted = took.toSorted((a, b) => a - b)
  return (sorted[Math.floor((sorted.length - 1) * part)] ?? 0).toFixed(1).padStart(8)
}

const print = (line: string) => process.stdout.write(`${line}\n`)
