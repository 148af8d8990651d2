/**
 * The consumer of the spool: reads each segment from its checkpoint and turns records into rows and jobs.
 *
 * A batch's rows and its checkpoint are one transaction, jobs are added after it: a crash anywhere loses
 * nothing and doubles nothing (the reconciler adds jobs that are missing). While PostgreSQL or the spool is
 * away it waits and tries again. A record that can't be used is set aside, with its reason, and never blocks
 * those behind it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '../db/connection.ts'
import { inTransaction, isAboutData } from '../db/transaction.ts'
import { emptySummary } from '../mail/summary.ts'
import type { Log } from '../observe/log.ts'
import { counter, gauge } from '../observe/metrics.ts'
import type { Begun, Takers } from '../queue/attempts.ts'
import type { Queues } from '../queue/queues.ts'
import { reached } from '../spool/states.ts'
import { type Scanned, SpoolError, type SpoolReader } from '../spool/types.ts'
import { CheckpointMoved, markCaughtUp, moveCheckpoint, readCheckpoints } from './checkpoint.ts'
import { insertMessages } from './insert.ts'
import { collectNotes, type Notes, noNotes, withNotes } from './notes.ts'
import { planAt, type Router } from './plan.ts'
import { prepare } from './prepare.ts'
import type { Prepared } from './rows.ts'

export type Ingest = {
  /** Ends after the batch at hand. */
  close(): Promise<void>
  /** There may be something new. */
  nudge(): void
  lag(): IngestLag
}
export type IngestLag = {
  /** Milliseconds since everything in the spool was known to be ingested; 0 when it is now. */
  behind: number
  /** Records set aside by this process. */
  setAside: number
  /** Why it does not get on, if it doesn't. */
  fault?: string
}

export type IngestOptions = {
  db: Db
  reader: SpoolReader
  directory: () => Router
  queues: Pick<Queues, 'enqueue'>
  /** Who takes new mail at once; absent: all of it gets jobs. */
  takers?: Takers
  log: Log
  now?: () => Date
}

const ingested = counter('ingested_messages_total', 'Messages turned into rows.')
const setAsideTotal = counter('ingest_set_aside_total', 'Records of the spool that could not be used.', [
  'reason',
])
const behindSeconds = gauge('ingest_behind_seconds', 'How long ingest has been behind the spool, in seconds.')

/** Records in one transaction. */
const BATCH = 200
/** A batch is committed after this long, in ms, however few its records. */
const BATCH_TIME = 50
/**
 * While mail comes in, a look begins this long after the one before, in ms: a transaction costs as much as many rows.
 * What comes after a rest is taken at once.
 */
const GATHER = 20
/** The same while much comes in: from so many records in a look. */
const BUSY = { records: 20, gather: 60 } as const
/** Batches of one segment before the others get their turn. */
const TURN = 10
/** Look even without a hint, in ms. */
const IDLE = 1_000
/** Wait after a failure, in ms. */
const RETRY = { first: 100, longest: 5_000 } as const
/** How often a record whose content can't be read is tried before it goes on without its summary. */
const READ_TRIES = 10

/** Starts at once and goes on until closed. */
export function startIngest(options: IngestOptions): Ingest {
  const { reader, log } = options
  const now = options.now ?? (() => new Date())
  let closed = false
  let wake = () => {}
  let hinted = false
  let caughtUpAt = now().getTime()
  let caughtUp = false
  let fault: string | undefined
  const consumer = new Consumer(options, now)

  const nudge = () => {
    hinted = true
    wake()
  }
  const watch = reader.watch(nudge)
  const pause = (milliseconds: number) =>
    new Promise<void>(resolve => {
      const timer = setTimeout(resolve, milliseconds)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
      if (hinted || closed) wake()
    })

  async function run(): Promise<void> {
    let wait: number = RETRY.first
    while (!closed) {
      hinted = false
      try {
        const began = performance.now()
        const read = await consumer.pass(() => closed)
        if (fault) log.info({ event: 'ingest.resumed' })
        fault = undefined
        wait = RETRY.first
        caughtUp = read === 0
        if (caughtUp) caughtUpAt = now().getTime()
        if (caughtUp) await pause(IDLE)
        else if (read < BATCH && !closed) {
          const gather = read < BUSY.records ? GATHER : BUSY.gather
          await sleep(Math.max(0, gather - (performance.now() - began)))
        }
      } catch (error) {
        if (error instanceof CheckpointMoved) {
          // A second worker, or a compaction, was there first: nothing is wrong.
          consumer.forget()
          await pause(RETRY.first)
          continue
        }
        if (!fault) log.warn({ event: 'ingest.interrupted', error })
        fault = error instanceof Error ? error.message : String(error)
        caughtUp = false
        consumer.forget()
        hinted = false
        await pause(wait)
        wait = Math.min(wait * 2, RETRY.longest)
      }
      behindSeconds.set((now().getTime() - caughtUpAt) / 1_000)
    }
  }
  const done = run()

  return {
    nudge,
    lag: () => ({
      behind: caughtUp ? 0 : now().getTime() - caughtUpAt,
      setAside: consumer.setAside,
      ...(fault !== undefined && { fault }),
    }),
    async close() {
      closed = true
      watch.close()
      wake()
      await done
    },
  }
}

/** Reads on until nothing is left, then returns. For a rebuild and for tests. */
export async function ingestAll(options: IngestOptions): Promise<{ messages: number; setAside: number }> {
  const consumer = new Consumer(options, options.now ?? (() => new Date()))
  for (;;) {
    try {
      if ((await consumer.pass(() => false)) === 0) break
    } catch (error) {
      // Somebody else ingests the same log: read on from where they are.
      if (!(error instanceof CheckpointMoved)) throw error
      consumer.forget()
    }
  }
  return { messages: consumer.messages, setAside: consumer.setAside }
}

type Position = { segment: string; from: number | undefined; next: number }

class Consumer {
  messages = 0
  setAside = 0
  #options: IngestOptions
  #now: () => Date
  #positions: Map<string, number> | undefined
  #notes: Notes = noNotes
  /** Closed segments of which nothing is left. */
  #finished = new Set<string>()
  #marked = false
  #unreadable = new Map<string, number>()
  /** Begun with rows of which nobody said whether they were committed. */
  #inDoubt: Begun[] = []

  constructor(options: IngestOptions, now: () => Date) {
    this.#options = options
    this.#now = now
  }

  /** The database may not be what it was: begin with its checkpoints again. */
  forget(): void {
    this.#positions = undefined
  }

  /** Gives every segment its turn. @returns how many records there were */
  async pass(stopped: () => boolean): Promise<number> {
    const { db, reader } = this.#options
    if (!this.#positions) {
      const { positions, caughtUp } = await readCheckpoints(db)
      this.#notes = await collectNotes(reader, caughtUp)
      this.#finished.clear()
      this.#marked = false
      this.#positions = positions
      await this.#endDoubts()
    }
    let found = 0
    for (const segment of await reader.segments()) {
      if (stopped()) return found
      if (this.#finished.has(segment.name)) continue
      const read = await this.#segment(segment.name, stopped)
      found += read
      if (read > 0) continue
      if (segment.closed) this.#finished.add(segment.name)
    }
    if (found > 0) this.#marked = false
    else if (!this.#marked) {
      // From here on the rows are ahead of the notes.
      this.#notes = noNotes
      await markCaughtUp(db)
      this.#marked = true
    }
    return found
  }

  /** The connection was lost during a commit: what is there after all goes on as it would have. */
  async #endDoubts(): Promise<void> {
    if (this.#inDoubt.length === 0) return
    const ids = this.#inDoubt.map(one => one.deliveryId)
    const rows = await this.#options.db
      .selectFrom('delivery')
      .select('id')
      .where('id', 'in', ids)
      .where('attempts', '=', 1)
      .where('leased_until', 'is not', null)
      .execute()
    const there = new Set(rows.map(row => row.id))
    const begun = this.#inDoubt.filter(one => there.has(one.deliveryId))
    this.#inDoubt = []
    if (begun.length > 0) this.#options.takers?.take(begun)
  }

  async #segment(segment: string, stopped: () => boolean): Promise<number> {
    let records: Scanned[] = []
    let read = 0
    let turns = 0
    let began = performance.now()
    const from = this.#positions!.get(segment) ?? 0
    for await (const record of this.#options.reader.scan(segment, from)) {
      records.push(record)
      read++
      if (records.length < BATCH && performance.now() - began < BATCH_TIME) continue
      await this.#batch(segment, records)
      records = []
      if (stopped() || ++turns >= TURN) return read
      began = performance.now()
    }
    if (records.length > 0) await this.#batch(segment, records)
    return read
  }

  async #batch(segment: string, records: readonly Scanned[]): Promise<void> {
    const positions = this.#positions!
    const prepared: Prepared[] = []
    for (const record of records) {
      const one = await this.#prepare(record)
      if (one) prepared.push(one)
    }
    const move = { segment, from: positions.get(segment), next: records.at(-1)!.next }
    try {
      await this.#commit(prepared, move)
    } catch (error) {
      if (error instanceof CheckpointMoved || !isAboutData(error)) throw error
      this.#options.log.warn({ event: 'ingest.batch-refused', segment, records: records.length, error })
      await this.#oneByOne(prepared, move)
    }
    positions.set(segment, move.next)
  }

  /** Null for what makes no rows: a note, damage, content that is lost. */
  async #prepare(record: Scanned): Promise<Prepared | null> {
    const { directory, reader } = this.#options
    switch (record.type) {
      case 'note':
        return null
      case 'damage':
        await this.#put(record, null, 'damage', record.reason)
        return null
      case 'message': {
        const { location, size, content } = record
        if (this.#notes.removed.has(record.envelope.id)) return null
        const envelope = withNotes(record.envelope, this.#notes)
        try {
          return await prepare(reader, { envelope, location, size, content }, directory(), this.#now())
        } catch (error) {
          if (error instanceof SpoolError && (error.code === 'damaged' || error.code === 'missing')) {
            await this.#put(record, envelope.id, error.code, error.message)
            return null
          }
          const tries = (this.#unreadable.get(envelope.id) ?? 0) + 1
          this.#unreadable.set(envelope.id, tries)
          if (tries < READ_TRIES) throw error
          // Its delivery can still succeed when the disk has thought better of it.
          this.#unreadable.delete(envelope.id)
          this.#options.log.error({ event: 'ingest.unreadable', message: envelope.id, error })
          return { location, size, summary: null, ...planAt(envelope, directory(), this.#now()) }
        }
      }
      default:
        return record satisfies never
    }
  }

  async #commit(prepared: readonly Prepared[], move: Position | null): Promise<void> {
    const { db, queues, takers } = this.#options
    let begunNow: readonly Begun[] = []
    const { messages, queued, begun } = await inTransaction(db, async tx => {
      const inserted = await insertMessages(tx, prepared, this.#now(), this.#notes, takers)
      if (move) await moveCheckpoint(tx, move.segment, move.from, move.next)
      begunNow = inserted.begun
      return inserted
    }).catch(error => {
      if (!isAboutData(error)) this.#inDoubt.push(...begunNow)
      throw error
    })
    if (messages > 0) reached(4)
    this.messages += messages
    ingested.inc(messages)
    if (begun.length > 0) takers?.take(begun)
    if (queued.length > 0) {
      await queues.enqueue(queued)
      reached(5)
    }
  }

  /** The database refused something of the batch: find out what, and go on without it. */
  async #oneByOne(prepared: readonly Prepared[], move: Position): Promise<void> {
    for (const one of prepared) {
      try {
        await this.#commit([one], null)
      } catch (error) {
        if (!isAboutData(error)) throw error
        try {
          // What it says may be too strange; that it came is not.
          await this.#commit([{ ...one, summary: emptySummary() }], null)
        } catch (second) {
          if (!isAboutData(second)) throw second
          await this.#put(one, one.envelope.id, 'refused', String(second))
        }
      }
    }
    await this.#commit([], move)
  }

  async #put(
    record: { location: { segment: string; position: number } },
    messageId: string | null,
    kind: 'damage' | 'damaged' | 'missing' | 'refused',
    reason: string,
  ): Promise<void> {
    const { segment, position } = record.location
    const result = await this.#options.db
      .insertInto('set_aside')
      .values({ segment, position, message_id: messageId, reason: `${kind}: ${reason}`.slice(0, 1_000) })
      .onConflict(conflict => conflict.doNothing())
      .executeTakeFirst()
    if (result.numInsertedOrUpdatedRows !== 1n) return
    this.setAside++
    setAsideTotal.inc({ reason: kind })
    this.#options.log.error({
      event: 'ingest.set-aside',
      segment,
      position,
      message: messageId,
      reason,
      kind,
    })
  }
}
