/**
 * The crash test: one installation under load, killed in each round at a state of docs/spool.md or at a random
 * moment, started again, killed again; now and then everything may settle, and the account is taken.
 *
 * Messages are also made old along the way, so that workers give them up and compactions have something to
 * take off the disk while all this goes on; and in a long run the backend is away for a while.
 */
import { connect, type Db } from '@restante/core/db/connection.ts'
import { addDomain } from '@restante/core/directory/domains.ts'
import { addOrganization, setOrganization } from '@restante/core/directory/organizations.ts'
import { addPerson } from '@restante/core/directory/people.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { openSpoolReader } from '@restante/core/spool/open.ts'
import { verifySpool } from '@restante/core/spool/verify.ts'
import { Redis } from 'ioredis'
import pg from 'pg'
import { until } from '../until.ts'
import { type Account, type Kill, takeAccount } from './account.ts'
import { type Backend, startBackend } from './backend.ts'
import { Installation } from './installation.ts'
import { describeRound, planRounds, type Round, seeded } from './rounds.ts'
import { type Senders, startSenders } from './senders.ts'

export type Options = {
  seed: number
  rounds: number
  /** Takes the account after so many rounds, and at the end. */
  every: number
  /** An empty folder. */
  folder: string
  /** The minutes that a dead worker's deliveries, and put-off ones, are left alone before an account. */
  waits: 'wait' | 'skip'
  say: (line: string) => void
}

export type Result = {
  /** Rounds that came to their state, of those that were to. */
  stopped: number
  planned: number
  kills: number
  account: Account
  byState: Map<string, number>
}

const DOMAIN = 'storm.example'
const PEOPLE = ['ann', 'ben', 'cleo', 'later']
const STOPPED = 'stopped and killed'
/** Longest wait for a state, in ms. */
const PATIENCE = 6_000
/** Rounds between two looks whether mail still gets through at all. */
const PROGRESS = 10
/** Every so many rounds the backend is away, long enough to be called down. */
const OUTAGE = 97
const AWAY = 15_000

export async function crash(options: Options): Promise<Result> {
  const random = seeded(options.seed + 1)
  const mood = { greylisting: true }
  const backend = await startBackend(
    address => mood.greylisting && address.startsWith('later@') && random() < 0.3,
  )
  const installation = await Installation.create(options.folder)
  const story = new Story(options, installation, backend, mood, random)
  try {
    return await story.run()
  } catch (error) {
    options.say(installation.log())
    throw error
  } finally {
    await story.close()
    await installation.close()
    await backend.close()
  }
}

class Story {
  readonly #options: Options
  readonly #installation: Installation
  readonly #backend: Backend
  readonly #mood: { greylisting: boolean }
  readonly #senders: Senders
  readonly #kills: Kill[] = []
  readonly #byState = new Map<string, number>()
  #stopped = 0
  #planned = 0

  constructor(
    options: Options,
    installation: Installation,
    backend: Backend,
    mood: { greylisting: boolean },
    random: () => number,
  ) {
    this.#options = options
    this.#mood = mood
    this.#installation = installation
    this.#backend = backend
    this.#senders = startSenders({
      port: installation.ports.relay,
      addresses: PEOPLE.map(name => `${name}@${DOMAIN}`),
      random,
      connections: 6,
      pause: 150,
      name: `${options.seed}`,
    })
    this.#senders.pause()
  }

  async run(): Promise<Result> {
    const { options, installation } = { options: this.#options, installation: this.#installation }
    await this.#withDatabase(db => this.#setUp(db))
    await installation.startAll()
    this.#senders.resume()
    await this.#progress(5)
    let account: Account | undefined
    const rounds = planRounds(options.seed, options.rounds)
    for (const [number, round] of rounds.entries()) {
      const last = number + 1
      await this.#round(round, last)
      if (last % PROGRESS === 0) await this.#progress(3)
      if (last % OUTAGE === 0) await this.#outage()
      if (last % options.every === 0 || last === rounds.length) {
        account = await this.#settle(last === rounds.length)
        options.say(line(last, account, this.#kills.length))
        if (account.wrong.length > 0) break
        this.#senders.resume()
      }
    }
    return {
      stopped: this.#stopped,
      planned: this.#planned,
      kills: this.#kills.length,
      account: account!,
      byState: this.#byState,
    }
  }

  async #setUp(db: Db): Promise<void> {
    const { sealKey } = this.#installation
    await addOrganization(db, { name: 'Storm' })
    // What was delivered is not kept: it can be given up as soon as it is old enough.
    await setOrganization(db, 'Storm', { historyDays: 0 }, sealKey)
    const backends = [`smtp://127.0.0.1:${this.#backend.port}?tls=none`]
    await addDomain(db, { domain: DOMAIN, organization: 'Storm', backends }, sealKey)
    for (const name of PEOPLE)
      await addPerson(db, { address: `${name}@${DOMAIN}`, role: 'user', locale: 'en' })
  }

  async #round(round: Round, number: number): Promise<void> {
    const { say } = this.#options
    const installation = this.#installation
    const began = Date.now()
    let how = 'killed'
    let self: 'relay' | 'worker' | 'compaction' | undefined
    if ('after' in round.at)
      await new Promise(done => setTimeout(done, (round.at as { after: number }).after))
    else {
      const { process: name, state, passes } = round.at
      self = name
      if (state === 10) await this.#giveUp()
      if (name === 'compaction') {
        await this.#query(MAKE_OLD).catch(() => {})
        installation.start('compaction')
      }
      installation.arm(name, state, state === 10 ? 1 : passes)
      this.#planned += 1
      const there = await installation.stopped(name, PATIENCE)
      if (there) this.#stopped += 1
      this.#byState.set(`${state}`, (this.#byState.get(`${state}`) ?? 0) + (there ? 1 : 0))
      how = there ? STOPPED : 'killed (state not reached)'
    }
    const victims = round.victims.flatMap(victim => (victim === 'self' ? (self ? [self] : []) : [victim]))
    // One that has not come to its state dies too, or it would stop later, and nobody would wake it.
    if (self && how !== STOPPED && !victims.includes(self)) victims.push(self)
    const at = Date.now()
    this.#kills.push({ at, victims })
    await installation.kill(victims)
    if (self && !victims.includes(self)) installation.resume(self)
    await installation.startAll()
    if (self === 'compaction' && !victims.includes(self)) {
      await until('the compaction ends', () => !installation.runs('compaction'), { seconds: 60 })
    }
    say(`${number}: ${how}: ${describeRound(round)} (${Date.now() - began} ms)`)
    if (installation.deaths.length > 0) throw new Error(`ended by itself: ${installation.deaths.join(', ')}`)
  }

  /** Messages that were delivered are given up by a worker that starts. */
  async #giveUp(): Promise<void> {
    await this.#query(MAKE_OLD).catch(() => {})
    this.#kills.push({ at: Date.now(), victims: ['worker'] })
    await this.#installation.kill(['worker'])
    this.#installation.start('worker')
  }

  async #outage(): Promise<void> {
    await this.#backend.close()
    this.#installation.arm('worker', '4h', 1)
    await this.#installation.stopped('worker', AWAY)
    this.#kills.push({ at: Date.now(), victims: ['worker'] })
    await this.#installation.kill(['worker'])
    await this.#installation.startAll()
    await this.#backend.open()
    await this.#progress(3, 90)
  }

  /** Mail still gets through, from a sender to the backend. */
  async #progress(count: number, seconds = 60): Promise<void> {
    const { size } = this.#backend.arrivals
    await until(`${count} more messages arrive`, () => this.#backend.arrivals.size >= size + count, {
      seconds,
    })
  }

  /** Nothing more comes, everything that is there gets through, and the account is taken. */
  async #settle(end: boolean): Promise<Account> {
    const installation = this.#installation
    this.#senders.pause()
    this.#mood.greylisting = false
    if (end) await this.#senders.stop()
    if (this.#options.waits === 'skip') await this.#skipWaits()
    const answered = () =>
      [...this.#senders.messages.values()].filter(({ acceptedAt }) => acceptedAt === undefined)
    if (!end) await until('the senders have their answers', () => answered().length === 0, { seconds: 60 })
    await this.#withDatabase(db =>
      until('everything is delivered', () => this.#nothingWaits(db), { seconds: 240, every: 500 }),
    )
    const account = await this.#withDatabase(db =>
      takeAccount(db, this.#senders.messages, this.#backend, this.#kills),
    )
    for (const reply of this.#senders.refused) account.wrong.push(`refused: ${reply}`)
    const { url, secretKey } = installation.spool
    const reader = await openSpoolReader({ url, secretKey, log: silentLog })
    const report = await verifySpool(reader)
    for (const damage of report.damage) account.wrong.push(`damaged: ${JSON.stringify(damage)}`)
    if (end) account.wrong.push(...(await this.#tidied()))
    this.#mood.greylisting = true
    return account
  }

  /** What is only a matter of minutes: leases of the dead, jobs that BullMQ takes for active, times of retries. */
  async #skipWaits(): Promise<void> {
    const installation = this.#installation
    this.#kills.push({ at: Date.now(), victims: ['worker'] })
    await installation.kill(['worker'])
    await this.#query(
      `update delivery set created_at = created_at - interval '1 minute',
        leased_until = case when leased_until is not null then now() end,
        next_attempt_at = case when next_attempt_at is not null then now() end`,
    )
    const redis = new Redis(installation.redis!.url)
    await redis.flushall()
    redis.disconnect()
    await installation.startAll()
  }

  async #nothingWaits(db: Db): Promise<boolean> {
    const { url, secretKey } = this.#installation.spool
    const reader = await openSpoolReader({ url, secretKey, log: silentLog })
    const checkpoints = await db.selectFrom('checkpoint').select(['segment', 'position']).execute()
    const positions = new Map(checkpoints.map(({ segment, position }) => [segment, position]))
    const unread = (await reader.segments()).filter(({ name, size }) => size > (positions.get(name) ?? 0))
    const open = await db
      .selectFrom('delivery')
      .select('state')
      .where('state', 'in', ['queued', 'held', 'deferred'])
      .execute()
    if (unread.length + open.length > 0) throw new Error(`${unread.length} unread, ${open.length} wait`)
    return true
  }

  /** When all is old and given up, nothing is left on the disk but notes and the end of open segments. */
  async #tidied(): Promise<string[]> {
    const installation = this.#installation
    await this.#query(MAKE_OLD)
    await installation.kill(['worker'])
    installation.start('worker')
    await this.#withDatabase(db =>
      until(
        'all is given up',
        async () => {
          const left = await db.selectFrom('message').select('id').where('removed_at', 'is', null).execute()
          if (left.length > 0) throw new Error(`${left.length} are not`)
          return true
        },
        { seconds: 150, every: 300 },
      ),
    )
    // Their segments are closed by whoever finds their writer dead.
    await installation.kill(['relay', 'worker'])
    installation.start('compaction', ['--tidy'])
    await until('the compaction ends', () => !installation.runs('compaction'), { seconds: 60 })
    const { url, secretKey } = installation.spool
    const report = await verifySpool(await openSpoolReader({ url, secretKey, log: silentLog }))
    return report.messages === 0 ? [] : [`${report.messages} messages are on the disk, and nobody needs them`]
  }

  async #query(statement: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.#installation.postgres!.url })
    client.on('error', () => {})
    await client.connect()
    await client.query(statement).finally(() => client.end())
  }

  async #withDatabase<T>(work: (db: Db) => Promise<T>): Promise<T> {
    const db = connect(this.#installation.postgres!.url, { max: 2 })
    try {
      return await work(db)
    } finally {
      await db.destroy()
    }
  }

  async close(): Promise<void> {
    await this.#senders.stop()
  }
}

/** Two hours pass for everything that was delivered. */
const MAKE_OLD = `
  with settled as (
    update delivery set settled_at = settled_at - interval '2 hours'
    where state = 'delivered' and settled_at > now() - interval '1 hour' returning message_id
  )
  update message set received_at = received_at - interval '2 hours' from settled
  where message.id = settled.message_id`

function line(rounds: number, account: Account, kills: number): string {
  const { accepted, arrived, duplicates, wrong } = account
  return (
    `after ${rounds} rounds and ${kills} kills: ${accepted} got 250, ${arrived} arrived, ` +
    `${duplicates.sentAgain} sent and ${duplicates.deliveredAgain} delivered again, ${wrong.length} wrong`
  )
}
