/**
 * Header fields that the scan adds, and those that must not stay: marks that look like ours, written by
 * somebody else. A filter in front of a mailbox believes them.
 *
 * The content is never rewritten otherwise: bytes of fields that stay, and of the whole body, go through as
 * they came (a signature would break). Works on streams cut anywhere, and holds no more than a field's name.
 */
import type { RemovedField, Scanned } from './types.ts'

/** Fields that only we may have written. The spam marks are those that filters of mailboxes look for. */
export const OWN_FIELDS: readonly string[] = ['x-spam-flag', 'x-spam-status', 'x-restante-scan']

const CR = 0x0d
const LF = 0x0a
const SPACE = 0x20
const TAB = 0x09
const COLON = 0x3a
/** A longer name is none: a line has 998 characters (RFC 5322 §2.1.1). */
export const NAME_LIMIT = 1_000

/** What to leave out of a header. Chunks in, what stays of them out. */
export class FieldFilter {
  readonly #always: ReadonlySet<string>
  readonly #places: ReadonlyMap<string, ReadonlySet<number>>
  readonly #seen = new Map<string, number>()
  #state: 'start' | 'keep' | 'drop' | 'body' = 'start'
  /** Whether the field that a continuation line belongs to is dropped. */
  #dropping = false
  /** The start of a line that is still too short to know. */
  #held: Buffer = Buffer.alloc(0)

  constructor(remove: readonly RemovedField[], always: readonly string[] = OWN_FIELDS) {
    this.#always = new Set([
      ...always,
      ...remove.filter(f => f.index === 'all').map(f => f.name.toLowerCase()),
    ])
    const places = new Map<string, Set<number>>()
    for (const { name, index } of remove) {
      if (index === 'all') continue
      const key = name.toLowerCase()
      const set = places.get(key) ?? new Set()
      places.set(key, set.add(index))
    }
    this.#places = places
  }

  /** Whether the header is over: what comes now goes through as it is. */
  get over(): boolean {
    return this.#state === 'body'
  }

  push(chunk: Buffer): Buffer[] {
    if (this.#state === 'body') return [chunk]
    const bytes = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk
    this.#held = Buffer.alloc(0)
    const out: Buffer[] = []
    /** Start of the stretch that stays and has not gone out. */
    let kept = 0
    let at = 0
    while (at < bytes.length && this.#state !== 'body') {
      if (this.#state === 'start') {
        const fate = this.#judge(bytes, at)
        if (fate === 'unknown') {
          if (at > kept) out.push(bytes.subarray(kept, at))
          this.#held = Buffer.from(bytes.subarray(at))
          return out
        }
        if (fate === 'drop' && at > kept) out.push(bytes.subarray(kept, at))
        this.#state = fate
        if (fate === 'body') break
      }
      const lf = bytes.indexOf(LF, at)
      at = lf < 0 ? bytes.length : lf + 1
      if (this.#state === 'drop') kept = at
      if (lf >= 0) this.#state = 'start'
    }
    if (kept < bytes.length) out.push(bytes.subarray(kept))
    return out
  }

  /** What is still held when the content ends within its header. */
  end(): Buffer[] {
    const held = this.#held
    this.#held = Buffer.alloc(0)
    return held.length > 0 ? [held] : []
  }

  #judge(bytes: Buffer, at: number): 'keep' | 'drop' | 'body' | 'unknown' {
    const first = bytes[at]
    if (first === SPACE || first === TAB) return this.#dropping ? 'drop' : 'keep'
    if (first === LF) return 'body'
    if (first === CR) {
      if (at + 1 === bytes.length) return 'unknown'
      if (bytes[at + 1] === LF) return 'body'
    }
    const end = Math.min(bytes.length, at + NAME_LIMIT)
    for (let n = at; n < end; n++) {
      const byte = bytes[n]
      if (byte === COLON) {
        this.#dropping = this.#unwanted(bytes.toString('latin1', at, n).trimEnd().toLowerCase())
        return this.#dropping ? 'drop' : 'keep'
      }
      if (byte === LF) break
      if (n === bytes.length - 1 && n - at + 1 < NAME_LIMIT) return 'unknown'
    }
    // No field: an mbox line, or the body without a line before it.
    this.#dropping = false
    return 'keep'
  }

  #unwanted(name: string): boolean {
    if (this.#always.has(name)) return true
    const places = this.#places.get(name)
    if (!places) return false
    const seen = this.#seen.get(name) ?? 0
    this.#seen.set(name, seen + 1)
    return places.has(seen)
  }
}

/**
 * A message as it goes into the spool: `trace` (our Received field), the scan's fields, and the content
 * without what it must not have.
 */
export function scannedContent(
  content: Buffer,
  trace: string,
  scanned: Pick<Scanned, 'addFields' | 'removeFields'>,
): Buffer {
  const filter = new FieldFilter(scanned.removeFields)
  return Buffer.concat([
    Buffer.from(trace + scanned.addFields.join('')),
    ...filter.push(content),
    ...filter.end(),
  ])
}

/** The same for a content that is too large to be held. */
export async function* scannedStream(
  content: AsyncIterable<Buffer>,
  trace: string,
  scanned: Pick<Scanned, 'addFields' | 'removeFields'>,
): AsyncGenerator<Buffer> {
  const filter = new FieldFilter(scanned.removeFields)
  yield Buffer.from(trace + scanned.addFields.join(''))
  for await (const chunk of content) {
    if (filter.over) yield chunk
    else yield* filter.push(chunk)
  }
  yield* filter.end()
}

/**
 * A header field as one whole line with CRLF, or undefined when it can't be one: an engine's answer must not
 * begin a body or a field of its own.
 */
export function fieldLine(name: string, value: string): string | undefined {
  if (!/^[!-9;-~]{1,100}$/.test(name)) return undefined
  const lines = value
    .replace(/\r\n|\r/g, '\n')
    .split('\n')
    .map(line => line.replace(/[^\P{Cc}\t]/gu, '').trimEnd())
    .filter(line => line.trim() !== '')
  if (lines.length === 0 || value.length > 8_000) return undefined
  const folded = lines.map((line, n) => (n > 0 && !/^[ \t]/.test(line) ? `\t${line}` : line))
  return `${name}: ${folded.join('\r\n').trimStart()}\r\n`
}
