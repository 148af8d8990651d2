/**
 * A whole message, looked through: its parts, their files, the files within those. What is found is kept once a
 * file and reason, and at most so many in all, so that no message makes its findings endless.
 *
 * Runs in a thread (thread.ts); nothing here knows of it.
 */
import { type TransferDecoder, transferDecoder } from '../../mail/transfer.ts'
import { type LeafPart, MimeWalker, WALK_LIMITS, type WalkEvent, type WalkLimits } from '../mime/walk.ts'
import type { Archive, FileSink } from './archive.ts'
import { Budget, INSPECTION_LIMITS, type InspectionLimits } from './budget.ts'
import { type FileFacts, Look, nameOnly } from './look.ts'
import { shownPath } from './names.ts'
import type { Observation, Reason } from './observations.ts'

export type InspectionOptions = {
  /** Endings that some recipient's domain doesn't want besides the dangerous ones. */
  blockedEndings?: readonly string[]
  limits?: Partial<InspectionLimits>
  walk?: Partial<WalkLimits>
  /** Nothing is unpacked: what would have to be is only noted (`isDeep`). */
  shallow?: boolean
}

/** Each of these is walked through on its own, within the walk of the one around it. */
const MOST_MESSAGES = 10
/** Of one reason; the rest is more of the same. */
const MOST_OF_A_REASON = 10

/**
 * Looks through a message.
 *
 * @param content the message from its first header field on
 * @throws only what reading `content` throws
 */
export async function inspect(
  content: AsyncIterable<Buffer> | Iterable<Buffer>,
  options: InspectionOptions = {},
): Promise<Observation[]> {
  const inspection = new Inspection(options)
  const message = inspection.message('', { archives: 0, wraps: 0, depth: -1, messages: -1 })
  for await (const chunk of content) await message.write(chunk)
  await message.end()
  return inspection.observations()
}

/** Octets of a message that is worth a look without a thread, and what it may consist of. */
const SHORT = { size: 128 * 1024, slice: 16 * 1024, parts: 40, depth: 8, header: 32 * 1024 }

/**
 * Looks through a short message of which nothing has to be unpacked: pictures, a PDF, a spreadsheet's text. To hand
 * such a one to a thread costs more than to look at it.
 *
 * @returns undefined: it takes the longer look
 */
export async function inspectShort(
  content: Buffer,
  options: Pick<InspectionOptions, 'blockedEndings'>,
): Promise<Observation[] | undefined> {
  if (content.length > SHORT.size) return undefined
  const { size: _, slice, ...walk } = SHORT
  const inspection = new Inspection({ ...options, walk, shallow: true })
  const message = inspection.message('', { archives: 0, wraps: 0, depth: -1, messages: -1 })
  for (let at = 0; at < content.length && !inspection.isDeep; at += slice)
    await message.write(content.subarray(at, at + slice))
  if (inspection.isDeep) return undefined
  await message.end()
  const observations = inspection.observations()
  return inspection.isDeep || observations.some(one => one.reason === 'mime-limits')
    ? undefined
    : observations
}

type Outer = Pick<FileFacts, 'archives' | 'wraps' | 'depth' | 'messages'>

export class Inspection {
  readonly blockedEndings: ReadonlySet<string>
  readonly budget: Budget
  readonly shallow: boolean
  /** It was shallow, and there was something to be unpacked. */
  isDeep = false
  readonly #walk: WalkLimits
  #found = new Map<string, Observation>()
  #counts = new Map<Reason, number>()
  #parts = 0

  constructor(options: InspectionOptions = {}) {
    this.blockedEndings = new Set(options.blockedEndings)
    this.budget = new Budget({ ...INSPECTION_LIMITS, ...options.limits })
    this.shallow = options.shallow ?? false
    this.#walk = { ...WALK_LIMITS, ...options.walk }
  }

  say(observation: Observation): void {
    const { reason, detail, endings } = observation
    const key = `${reason}\0${detail}\0${endings?.join() ?? ''}`
    if (this.#found.has(key)) return
    const count = this.#counts.get(reason) ?? 0
    if (count >= MOST_OF_A_REASON && !this.#isNew(observation)) return
    this.#counts.set(reason, count + 1)
    this.#found.set(key, observation)
  }

  /** One that hangs on endings of which nothing was said yet: some domain may mind just these. */
  #isNew({ reason, endings }: Observation): boolean {
    if (!endings) return false
    return ![...this.#found.values()].some(
      one => one.reason === reason && one.endings?.join() === endings.join(),
    )
  }

  observations(): Observation[] {
    return [...this.#found.values()]
  }

  file(facts: FileFacts): Look {
    return new Look(this, facts)
  }

  /** How an archive's reader tells what it finds. @param level 1 when what lies in it lies one archive deeper */
  archive(file: FileFacts, shown: string, level: 0 | 1): Archive {
    const inner = {
      within: shown,
      type: '',
      archives: file.archives + level,
      wraps: level ? 0 : file.wraps,
      depth: file.depth,
      messages: file.messages,
      attached: true,
    }
    const taken = (): boolean => {
      if (!this.budget.takeName()) return true
      this.say({ reason: 'archive-bomb', detail: shown })
      return false
    }
    return {
      budget: this.budget,
      say: (reason, name) =>
        this.say({ reason, detail: name === undefined ? shown : shownPath(shown, name) }),
      named: names => {
        if (!taken()) return false
        nameOnly(this, shown, names)
        return true
      },
      open: names => {
        if (!taken()) return 'stop'
        if (!this.budget.takeFile()) return this.file({ ...inner, names })
        nameOnly(this, shown, names)
        return undefined
      },
    }
  }

  /** A message, or one within another. */
  message(within: string, outer: Outer): FileSink {
    const depth = outer.depth + 1
    const messages = outer.messages + 1
    if (depth >= this.#walk.depth || messages > MOST_MESSAGES) {
      this.say({ reason: 'mime-limits', detail: 'depth' })
      return { write: async () => {}, end: async () => {} }
    }
    const limits = { ...this.#walk, parts: Math.max(1, this.#walk.parts - this.#parts) }
    const walker = new MimeWalker(limits, depth)
    const reading = new MessageReading(this, within, { ...outer, messages })
    return {
      write: chunk => reading.take(walker.push(chunk)),
      end: async () => {
        await reading.take(walker.end())
        this.#parts += walker.parts
      },
    }
  }
}

type Decoding = { decoder: TransferDecoder; look: Look }

/** Does what the walk through a message says. */
class MessageReading {
  readonly #inspection: Inspection
  readonly #within: string
  readonly #outer: Outer
  #open: Decoding[] = []

  constructor(inspection: Inspection, within: string, outer: Outer) {
    this.#inspection = inspection
    this.#within = within
    this.#outer = outer
  }

  async take(events: readonly WalkEvent[]): Promise<void> {
    for (const event of events) {
      switch (event.type) {
        case 'open':
          this.#begin(event.part)
          break
        case 'data':
          for (const { decoder, look } of this.#open) {
            const decoded = decoder.push(event.chunk)
            this.#inspection.budget.raw += decoded.length
            await look.write(decoded)
          }
          break
        case 'close':
          for (const { decoder, look } of this.#open) {
            await look.write(decoder.end())
            await look.end()
          }
          this.#open = []
          break
        case 'named':
          nameOnly(this.#inspection, this.#within, event.part.names)
          break
        case 'ambiguous':
          this.#inspection.say({ reason: 'mime-ambiguous', detail: this.#within })
          break
        case 'limit':
          this.#inspection.say({ reason: 'mime-limits', detail: event.which })
          break
        default:
          throw new Error(`no such event: ${event satisfies never}`)
      }
    }
  }

  #begin(part: LeafPart): void {
    if (part.types.includes('message/partial')) {
      this.#inspection.say({ reason: 'message-partial', detail: this.#within || part.type })
    }
    // Two encodings: some programs decode by the one, some by the other. Within messages within messages that
    // would double each time.
    const encodings = part.encodings.length ? part.encodings.slice(0, this.#outer.messages ? 1 : 3) : ['']
    const type = encodings.some(encoding => /^(x-)?uue/.test(encoding)) ? 'text/x-uuencode' : part.type
    this.#open = encodings.map(encoding => ({
      decoder: transferDecoder(encoding),
      look: this.#inspection.file({
        names: part.names,
        within: this.#within,
        type,
        archives: this.#outer.archives,
        wraps: this.#outer.wraps,
        depth: part.depth,
        messages: this.#outer.messages,
        message: part.encodedMessage,
        attached: part.names.length > 0 || part.dispositions.includes('attachment'),
      }),
    }))
  }
}
