/**
 * Walks a message's parts as its octets come (RFC 2046), for programs that look for danger.
 *
 * core/mail/structure.ts shows a message; this one distrusts it. Where programs read a message in different ways
 * (two boundaries, a boundary that begins like another, parts after the closing one), it takes the reading that
 * opens more parts, and says so. It holds one line and the open parts' boundaries, so its memory does not grow
 * with the message; the same octets give the same events however they are cut into chunks.
 */
import { type ContentFields, LONGEST_BOUNDARY, type RawField, readContentFields } from './fields.ts'

export type WalkEvent =
  /** A part that holds content begins. What stands beside parts (preamble, epilogue) is one with `aside`. */
  | { type: 'open'; part: LeafPart }
  | { type: 'data'; chunk: Buffer }
  | { type: 'close' }
  /** A part that holds parts has a name all the same. */
  | { type: 'named'; part: LeafPart }
  /** Programs read this message in different ways. */
  | { type: 'ambiguous' }
  /** More parts, depth or header than is looked at: what follows is not. */
  | { type: 'limit'; which: 'parts' | 'depth' | 'header' }

export type LeafPart = ContentFields & {
  /** Of the first Content-Type; text/plain when there is none (RFC 2045 §5.2). */
  type: string
  aside: boolean
  /** A message in a transfer encoding, to be walked by its own once decoded. */
  encodedMessage: boolean
  /** How deep it lies; 0 for the message itself. */
  depth: number
}

export type WalkLimits = { parts: number; depth: number; header: number }
/** Ten thousand parts, and what stands around them. */
export const WALK_LIMITS: WalkLimits = { parts: 12_000, depth: 100, header: 1024 * 1024 }

type Frame = {
  boundaries: string[]
  /** Its boundary is not known: the first line that looks like one is. */
  guess: boolean
  closed: boolean
  digest: boolean
  /** Messages that were open when it began. */
  messages: number
}

const LF = 0x0a
const DASH = 0x2d
const EMPTY = Buffer.alloc(0)
/** As much of a line as can tell a boundary: dashes, boundary, dashes, white space. */
const BOUNDARY_LINE = LONGEST_BOUNDARY + 56
const LONGEST_FIELD = 64 * 1024
const MOST_FIELDS = 40
/** Lines that begin like a boundary and are none: beyond these, only whole matches are looked for; */
const MOST_PREFIXES = 100_000
/** beyond these, it is no message that anybody wrote. */
const MOST_NEAR_MISSES = 1_000_000
const WANTED = /^(content-(?:type|disposition|transfer-encoding))[ \t]*:/i

export class MimeWalker {
  readonly #limits: WalkLimits
  readonly #depthBefore: number
  #frames: Frame[] = []
  /** Which octets a boundary can begin with, after its dashes. */
  #firsts = new Uint8Array(256)
  #byBoundary = new Map<string, number>()
  #state: 'head' | 'body' | 'ignore' = 'head'
  #rest: Buffer = EMPTY
  #lineStart = true
  #openLeaf = false
  #parts = 0
  #asides = 0
  #messages = 0
  #nearMisses = 0
  #head = new HeadLines()
  #events: WalkEvent[] = []
  #said = new Set<string>()

  /** @param depthBefore how deep the message itself lies in others */
  constructor(limits: WalkLimits = WALK_LIMITS, depthBefore = 0) {
    this.#limits = limits
    this.#depthBefore = depthBefore
  }

  /** Parts opened until now. */
  get parts(): number {
    return this.#parts
  }

  /** What these octets make happen. The chunks given out are views of this one. */
  push(chunk: Buffer): WalkEvent[] {
    let input = this.#rest.length ? Buffer.concat([this.#rest, chunk]) : chunk
    this.#rest = EMPTY
    while (input.length && this.#state !== 'ignore') {
      const used = this.#state === 'head' ? this.#readHead(input, false) : this.#readBody(input, false)
      if (used === 0) break
      input = input.subarray(used)
    }
    // Copied: the chunk's memory may be used again by whoever gave it.
    if (this.#state !== 'ignore' && input.length) this.#rest = Buffer.from(input)
    return this.#takeEvents()
  }

  end(): WalkEvent[] {
    let input = this.#rest
    this.#rest = EMPTY
    while (input.length && this.#state !== 'ignore') {
      const used = this.#state === 'head' ? this.#readHead(input, true) : this.#readBody(input, true)
      if (used === 0) break
      input = input.subarray(used)
    }
    if (this.#state === 'head') this.#finishHead()
    this.#closeLeaf()
    return this.#takeEvents()
  }

  #takeEvents(): WalkEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }

  #readHead(input: Buffer, last: boolean): number {
    if (!this.#head.midLine) {
      const used = this.#boundaryAt(input, last)
      if (used !== undefined) return used
    }
    const newline = input.indexOf(LF)
    if (newline < 0 && !last) {
      if (input.length < LONGEST_FIELD) return 0
      this.#addToHead(input, false)
      return input.length
    }
    const end = newline < 0 ? input.length : newline
    const line = input.subarray(0, end)
    const blank = !this.#head.midLine && (line.length === 0 || (line.length === 1 && line[0] === 0x0d))
    if (blank) this.#finishHead()
    else this.#addToHead(line, true)
    return newline < 0 ? end : newline + 1
  }

  #addToHead(piece: Buffer, ends: boolean): void {
    this.#head.add(piece, ends)
    if (this.#head.size > this.#limits.header) this.#say({ type: 'limit', which: 'header' })
  }

  #readBody(input: Buffer, last: boolean): number {
    if (this.#frames.length === 0) {
      this.#data(input)
      return input.length
    }
    if (this.#lineStart) {
      const used = this.#boundaryAt(input, last)
      if (used !== undefined) return used
    }
    const next = this.#nextCandidate(input)
    if (next >= 0) {
      this.#data(input.subarray(0, next + 1))
      this.#lineStart = true
      return next + 1
    }
    this.#data(input)
    this.#lineStart = input[input.length - 1] === LF
    return input.length
  }

  /** Where a line ends whose next one may be a boundary, or may turn out to be with the next chunk; -1 for none. */
  #nextCandidate(input: Buffer): number {
    const guess = this.#frames.at(-1)?.guess
    let next = input.indexOf('\n-', 0, 'latin1')
    while (next >= 0) {
      if (next + 2 >= input.length) return next
      if (input[next + 2] === DASH) {
        if (guess || next + 3 >= input.length || this.#firsts[input[next + 3]!]) return next
      }
      next = input.indexOf('\n-', next + 1, 'latin1')
    }
    return -1
  }

  /** At a line's start: octets of the boundary line that stands here and is now done; 0 to wait for more of it. */
  #boundaryAt(input: Buffer, last: boolean): number | undefined {
    if (input[0] !== DASH || this.#frames.length === 0) return undefined
    if (input.length === 1 && !last) return 0
    if (input[1] !== DASH) return undefined
    const newline = input.subarray(0, BOUNDARY_LINE + 1).indexOf(LF)
    if (newline < 0 && input.length <= BOUNDARY_LINE && !last) return 0
    const end = newline < 0 ? input.length : newline
    const cut = end > BOUNDARY_LINE
    if (!this.#atBoundary(input.subarray(0, Math.min(end, BOUNDARY_LINE)), cut)) return undefined
    // What comes after the start of an endless boundary line is read as the part's header.
    if (cut) return BOUNDARY_LINE
    return newline < 0 ? end : newline + 1
  }

  /** Whether this line (without its end) is a boundary; if so, what it opens or closes is done. */
  #atBoundary(line: Buffer, cut: boolean): boolean {
    if (!this.#firsts[line[2] ?? 0] && !this.#frames.at(-1)?.guess) return false
    const text = line.toString('latin1')
    const whole = text.trimEnd().slice(2)
    if (!cut) {
      const open = this.#byBoundary.get(whole)
      if (open !== undefined) return this.#enter(open, false)
      const close = whole.endsWith('--') ? this.#byBoundary.get(whole.slice(0, -2)) : undefined
      if (close !== undefined) return this.#enter(close, true)
    }
    const inner = this.#frames.at(-1)!
    if (inner.guess && /^[\w'()+,./:=?-]{1,200}$/.test(whole)) {
      inner.guess = false
      inner.boundaries.push(whole)
      this.#say({ type: 'ambiguous' })
      this.#index()
      return this.#enter(this.#frames.length - 1, false)
    }
    this.#nearMisses++
    if (this.#nearMisses > MOST_NEAR_MISSES) {
      this.#giveUp('parts')
      return true
    }
    if (this.#nearMisses > MOST_PREFIXES) return false
    // RFC 2046 §5.1.1 wants a line that only begins with a boundary to be one; not all programs do it.
    const rest = text.slice(2)
    for (let at = this.#frames.length - 1; at >= 0; at--) {
      if (!this.#frames[at]!.boundaries.some(boundary => rest.startsWith(boundary))) continue
      this.#say({ type: 'ambiguous' })
      return this.#enter(at, false)
    }
    return false
  }

  #enter(at: number, closes: boolean): true {
    this.#closeLeaf()
    if (this.#state === 'head') this.#finishHead(true)
    if (this.#frames.length > at + 1) {
      this.#frames.length = at + 1
      this.#index()
    }
    const frame = this.#frames[at]!
    this.#messages = frame.messages
    this.#lineStart = true
    if (closes) {
      frame.closed = true
      this.#state = 'body'
      this.#openAside()
      return true
    }
    // A part after the closing boundary: some programs show it.
    if (frame.closed) this.#say({ type: 'ambiguous' })
    this.#state = 'head'
    this.#head = new HeadLines()
    return true
  }

  /** @param cutShort a boundary came before the header's end */
  #finishHead(cutShort = false): void {
    const fields = readContentFields(this.#head.fields())
    this.#head = new HeadLines()
    this.#lineStart = true
    this.#state = 'body'
    this.#parts++
    if (this.#parts > this.#limits.parts) {
      this.#giveUp('parts')
      return
    }
    if (fields.ambiguous) this.#say({ type: 'ambiguous' })
    const depth = this.#depthBefore + this.#frames.length + this.#messages
    const parent = this.#frames.at(-1)
    const type = fields.types[0] ?? (parent?.digest ? 'message/rfc822' : 'text/plain')
    const part: LeafPart = { ...fields, type, aside: false, encodedMessage: false, depth }
    const all = fields.types.length ? fields.types : [type]
    const multipart = all.some(one => one.startsWith('multipart/'))
    const message = all.some(one => MESSAGE_TYPES.has(one))
    const encoded = fields.encodings.some(one => !PLAIN_ENCODINGS.has(one))
    if ((multipart || message || fields.boundaries.length) && depth >= this.#limits.depth) {
      this.#giveUp('depth')
      return
    }
    if (fields.boundaries.length || multipart) {
      this.#frames.push({
        boundaries: fields.boundaries,
        guess: fields.boundaries.length === 0,
        closed: false,
        digest: all.includes('multipart/digest'),
        messages: this.#messages,
      })
      this.#index()
    }
    if (message && !encoded && !multipart && !cutShort) {
      if (fields.names.length) this.#events.push({ type: 'named', part })
      this.#messages++
      this.#state = 'head'
      return
    }
    if (multipart) {
      if (fields.names.length) this.#events.push({ type: 'named', part })
      if (encoded) this.#say({ type: 'ambiguous' })
    }
    part.encodedMessage = message && encoded
    part.aside = multipart && !encoded
    if (part.aside) part.type = 'text/plain'
    this.#open(part)
    if (cutShort) this.#closeLeaf()
  }

  #openAside(): void {
    this.#asides++
    if (this.#asides > this.#limits.parts) {
      this.#giveUp('parts')
      return
    }
    const depth = this.#depthBefore + this.#frames.length + this.#messages
    this.#open({ ...NO_FIELDS, type: 'text/plain', aside: true, encodedMessage: false, depth })
  }

  #open(part: LeafPart): void {
    this.#openLeaf = true
    this.#events.push({ type: 'open', part })
  }

  /** Pieces that lie side by side go out as one: lines that look like boundaries would make one each. */
  #data(chunk: Buffer): void {
    if (!this.#openLeaf || chunk.length === 0) return
    const last = this.#events.at(-1)
    if (last?.type === 'data') {
      const { buffer, byteOffset, length } = last.chunk
      if (buffer === chunk.buffer && byteOffset + length === chunk.byteOffset) {
        last.chunk = Buffer.from(buffer as ArrayBuffer, byteOffset, length + chunk.length)
        return
      }
    }
    this.#events.push({ type: 'data', chunk })
  }

  #closeLeaf(): void {
    if (this.#openLeaf) this.#events.push({ type: 'close' })
    this.#openLeaf = false
  }

  #giveUp(which: 'parts' | 'depth'): void {
    this.#closeLeaf()
    this.#say({ type: 'limit', which })
    this.#state = 'ignore'
  }

  #say(event: Extract<WalkEvent, { type: 'ambiguous' | 'limit' }>): void {
    const key = event.type === 'limit' ? event.which : event.type
    if (this.#said.has(key)) return
    this.#said.add(key)
    this.#events.push(event)
  }

  #index(): void {
    this.#firsts.fill(0)
    this.#byBoundary.clear()
    for (const [at, frame] of this.#frames.entries()) {
      for (const boundary of frame.boundaries) {
        this.#firsts[boundary.charCodeAt(0) & 0xff] = 1
        // The innermost wins; one used twice means different parts to different programs.
        if (this.#byBoundary.has(boundary)) this.#say({ type: 'ambiguous' })
        this.#byBoundary.set(boundary, at)
      }
    }
  }
}

const MESSAGE_TYPES = new Set(['message/rfc822', 'message/global', 'message/news'])
const PLAIN_ENCODINGS = new Set(['', '7bit', '8bit', 'binary'])
const NO_FIELDS: ContentFields = {
  types: [],
  dispositions: [],
  encodings: [],
  boundaries: [],
  names: [],
  ambiguous: false,
}

/** The Content-* fields of a header block; nothing else of it is kept. */
class HeadLines {
  /** Octets of the block until now. */
  size = 0
  /** In a line whose end has not come. */
  midLine = false
  #fields: RawField[] = []
  #wanted = false

  add(piece: Buffer, ends: boolean): void {
    this.size += piece.length + (ends ? 1 : 0)
    const begins = !this.midLine
    this.midLine = !ends
    if (begins && piece[0] !== 0x20 && piece[0] !== 0x09) {
      this.#wanted = false
      // C or c: all that is wanted begins so.
      if ((piece[0]! | 0x20) !== 0x63 || this.#fields.length >= MOST_FIELDS) return
      const text = piece.toString('latin1', 0, Math.min(piece.length, LONGEST_FIELD))
      const match = WANTED.exec(text)
      if (!match) return
      this.#wanted = true
      this.#fields.push({ name: match[1]!.toLowerCase(), value: text.slice(match[0].length) })
      return
    }
    const field = this.#wanted ? this.#fields.at(-1) : undefined
    if (!field || field.value.length >= LONGEST_FIELD) return
    field.value += piece.toString('latin1', 0, Math.min(piece.length, LONGEST_FIELD - field.value.length))
  }

  fields(): RawField[] {
    return this.#fields
  }
}
