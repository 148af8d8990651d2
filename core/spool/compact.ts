/**
 * Compaction: takes off the disk what nobody needs any more, while mail comes and goes.
 *
 * Only closed segments are touched. What is still needed of one is copied into a new segment and made
 * durable, the database is told the new places in one transaction, the new segment is closed, and then the
 * old one is deleted. A crash leaves at each step the old segment, or the new one, or both; a copy that the
 * database doesn't point at is dropped by the next compaction.
 *
 * A message that the database does not know is never dropped, unless a note gives it up. Its segment is left
 * alone for a day; after that (ingest could not use it) it is carried along, into a segment that ingest reads
 * like any new one. A note is kept while its message stands anywhere.
 */
import type { Log } from '../observe/log.ts'
import { type OpenOptions, openWritableStore } from './open.ts'
import { LogReader } from './reader.ts'
import { type Draft, largeMessageDraft, messageDraft, noteDraft } from './record.ts'
import { reached } from './states.ts'
import type { SegmentBytes, WritableStore } from './store.ts'
import { judged, type Lookup, type SegmentSurvey, type Survey, shortHash, survey } from './survey.ts'
import type { Location } from './types.ts'
import { LogWriter, SEGMENT_SIZE } from './writer.ts'

export type Move = { messageId: string; from: Location; to: Location }

export type CompactOptions = Pick<
  OpenOptions,
  'url' | 'secretKey' | 'encrypt' | 'fs' | 'lease' | 'segmentSize'
> & {
  log: Log
  /** What the database knows of messages; those it has no row of are left out. */
  lookup: Lookup
  /**
   * Tells the database the new places, in one transaction: `moves` (only where the row still says `from`, or
   * a place that is gone), and that ingest need not read `segment` up to `position`.
   */
  relocate(moves: Move[], checkpoints: { segment: string; position: number }[]): Promise<void>
  /** Segments are gone, and messages of which no copy is left: their rows may go now. */
  gone?(segments: string[], messageIds: string[]): Promise<void>
  /** Share of a segment that must be dead before it is rewritten, 0 to 1; 0 (any) unless told. */
  minimumDead?: number
  /** Time between moving and deleting, in ms: for those who looked a place up just before. 5 s unless told. */
  pause?: number
  /** Segments younger than this, in ms, are left alone while the database knows not all of them. A day. */
  unreadAge?: number
  /** A large content that no record names is removed when it is older, in ms. A day unless told. */
  strayAge?: number
  signal?: AbortSignal
}

export type CompactResult = {
  /** Another process is at it: nothing was done. */
  busy: boolean
  segments: { seen: number; rewritten: number; deleted: number; notIngested: number }
  messages: { kept: number; dropped: number }
  bytes: { before: number; after: number }
  strayContents: number
  damaged: number
}

/** Bytes of segments that are rewritten before the first of them is deleted: the room that it takes. */
const GROUP = 4 * SEGMENT_SIZE
/** Records copied at once. */
const COPIES = 64
const DAY = 86_400_000
const PAUSE = 5000

export async function compactSpool(options: CompactOptions): Promise<CompactResult> {
  const result: CompactResult = {
    busy: false,
    segments: { seen: 0, rewritten: 0, deleted: 0, notIngested: 0 },
    messages: { kept: 0, dropped: 0 },
    bytes: { before: 0, after: 0 },
    strayContents: 0,
    damaged: 0,
  }
  const store = await openWritableStore({ ...options, writer: 'compact' })
  try {
    const only = await store.exclusive('compaction')
    if (!only) return { ...result, busy: true }
    try {
      await new Compaction(options, store, result).run()
      return result
    } finally {
      await only.release()
    }
  } finally {
    await store.close()
  }
}

class Compaction {
  readonly #options: CompactOptions
  readonly #store: WritableStore
  readonly #reader: LogReader
  readonly #result: CompactResult

  constructor(options: CompactOptions, store: WritableStore, result: CompactResult) {
    this.#options = options
    this.#store = store
    this.#reader = new LogReader(store, options.secretKey)
    this.#result = result
  }

  async run(): Promise<void> {
    const result = this.#result
    await this.#store.takeOver(this.#reader.inspect)
    const oldContents = await this.#oldContents()
    const found = await survey(this.#store, this.#reader, this.#options.lookup)
    const worth = found.segments.filter(segment => this.#isWorth(segment, found))
    result.segments.seen = found.segments.length
    result.segments.notIngested = found.segments.filter(({ closed, unknown }) => closed && unknown > 0).length
    for (const { size } of found.segments) result.bytes.before += size
    result.bytes.after = result.bytes.before
    for (let at = 0; at < worth.length; ) {
      let size = 0
      const group: SegmentSurvey[] = []
      while (at < worth.length && (group.length === 0 || size < GROUP)) {
        group.push(worth[at]!)
        size += worth[at]!.size
        at += 1
      }
      await this.#rewrite(group, found)
      if (this.#options.signal?.aborted) return
    }
    if (found.moved) return
    for (const id of oldContents) {
      if (found.largeUse.has(id)) continue
      await this.#store.removeLarge(id)
      result.strayContents += 1
    }
  }

  /** Listed before the survey, so that none is meant whose record came after it. */
  async #oldContents(): Promise<string[]> {
    const before = Date.now() - (this.#options.strayAge ?? DAY)
    const all = await this.#store.listLarge()
    return all.filter(({ modifiedAt }) => modifiedAt <= before).map(({ id }) => id)
  }

  #isWorth(segment: SegmentSurvey, found: Survey): boolean {
    if (!segment.closed || (segment.unknown > 0 && !this.#isOld(segment))) return false
    let dead = segment.dead
    for (const [about, length] of segment.notes) if (this.#isIdle(about, found)) dead += length
    return dead > 0 && dead / segment.size >= (this.#options.minimumDead ?? 0)
  }

  #isOld({ name }: SegmentSurvey): boolean {
    const [, day, hour] = /^(\d{8})T(\d{4})/.exec(name) ?? []
    const parts = day && hour && [day.slice(0, 4), day.slice(4, 6), day.slice(6)].join('-')
    const began = parts ? Date.parse(`${parts}T${hour!.slice(0, 2)}:${hour!.slice(2)}Z`) : Number.NaN
    return Date.now() - began > (this.#options.unreadAge ?? DAY)
  }

  /** Whether a note is about a message that stands nowhere any more. */
  #isIdle(about: number, found: Survey): boolean {
    return !found.moved && !found.present.has(about)
  }

  async #rewrite(group: SegmentSurvey[], found: Survey): Promise<void> {
    const writer = this.#writer(true)
    const unread = this.#writer(false)
    const ends = new Map<string, number>()
    const done: { segment: SegmentSurvey; dropped: { id: string; large?: string; removed: boolean }[] }[] = []
    try {
      for (const segment of group) {
        const copied = await this.#copy(segment, found, writer, unread, ends)
        if (!copied) continue
        reached('c1')
        await this.#options.relocate(
          copied.moves,
          [...ends].map(([name, position]) => ({ segment: name, position })),
        )
        reached('c2')
        done.push({ segment, dropped: copied.dropped })
        this.#result.messages.kept += copied.moves.length
      }
    } finally {
      // Seen by all before the first old one goes.
      await Promise.all([writer.close(), unread.close()])
    }
    for (const end of ends.values()) this.#result.bytes.after += end
    if (done.length === 0) return
    reached('c3')
    await new Promise(resolve => setTimeout(resolve, this.#options.pause ?? PAUSE))
    reached('c4')
    const gone: string[] = []
    for (const { segment, dropped } of done) {
      await this.#store.remove(segment.name)
      reached(11)
      this.#result.segments.rewritten += ends.size > 0 ? 1 : 0
      this.#result.segments.deleted += 1
      this.#result.bytes.after -= segment.size
      this.#result.messages.dropped += dropped.length
      for (const { id, large, removed } of dropped) {
        if (large) await this.#release(large, found)
        if (!removed) continue
        const left = (found.copies.get(id) ?? 1) - 1
        found.copies.set(id, left)
        if (left === 0) gone.push(id)
      }
    }
    await this.#options.gone?.(
      done.map(({ segment }) => segment.name),
      gone,
    )
  }

  #writer(hidden: boolean): LogWriter {
    const { secretKey, encrypt, segmentSize, log } = this.#options
    return new LogWriter({
      store: this.#store,
      secretKey,
      encrypt,
      segmentSize,
      compress: true,
      hidden,
      // The two write at the same time: their segments must not have the same name.
      firstNumber: hidden ? 1 : 500_000,
      onFailure: (segment, error) => log.error({ event: 'spool.compact-failed', segment, error }),
    })
  }

  async #release(large: string, found: Survey): Promise<void> {
    const left = (found.largeUse.get(large) ?? 1) - 1
    found.largeUse.set(large, left)
    // Segments that moved meanwhile may hold a copy: then the sweep of stray contents does it another day.
    if (left === 0 && !found.moved) await this.#store.removeLarge(large)
  }

  /** Copies what is needed of one segment. undefined: it is gone. */
  async #copy(
    segment: SegmentSurvey,
    found: Survey,
    writer: LogWriter,
    unread: LogWriter,
    ends: Map<string, number>,
  ) {
    const bytes = await this.#store.open(segment.name)
    if (!bytes) return undefined
    const moves: Move[] = []
    const dropped: { id: string; large?: string; removed: boolean }[] = []
    let copies: Promise<void>[] = []
    const copy = (draft: Draft, from?: { messageId: string; from: Location }) => {
      const added = writer.add(draft).then(({ location, length }) => {
        const end = location.position + length
        ends.set(location.segment, Math.max(ends.get(location.segment) ?? 0, end))
        if (from) moves.push({ ...from, to: location })
      })
      added.catch(() => {})
      copies.push(added)
    }
    try {
      const scan = this.#reader.scanBytes(segment.name, bytes, 0)
      for await (const items of judged(scan, this.#reader, this.#options.lookup)) {
        for (const item of items) {
          if (copies.length >= COPIES) {
            await Promise.all(copies)
            copies = []
          }
          if (item.type === 'damage') {
            await this.#setAside(item.location, item.next, bytes)
          } else if (item.type === 'note') {
            if (!this.#isIdle(shortHash(item.note.messageId), found)) copy(noteDraft(item.note))
          } else {
            const { message, verdict } = item
            const { envelope, location, large, size } = message
            const isGivenUp = verdict === 'unknown' && found.givenUp.has(envelope.id)
            if (verdict === 'removed' || verdict === 'superseded' || isGivenUp) {
              dropped.push({ id: envelope.id, large, removed: verdict !== 'superseded' })
              continue
            }
            const draft = large
              ? largeMessageDraft(envelope, large, size)
              : messageDraft(envelope, await this.#content(location))
            if (verdict === 'keep') copy(draft, { messageId: envelope.id, from: location })
            else await unread.add(draft)
          }
        }
      }
      return { moves, dropped }
    } finally {
      await Promise.all(copies)
      await bytes.close()
    }
  }

  async #content(location: Location): Promise<Buffer> {
    const { content } = await this.#reader.read(location)
    const chunks: Buffer[] = []
    for await (const chunk of content) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks)
  }

  async #setAside({ segment, position }: Location, next: number, bytes: SegmentBytes): Promise<void> {
    this.#result.damaged += 1
    this.#options.log.error({ event: 'spool.damage-set-aside', segment, position, bytes: next - position })
    await this.#store.setAside(`${segment}-${position}`, await bytes.read(position, next - position))
  }
}
