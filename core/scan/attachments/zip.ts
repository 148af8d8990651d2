/**
 * Zip files, read from the front in one pass (PKWARE APPNOTE 6.3.10).
 *
 * A zip file says everything twice: before each file, and in the directory at its end. Programs believe one or
 * the other, so both are read, every name of either counts, and a contradiction is said. What stands where no
 * record should be is searched for records.
 */
import type { Archive } from './archive.ts'
import { decompress, type Method, sayResult } from './compressed.ts'
import type { ByteReader } from './reader.ts'

const LOCAL = 0x04034b50
const CENTRAL = 0x02014b50
const END = 0x06054b50
const END64 = 0x06064b50
const LOCATOR64 = 0x07064b50
const DESCRIPTOR = 0x08074b50
const EXTRA_DATA = 0x08064b50
const SIGNATURE = 0x05054b50

const mark = (signature: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(signature)
  return bytes
}
export const ZIP_START = mark(LOCAL)
const MARKS = [LOCAL, CENTRAL, END, END64].map(mark)
const AFTER_STORED = [LOCAL, CENTRAL, DESCRIPTOR].map(mark)
const LONGEST_NAME = 2048

type Entry = { name: string; encrypted: boolean; method: number }
type CentralEntry = Entry & { offset: number; seen: boolean }

const METHODS: Readonly<Record<number, Method>> = { 8: 'deflate', 93: 'zstd' }

/** @param reader at the first record, or before it */
export async function readZip(reader: ByteReader, archive: Archive): Promise<void> {
  await new ZipReading(reader, archive).read()
}

class ZipReading {
  readonly #reader: ByteReader
  readonly #archive: Archive
  readonly #start: number
  #locals = new Map<number, Entry>()
  #centrals: CentralEntry[] = []
  #directoryAt = -1
  #directorySaid = -1
  #ends = 0
  #inconsistent = false
  #unreadable = false
  #stopped = false

  constructor(reader: ByteReader, archive: Archive) {
    this.#reader = reader
    this.#archive = archive
    this.#start = reader.position
  }

  async read(): Promise<void> {
    // Up to the longest data descriptor may stand between two records.
    let slack = 0
    while (!this.#stopped) {
      const head = await this.#reader.peek(4)
      if (head.length < 4) break
      const known = await this.#record(head.readUInt32LE(0))
      if (known === 'end') break
      if (known === 'descriptor') {
        slack = 24
        continue
      }
      if (known) {
        slack = 0
        continue
      }
      const first = await this.#reader.take(1)
      if (!first) break
      const gap = await this.#reader.seek(MARKS)
      if (gap < 0) {
        if (this.#ends === 0) this.#unreadable = true
        break
      }
      if (gap + 1 > slack) this.#inconsistent ||= this.#locals.size > 0
      slack = 0
    }
    if (!this.#stopped) this.#compare()
    if (this.#unreadable) this.#archive.say('archive-unreadable')
    else if (this.#inconsistent) this.#archive.say('archive-inconsistent')
  }

  async #record(signature: number): Promise<boolean | 'descriptor' | 'end'> {
    switch (signature) {
      case LOCAL:
        return await this.#local()
      case CENTRAL:
        return await this.#central()
      case END:
        return await this.#end()
      case END64: {
        const head = await this.#reader.peek(56)
        if (head.length < 56) return false
        this.#directorySaid = Number(head.readBigUInt64LE(48))
        return await this.#reader.skip(12 + Math.min(Number(head.readBigUInt64LE(4)), 1024 * 1024))
      }
      case LOCATOR64:
        return await this.#reader.skip(20)
      case DESCRIPTOR:
        // Also the mark of an archive in several pieces, at its beginning.
        await this.#reader.skip(4)
        return 'descriptor'
      case EXTRA_DATA: {
        const head = await this.#reader.peek(8)
        return head.length === 8 && (await this.#reader.skip(8 + Math.min(head.readUInt32LE(4), 1024 * 1024)))
      }
      case SIGNATURE: {
        const head = await this.#reader.peek(6)
        return head.length === 6 && (await this.#reader.skip(6 + head.readUInt16LE(4)))
      }
      default:
        return false
    }
  }

  async #local(): Promise<boolean | 'descriptor' | 'end'> {
    const offset = this.#reader.position
    const head = await this.#reader.peek(30)
    if (head.length < 30) return false
    const flags = head.readUInt16LE(6)
    const method = head.readUInt16LE(8)
    const nameLength = head.readUInt16LE(26)
    const whole = await this.#reader.peek(30 + nameLength + head.readUInt16LE(28))
    if (whole.length < 30 + nameLength) return false
    await this.#reader.skip(whole.length)
    const extra = whole.subarray(30 + nameLength)
    const names = namesOf(whole.subarray(30, 30 + nameLength), extra)
    const encrypted = (flags & 0x2041) !== 0 || method === 99
    let packed = head.readUInt32LE(18)
    if (packed === 0xffffffff) packed = size64(extra, head.readUInt32LE(22) === 0xffffffff ? 8 : 0) ?? packed
    const entry = { name: names[0]!, encrypted, method }
    // Where the directory is to point to; two files at one place can't be.
    this.#locals.set(offset - this.#start, entry)
    if (this.#ends > 0) this.#inconsistent = true
    const streamed = (flags & 0x08) !== 0
    return await this.#content(
      names,
      entry,
      streamed && (packed === 0 || method in METHODS) ? undefined : packed,
    )
  }

  /** @param packed octets; undefined when only the data tells */
  async #content(
    names: readonly string[],
    entry: Entry,
    packed: number | undefined,
  ): Promise<boolean | 'descriptor' | 'end'> {
    const name = names[0]!
    const reader = this.#reader
    if (entry.encrypted || (entry.method !== 0 && !(entry.method in METHODS))) {
      if (!this.#archive.named(names)) return this.#stop()
      this.#archive.say(entry.encrypted ? 'archive-encrypted' : 'archive-unreadable', name)
      return await this.#skip(packed)
    }
    const sink = this.#archive.open(names)
    if (sink === 'stop') return this.#stop()
    if (!sink) {
      if (packed === undefined) return this.#stop('archive-large')
      if (packed > 0) this.#archive.say('archive-large')
      return await this.#skip(packed)
    }
    const write = (chunk: Buffer) => sink.write(chunk)
    if (entry.method === 0) {
      let complete: boolean
      if (packed === undefined) complete = (await reader.seek(AFTER_STORED, write)) >= 0
      else complete = await reader.pass(packed, write)
      await sink.end()
      if (!complete) this.#unreadable = true
      return packed === undefined ? 'descriptor' : true
    }
    const before = reader.position
    const result = await decompress(
      reader,
      METHODS[entry.method]!,
      packed ?? Number.POSITIVE_INFINITY,
      this.#archive,
      sink,
    )
    await sink.end()
    if (result !== 'done') sayResult(this.#archive, result, name)
    if (packed === undefined) {
      if (result === 'bomb' || result === 'large') return this.#stop()
      return 'descriptor'
    }
    const left = packed - (reader.position - before)
    if (left > 0) {
      if (result === 'done') this.#inconsistent = true
      if (!(await reader.skip(left))) this.#unreadable = true
    }
    return true
  }

  async #skip(packed: number | undefined): Promise<true | 'descriptor'> {
    if (packed === undefined) {
      await this.#reader.seek(AFTER_STORED)
      return 'descriptor'
    }
    if (!(await this.#reader.skip(packed))) this.#unreadable = true
    return true
  }

  #stop(reason?: 'archive-large'): 'end' {
    if (reason) this.#archive.say(reason)
    this.#stopped = true
    return 'end'
  }

  async #central(): Promise<boolean | 'end'> {
    const position = this.#reader.position - this.#start
    const head = await this.#reader.peek(46)
    if (head.length < 46) return false
    const nameLength = head.readUInt16LE(28)
    const extraLength = head.readUInt16LE(30)
    const whole = await this.#reader.peek(46 + nameLength + extraLength)
    if (whole.length < 46 + nameLength) return false
    await this.#reader.skip(whole.length)
    await this.#reader.skip(head.readUInt16LE(32))
    if (this.#directoryAt < 0) this.#directoryAt = position
    const extra = whole.subarray(46 + nameLength)
    const names = namesOf(whole.subarray(46, 46 + nameLength), extra)
    const flags = head.readUInt16LE(8)
    const method = head.readUInt16LE(10)
    let offset = head.readUInt32LE(42)
    if (offset === 0xffffffff) {
      const before = [head.readUInt32LE(24), head.readUInt32LE(20)].filter(size => size === 0xffffffff).length
      offset = size64(extra, before * 8) ?? offset
    }
    const entry = { name: names[0]!, encrypted: (flags & 0x2041) !== 0 || method === 99, method, offset }
    this.#centrals.push({ ...entry, seen: false })
    // Most say what has been said already; only a new name is worth judging.
    if (this.#locals.get(offset)?.name !== entry.name && !this.#archive.named(names)) return this.#stop()
    if (this.#centrals.length > this.#archive.budget.limits.names) {
      this.#archive.say('archive-bomb')
      return this.#stop()
    }
    return true
  }

  async #end(): Promise<boolean> {
    const head = await this.#reader.peek(22)
    if (head.length < 22) return false
    await this.#reader.skip(22 + head.readUInt16LE(20))
    this.#ends++
    const said = head.readUInt32LE(16)
    if (said !== 0xffffffff) this.#directorySaid = said
    // In several pieces: the others are elsewhere.
    const disk = head.readUInt16LE(4)
    if (disk !== 0 && disk !== 0xffff) this.#unreadable = true
    return true
  }

  /** The directory against what stands before the files. */
  #compare(): void {
    if (this.#ends === 0) {
      this.#unreadable = true
      return
    }
    if (this.#ends > 1) this.#inconsistent = true
    // A program before the archive shifts every place by its length.
    const shift =
      this.#directoryAt >= 0 && this.#directorySaid >= 0 ? this.#directoryAt - this.#directorySaid : 0
    const listed = new Set<number>()
    for (const central of this.#centrals) {
      const at = central.offset + shift
      const local = this.#locals.get(at)
      if (!local) {
        this.#unreadable = true
        continue
      }
      if (listed.has(at)) this.#inconsistent = true
      listed.add(at)
      if (
        local.name !== central.name ||
        local.method !== central.method ||
        local.encrypted !== central.encrypted
      ) {
        this.#inconsistent = true
      }
    }
    if (listed.size < this.#locals.size) this.#inconsistent = true
  }
}

/** The name by its octets, and the one in Info-ZIP's Unicode field (APPNOTE 4.6.9). */
function namesOf(raw: Buffer, extra: Buffer): string[] {
  const names = [textOf(raw)]
  const unicode = extraField(extra, 0x7075)
  if (unicode && unicode.length > 5) names.push(textOf(unicode.subarray(5)))
  return names
}

function textOf(raw: Buffer): string {
  const part = raw.length <= LONGEST_NAME ? raw : Buffer.concat([raw.subarray(0, 1024), raw.subarray(-1024)])
  const text = part.toString('utf8')
  return text.includes('\ufffd') ? part.toString('latin1') : text
}

function extraField(extra: Buffer, wanted: number): Buffer | undefined {
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = extra.readUInt16LE(at + 2)
    if (extra.readUInt16LE(at) === wanted) return extra.subarray(at + 4, at + 4 + length)
    at += 4 + length
  }
  return undefined
}

/** A number of the Zip64 field (APPNOTE 4.5.3), which holds only those that have no room in the record. */
function size64(extra: Buffer, at: number): number | undefined {
  const field = extraField(extra, 0x0001)
  if (!field || field.length < at + 8) return undefined
  return Number(field.readBigUInt64LE(at))
}
