/**
 * The model: whatever happens to a mailbox, a client that follows `changes` and `queryChanges`, in pages of any
 * size and at any moment, ends with what a client has that reads everything anew.
 */
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { notify } from '../db/notify.ts'
import { letter } from '../ingest/testing.ts'
import { silentLog } from '../observe/log.ts'
import { openPushHub, type StateChange } from './push.ts'
import { indexMailbox } from './search-index.ts'
import { type Client, type Company, clientFor, ingest, type Json, openCompany } from './testing.ts'

let company: Company
let anna: Client
let accountId: string
beforeAll(async () => {
  company = await openCompany()
  anna = clientFor(company, company.people.anna)
  accountId = company.mailboxes.anna
})
afterAll(async () => {
  await company.close()
})

/** Small and repeatable (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const TYPES = ['Email', 'Mailbox', 'Thread'] as const

/** Everything of a type, as one who reads it all sees it. */
async function everything(
  type: (typeof TYPES)[number],
): Promise<{ state: string; objects: Map<string, Json> }> {
  let ids: string[] | null = null
  if (type !== 'Mailbox') {
    ids = (await anna.call('Email/query', { accountId })).ids
  }
  if (type === 'Thread') {
    const { list } = await anna.call('Email/get', { accountId, ids, properties: ['threadId'] })
    ids = [...new Set<string>(list.map((email: Json) => email.threadId))]
  }
  const properties = type === 'Email' ? ['threadId', 'mailboxIds', 'keywords'] : null
  const { state, list } = await anna.call(`${type}/get`, { accountId, ids, properties })
  return { state, objects: new Map(list.map((object: Json) => [object.id, object])) }
}

/** A client that knows only what `changes` told it. */
class Follower {
  #type: (typeof TYPES)[number]
  state = ''
  objects = new Map<string, Json>()

  constructor(type: (typeof TYPES)[number]) {
    this.#type = type
  }

  async start(): Promise<void> {
    const { state, objects } = await everything(this.#type)
    this.state = state
    this.objects = objects
  }

  async follow(maxChanges: number): Promise<void> {
    for (;;) {
      const changes = await anna.call(`${this.#type}/changes`, {
        accountId,
        sinceState: this.state,
        maxChanges,
      })
      const told = [...changes.created, ...changes.updated, ...changes.destroyed]
      expect(told.length).toBeLessThanOrEqual(maxChanges)
      expect(new Set(told).size).toBe(told.length)
      for (const id of changes.updated) expect(this.objects.has(id), `updated ${id} is known`).toBe(true)
      const ids = [...changes.created, ...changes.updated]
      const properties = this.#type === 'Email' ? ['threadId', 'mailboxIds', 'keywords'] : null
      const { list, notFound } = await anna.call(`${this.#type}/get`, { accountId, ids, properties })
      for (const object of list) this.objects.set(object.id, object)
      for (const id of [...changes.destroyed, ...notFound]) this.objects.delete(id)
      this.state = changes.newState
      if (!changes.hasMoreChanges) return
    }
  }
}

/** A client that shows the results of a query. */
class Viewer {
  #query: Json
  state = ''
  ids: string[] = []
  constructor(query: Json) {
    this.#query = query
  }
  async start(): Promise<void> {
    const { ids, queryState } = await anna.call('Email/query', { accountId, ...this.#query })
    this.ids = ids
    this.state = queryState
  }
  async follow(): Promise<void> {
    const changes = await anna.call('Email/queryChanges', {
      accountId,
      ...this.#query,
      sinceQueryState: this.state,
      calculateTotal: true,
    })
    const removed = new Set(changes.removed)
    this.ids = this.ids.filter(id => !removed.has(id))
    for (const { id, index } of changes.added) this.ids.splice(index, 0, id)
    this.state = changes.newQueryState
    expect(changes.total).toBe(this.ids.length)
  }
}

/** RFC 8621 §2's counts, counted: Trash and the rest apart, so that a deleted unread message marks nothing. */
async function counted(): Promise<Json[]> {
  const { rows } = await sql<Json>`
    with e as (
      select email.folder_id, email.thread_id, coalesce(folder.role = 'trash', false) as trash,
        not (email.keywords && '{$seen,$draft}') as unread
      from email join folder on folder.id = email.folder_id where email.mailbox_id = ${accountId}
    ), t as (
      select thread_id, trash, bool_or(unread) as unread from e group by thread_id, trash
    )
    select folder.id, count(e) as "totalEmails", count(e) filter (where e.unread) as "unreadEmails",
      count(distinct e.thread_id) as "totalThreads",
      count(distinct e.thread_id) filter (where t.unread) as "unreadThreads"
    from folder left join e on e.folder_id = folder.id
    left join t on t.thread_id = e.thread_id and t.trash = e.trash
    where folder.mailbox_id = ${accountId} group by folder.id order by folder.id`.execute(company.db)
  return rows
}

async function kept(): Promise<Json[]> {
  const properties = ['totalEmails', 'unreadEmails', 'totalThreads', 'unreadThreads']
  const { list } = await anna.call('Mailbox/get', { accountId, properties })
  return list.sort((a: Json, b: Json) => (a.id < b.id ? -1 : 1))
}

async function act(random: () => number, number: number): Promise<void> {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const { ids } = await anna.call('Email/query', { accountId })
  const { list: folders } = await anna.call('Mailbox/get', { accountId, properties: ['role', 'name'] })
  const some = ids.filter(() => random() < 0.3).slice(0, 5)
  const dice = random()
  if (dice < 0.35 || ids.length < 3) {
    const before = Math.floor(random() * number)
    const answers = random() < 0.5
    await company.accept(
      letter({
        id: `m${number}@x`,
        subject: answers ? `Re: s${before}` : `s${number}`,
        ...(answers && { replyTo: `m${before}@x` }),
      }),
      { receivedAt: new Date(Date.UTC(2026, 0, 1) + Math.floor(random() * 1e9)).toISOString() },
    )
    await ingest(company)
  } else if (dice < 0.55) {
    const folder = pick(folders as Json[])
    const update = Object.fromEntries(some.map((id: string) => [id, { mailboxIds: { [folder.id]: true } }]))
    await anna.call('Email/set', { accountId, update })
  } else if (dice < 0.75) {
    const keyword = pick(['$seen', '$flagged', 'work'])
    const value = random() < 0.6 ? true : null
    const update = Object.fromEntries(some.map((id: string) => [id, { [`keywords/${keyword}`]: value }]))
    await anna.call('Email/set', { accountId, update })
  } else if (dice < 0.85) {
    await anna.call('Email/set', { accountId, destroy: some.slice(0, 2) })
  } else if (dice < 0.93) {
    await anna.call('Mailbox/set', { accountId, create: { a: { name: `f${number}` } } })
  } else {
    const own = folders.filter((folder: Json) => folder.role === null)
    if (own.length > 0) {
      await anna.call('Mailbox/set', {
        accountId,
        destroy: [pick(own as Json[]).id],
        onDestroyRemoveEmails: true,
      })
    }
  }
}

const seeds = process.env.SEED ? [Number(process.env.SEED)] : [1, 2, 3]
test.each(seeds)(
  'who follows changes has what who reads everything has (seed %i)',
  async seed => {
    const random = randomFrom(seed)
    const inbox = await anna.folder(accountId, 'inbox')
    const followers = TYPES.map(type => ({ type, follower: new Follower(type) }))
    const queries: Json[] = [
      { filter: { inMailbox: inbox } },
      { filter: { inMailbox: inbox }, collapseThreads: true },
      { filter: { notKeyword: '$seen' }, sort: [{ property: 'subject' }] },
      { filter: { someInThreadHaveKeyword: '$flagged' }, collapseThreads: true },
      { collapseThreads: true, sort: [{ property: 'receivedAt', isAscending: true }] },
      {
        filter: { operator: 'AND', conditions: [{ text: 'good mor' }, { inMailbox: inbox }] },
        collapseThreads: true,
      },
      { filter: { operator: 'NOT', conditions: [{ inMailbox: inbox }] }, sort: [{ property: 'size' }] },
      { sort: [{ property: 'someInThreadHaveKeyword', keyword: 'work' }], collapseThreads: true },
      { sort: [{ property: 'hasKeyword', keyword: 'work', isAscending: false }, { property: 'receivedAt' }] },
    ]
    const viewers = queries.map(query => ({ query, viewer: new Viewer(query) }))
    for (const { follower } of followers) await follower.start()
    for (const { viewer } of viewers) await viewer.start()
    for (let step = 0; step < 25; step++) {
      await act(random, seed * 1_000 + step)
      // Sooner or later what came is in the search index: nobody sees when.
      if (random() < 0.3) await indexMailbox(company.db, accountId)
      if (random() < 0.4) continue
      expect(await kept(), `counts at step ${step}`).toEqual(await counted())
      for (const { type, follower } of followers) {
        await follower.follow(1 + Math.floor(random() * 6))
        expect(follower.objects, `${type} at step ${step}`).toEqual((await everything(type)).objects)
      }
      for (const { query, viewer } of viewers) {
        await viewer.follow()
        const { ids } = await anna.call('Email/query', { accountId, ...query })
        expect(viewer.ids, `${JSON.stringify(query)} at step ${step}`).toEqual(ids)
      }
    }
  },
  120_000,
)

test('changes that go on while a client follows are not lost', async () => {
  const follower = new Follower('Email')
  const folders = new Follower('Mailbox')
  const query = { collapseThreads: true, filter: { notKeyword: '$seen' } }
  const viewer = new Viewer(query)
  await follower.start()
  await folders.start()
  await viewer.start()
  let working = true
  const worker = async (number: number) => {
    const random = randomFrom(number)
    for (let step = 0; step < 12; step++) await act(random, 50_000 + number * 100 + step)
  }
  const work = Promise.all([worker(1), worker(2), worker(3)]).finally(() => {
    working = false
  })
  while (working) {
    await follower.follow(3)
    await folders.follow(2)
    await viewer.follow()
    await indexMailbox(company.db, accountId)
  }
  await work
  await follower.follow(3)
  await folders.follow(2)
  await viewer.follow()
  expect(follower.objects).toEqual((await everything('Email')).objects)
  expect(folders.objects).toEqual((await everything('Mailbox')).objects)
  expect(viewer.ids).toEqual((await anna.call('Email/query', { accountId, ...query })).ids)
  expect(await kept()).toEqual(await counted())
}, 120_000)

test('a bulk change is told piece by piece, whoever asks for however little', async () => {
  const since = (await everything('Email')).state
  const { ids } = await anna.call('Email/query', { accountId })
  const update = Object.fromEntries(ids.map((id: string) => [id, { 'keywords/bulk': true }]))
  await anna.call('Email/set', { accountId, update })
  await anna.call('Email/set', { accountId, destroy: ids.slice(0, 3) })
  const told: string[] = []
  let sinceState = since
  for (let piece = 0; ; piece++) {
    expect(piece, 'pieces').toBeLessThanOrEqual(ids.length)
    const changes = await anna.call('Email/changes', { accountId, sinceState, maxChanges: 2 })
    told.push(...changes.updated, ...changes.destroyed)
    sinceState = changes.newState
    if (!changes.hasMoreChanges) break
  }
  expect(told.toSorted()).toEqual(ids.toSorted())
})

test.each(['0', 'x', '99999999', '1.2', '1.2.3', '-1', ''])(
  'the state %j was never given out',
  async sinceState => {
    expect(await anna.fail('Email/changes', { accountId, sinceState })).toBe('cannotCalculateChanges')
  },
)

test('pages of a query hang together, by position and by anchor', async () => {
  const all = (await anna.call('Email/query', { accountId })).ids
  expect(all.length).toBeGreaterThan(4)
  const query = async (given: Json) => await anna.call('Email/query', { accountId, ...given })
  expect((await query({ position: 1, limit: 2 })).ids).toEqual(all.slice(1, 3))
  expect(await query({ position: -2, calculateTotal: true })).toMatchObject({
    ids: all.slice(-2),
    position: all.length - 2,
    total: all.length,
  })
  expect((await query({ anchor: all[2], anchorOffset: -1, limit: 2 })).ids).toEqual(all.slice(1, 3))
  expect(await query({ limit: 0, calculateTotal: true })).toMatchObject({ ids: [], total: all.length })
  expect(await anna.fail('Email/query', { accountId, anchor: 'nowhere' })).toBe('anchorNotFound')
  expect((await query({ position: 100_000 })).ids).toEqual([])
})

test('who follows an account is told of its changes, and of nobody else’s', async () => {
  const hub = openPushHub({ db: company.db, databaseUrl: company.databaseUrl, log: silentLog })
  try {
    const told: StateChange[] = []
    hub.follow([accountId], change => told.push(change))
    const foreign: StateChange[] = []
    hub.follow([company.mailboxes.eve], change => foreign.push(change))
    await expect
      .poll(async () => {
        await anna.call('Mailbox/set', { accountId, create: { a: { name: `p${Math.random()}` } } })
        return told.length
      })
      .toBeGreaterThan(0)
    await expect
      .poll(async () => told.at(-1)?.changed[accountId]?.Email === (await everything('Email')).state)
      .toBe(true)
    expect(foreign).toEqual([])
    await company.setHealth('other.example', 'down')
    await notify(company.db, 'backend')
    await expect.poll(() => foreign.at(-1)?.changed[company.mailboxes.eve]?.Continuity).toMatch(/^down-/)
  } finally {
    await hub.close()
  }
})
