/**
 * What stands in the spool now: the first half of a compaction. Reads every segment once, the ends of open
 * ones included, and asks for each message what the database knows of it.
 */
import { createHash } from 'node:crypto'
import type { LogReader } from './reader.ts'
import type { SegmentBytes, WritableStore } from './store.ts'
import { type Location, type Scanned, type ScannedMessage, SpoolError } from './types.ts'

/** What the database knows of a message: where it reads it from, and whether its content was given up. */
export type KnownMessage = { location: Location; removed: boolean }
export type Lookup = (messageIds: string[]) => Promise<Map<string, KnownMessage>>

/** Messages asked for at once. */
const BATCH = 500

/**
 * keep: the database reads it from here, or from a place where it no longer is. removed: its content was
 * given up. superseded: the same message stands where the database reads it. unknown: no row (yet).
 */
export type Verdict = 'keep' | 'removed' | 'superseded' | 'unknown'
export type Judged = { message: ScannedMessage; verdict: Verdict }

export type SegmentSurvey = {
  name: string
  size: number
  closed: boolean
  messages: number
  /** Messages that the database has no row of and that no note gives up. */
  unknown: number
  /** Bytes of records that nobody needs. */
  dead: number
  /** Notes, by the message they are about: bytes. */
  notes: Map<number, number>
}

export type Survey = {
  segments: SegmentSurvey[]
  /** Hashes of the ids of all messages that are there. A false hit only keeps a note. */
  present: Set<number>
  /** How many records name a large content. */
  largeUse: Map<string, number>
  /** How many records there are of a message that was given up. */
  copies: Map<string, number>
  /** Messages that a note gives up: a rebuilt database has no rows of them. */
  givenUp: Set<string>
  /** A segment went away while we looked: what seems to be nowhere may have moved. */
  moved: boolean
}

/** 48 bits of an id: a set of numbers takes a fifth of a set of ids. */
export function shortHash(id: string): number {
  return createHash('sha256').update(id).digest().readUIntLE(0, 6)
}

export async function survey(store: WritableStore, reader: LogReader, lookup: Lookup): Promise<Survey> {
  const found: Survey = {
    segments: [],
    present: new Set(),
    largeUse: new Map(),
    copies: new Map(),
    givenUp: new Set(),
    moved: false,
  }
  const rowless: Rowless[] = []
  for (const { name } of await store.list()) {
    const bytes = await store.openWhole(name)
    if (!bytes) {
      found.moved = true
      continue
    }
    try {
      found.segments.push(await surveySegment(name, bytes, reader, lookup, found, rowless))
    } catch (error) {
      if (!(error instanceof SpoolError && error.code === 'missing')) throw error
      found.moved = true
    } finally {
      await bytes.close()
    }
  }
  // Only now: a note can stand in a later segment than its message.
  for (const { segment, id, length } of rowless) {
    if (found.givenUp.has(id)) {
      segment.dead += length
      found.copies.set(id, (found.copies.get(id) ?? 0) + 1)
    } else segment.unknown += 1
  }
  return found
}

type Rowless = { segment: SegmentSurvey; id: string; length: number }

async function surveySegment(
  name: string,
  bytes: SegmentBytes,
  reader: LogReader,
  lookup: Lookup,
  found: Survey,
  rowless: Rowless[],
): Promise<SegmentSurvey> {
  const segment: SegmentSurvey = {
    name,
    size: bytes.end,
    closed: bytes.closed,
    messages: 0,
    unknown: 0,
    dead: 0,
    notes: new Map(),
  }
  for await (const items of judged(reader.scanBytes(name, bytes, 0), reader, lookup)) {
    for (const item of items) {
      if (item.type === 'note') {
        const about = shortHash(item.note.messageId)
        const length = item.next - item.location.position
        segment.notes.set(about, (segment.notes.get(about) ?? 0) + length)
        if (item.note.kind === 'removed') found.givenUp.add(item.note.messageId)
      } else if (item.type === 'judged') {
        const { message, verdict } = item
        const id = message.envelope.id
        segment.messages += 1
        found.present.add(shortHash(id))
        if (message.large) found.largeUse.set(message.large, (found.largeUse.get(message.large) ?? 0) + 1)
        const length = message.next - message.location.position
        if (verdict === 'unknown') rowless.push({ segment, id, length })
        if (verdict === 'removed') found.copies.set(id, (found.copies.get(id) ?? 0) + 1)
        if (verdict === 'removed' || verdict === 'superseded') segment.dead += length
      }
    }
  }
  return segment
}

export type JudgedItem = ({ type: 'judged' } & Judged) | Exclude<Scanned, ScannedMessage>

/** The records of a scan in their order, some at a time, each message with its verdict. */
export async function* judged(
  scan: AsyncIterable<Scanned>,
  reader: LogReader,
  lookup: Lookup,
): AsyncGenerator<JudgedItem[]> {
  let batch: Scanned[] = []
  for await (const item of scan) {
    batch.push(item)
    if (batch.length < BATCH) continue
    yield await judgeBatch(batch, reader, lookup)
    batch = []
  }
  if (batch.length > 0) yield await judgeBatch(batch, reader, lookup)
}

async function judgeBatch(batch: Scanned[], reader: LogReader, lookup: Lookup): Promise<JudgedItem[]> {
  const ids = batch.flatMap(item => (item.type === 'message' ? [item.envelope.id] : []))
  const known = ids.length > 0 ? await lookup(ids) : new Map<string, KnownMessage>()
  const items: JudgedItem[] = []
  for (const item of batch) {
    if (item.type !== 'message') items.push(item)
    else {
      const verdict = await judge(item, known.get(item.envelope.id), reader)
      items.push({ type: 'judged', message: item, verdict })
    }
  }
  return items
}

async function judge(
  message: ScannedMessage,
  known: KnownMessage | undefined,
  reader: LogReader,
): Promise<Verdict> {
  if (!known) return 'unknown'
  if (known.removed) return 'removed'
  const { segment, position } = known.location
  if (segment === message.location.segment && position === message.location.position) return 'keep'
  // A database that was set back may name a place that is no more: then this copy is the one.
  return (await reader.holds(known.location, message.envelope.id)) ? 'superseded' : 'keep'
}
