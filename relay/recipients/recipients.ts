/**
 * Recipients that are learnt by asking their backend: remembers what it said, asks when nobody knows, and goes
 * on with what it remembers while the backend is away.
 *
 * What was learnt is on disk beside the snapshot of the directory (replaced as a whole, a crash leaves the old
 * file or the new one) and in PostgreSQL for the other nodes; both are written behind. What a crash loses is
 * asked again.
 */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { normalizeAddress } from '@restante/core/directory/addresses.ts'
import { type AskedBackend, replaceFile } from '@restante/core/directory/snapshot.ts'
import type { Log } from '@restante/core/observe/log.ts'
import { learnedRecipients, recipientQuestions } from '../counters.ts'
import type { Answer } from '../stages.ts'
import { Book, type Page } from './book.ts'
import { ask, type QuestionResult } from './question.ts'

export type Recipients = {
  /** What is known of an address, or its backend says of it. Never rejects. */
  ask(address: string, domain: string): Promise<Answer>
  /** Known recipients. */
  readonly size: number
  close(): Promise<void>
}

export type RecipientOptions = {
  /** How a domain's backend is asked. */
  asked: (domain: string) => AskedBackend | undefined
  /** `<data>/snapshot/recipients.json` */
  file: string
  /** What all nodes know; absent: this one alone. */
  shared?: SharedPages
  hostname: string
  log: Log
  now?: () => number
  /** ms for one question. */
  patience?: number
}

/** Where nodes tell each other (postgres.ts). Both reject while it is away. */
export type SharedPages = {
  tell(pages: readonly Page[]): Promise<void>
  /** What was learnt since, by anybody. */
  hear(since: number): Promise<Page[]>
}

const PATIENCE = 10_000
/** Questions at once to the backend of one domain, and how many may wait for their turn. */
const AT_ONCE = 4
const MOST_WAITING = 200
/** A backend that could not be reached is not asked again for this long, ms. */
const REST = 5_000
/** ms after which news is written down, and between looks at what others learnt. */
const WRITE_AFTER = 1_000
const HEAR_EVERY = 30_000

export async function keepRecipients(options: RecipientOptions): Promise<Recipients> {
  const { file, shared, log, now = Date.now, patience = PATIENCE } = options
  const book = new Book()
  const running = new Map<string, Promise<Answer>>()
  const desks = new Map<string, Desk>()
  let untold: Page[] = []
  let heardAt = 0
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()

  const kept = await load(file)
  for (const [address, at] of kept.known) book.yes(address, at)
  learnedRecipients.set(book.size)
  for (const [domain, at] of kept.takesAll) book.setTakesAll(domain, true, at)

  function answer(address: string, domain: string): Promise<Answer> | Answer {
    const key = normalizeAddress(address) ?? address
    const found = book.find(key, now())
    if (found === 'known' || found === 'unknown') return found
    const question = running.get(key) ?? inquire(key, address, domain)
    // The old answer is used; the new one is for the next who asks.
    return found === 'stale' ? 'known' : question
  }

  function inquire(key: string, address: string, domain: string): Promise<Answer> {
    const question = put(key, address, domain).finally(() => running.delete(key))
    running.set(key, question)
    return question
  }

  async function put(key: string, address: string, domain: string): Promise<Answer> {
    const backend = options.asked(domain)
    const desk = desks.get(domain) ?? new Desk(AT_ONCE, MOST_WAITING)
    desks.set(domain, desk)
    const without = () => (book.find(key, now()) || book.tookAll(domain) ? 'known' : 'no-answer')
    if (!backend || now() < desk.restsUntil || !(await desk.enter())) return without()
    let result: QuestionResult
    try {
      const known = book.takesAll(domain, now())
      const madeUp = known === undefined ? `${randomBytes(12).toString('hex')}@${domain}` : undefined
      result = await ask(backend.hosts, { address, madeUp, name: options.hostname, patience })
      if (madeUp && (result.type === 'yes' || result.type === 'takes-all')) {
        book.setTakesAll(domain, result.type === 'takes-all', now())
        changed()
      }
      // Known to take all: a yes says nothing, and is not written down as if it did.
      if (result.type === 'yes' && known === true) result = { type: 'takes-all' }
    } finally {
      desk.leave()
    }
    recipientQuestions.inc({ answer: result.type })
    switch (result.type) {
      case 'yes':
        book.yes(key, now())
        untold.push([key, now()])
        changed()
        return 'known'
      case 'takes-all':
        return 'known'
      case 'no':
        return book.no(key, now()) ? 'unknown' : 'known'
      case 'no-answer':
        if (result.away) desk.restsUntil = now() + REST
        log.info({ event: 'relay.recipient-not-answered', domain, why: result.why.slice(0, 200) })
        return without()
      default:
        return result satisfies never
    }
  }

  function changed(): void {
    timer ??= setTimeout(() => {
      timer = undefined
      writing = writing.then(write)
    }, WRITE_AFTER).unref()
  }

  async function write(): Promise<void> {
    learnedRecipients.set(book.size)
    try {
      await replaceFile(file, JSON.stringify({ version: 1, ...book.pages(now()) }))
    } catch (error) {
      log.error({ event: 'relay.recipients-not-kept', error })
    }
    const news = untold.splice(0)
    if (!shared || news.length === 0) return
    await shared.tell(news).catch(() => {
      // The others learn it later, or ask themselves.
      untold = [...news, ...untold].slice(-10_000)
    })
  }

  async function hear(): Promise<void> {
    const startedAt = now()
    try {
      for (const [address, at] of (await shared?.hear(heardAt)) ?? []) book.yes(address, at)
      // A little of the past again: clocks of nodes differ.
      heardAt = startedAt - 2 * HEAR_EVERY
    } catch (error) {
      log.debug({ event: 'relay.recipients-not-heard', error })
    }
    if (untold.length > 0) changed()
  }
  void hear()
  const hearing = setInterval(hear, HEAR_EVERY)
  hearing.unref()

  return {
    ask: async (address, domain) => answer(address, domain),
    get size() {
      return book.size
    },
    async close() {
      clearInterval(hearing)
      if (timer) {
        clearTimeout(timer)
        writing = writing.then(write)
      }
      await writing
    },
  }
}

/** Who may ask a domain's backend: a few at a time, and not too many wait. */
class Desk {
  restsUntil = 0
  #free: number
  readonly #most: number
  readonly #waiting: (() => void)[] = []

  constructor(atOnce: number, mostWaiting: number) {
    this.#free = atOnce
    this.#most = mostWaiting
  }

  /** False when too many wait already. */
  async enter(): Promise<boolean> {
    if (this.#free > 0) {
      this.#free--
      return true
    }
    if (this.#waiting.length >= this.#most) return false
    await new Promise<void>(resolve => this.#waiting.push(resolve))
    return true
  }

  leave(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#free++
  }
}

async function load(file: string): Promise<{ known: Page[]; takesAll: Page[] }> {
  try {
    const data = JSON.parse(await readFile(file, 'utf8'))
    if (data.version === 1 && Array.isArray(data.known) && Array.isArray(data.takesAll)) return data
  } catch {
    // None, or none that can be read: it is learnt anew.
  }
  return { known: [], takesAll: [] }
}
