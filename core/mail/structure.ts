/**
 * A message's tree of parts, read as a stream (RFC 2045, 2046; the properties are those of RFC 8621 §4.1.4).
 *
 * Only headers and the first part of each text are kept, so a message of any size costs a few MiB at most.
 * Nothing throws because of what a message contains: when the splitter gives up (too many parts, endless
 * headers), the tree holds what was read until then and `complete` is false. An error of the stream itself is
 * thrown, because it says nothing about the message.
 */
import type { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { Headers, MimeNode, Splitter, type SplitterChunk } from '@zone-eu/mailsplit'
import { clean } from './charset.ts'
import type { HeaderField } from './headers.ts'
import { type TransferDecoder, transferDecoder } from './transfer.ts'

export type Part = {
  /** null for multipart/*. The numbers are those of IMAP (RFC 3501 §6.4.5). */
  partId: string | null
  type: string
  charset: string | null
  disposition: string | null
  name: string | null
  /** Without angle brackets. */
  cid: string | null
  language: string[] | null
  location: string | null
  encoding: string | null
  flowed: boolean
  delSp: boolean
  headers: HeaderField[]
  /** Octets after decoding; 0 for multipart. */
  size: number
  subParts: Part[] | null
  /** The first octets of a text part, decoded from its transfer encoding. */
  text: Buffer | null
  /** `text` is not all of it. */
  truncated: boolean
}

export type Structure = { root: Part; complete: boolean }

export type ReadOptions = {
  /** Octets kept of one text part. Default 256 KiB. */
  keepText?: number
}

type Content = Buffer | AsyncIterable<Buffer>

const LIMITS = {
  /** Octets of one header block. */
  head: 512 * 1024,
  /** Octets of the header of a message that is not split. */
  plainHead: 32 * 1024,
  /** Parts of one message. */
  parts: 500,
  /** Fields of one header block. */
  fields: 2_000,
  /** Octets of text kept of a whole message. */
  text: 3 * 1024 * 1024,
} as const

/** Reads a message's tree. */
export async function readStructure(content: Content, options: ReadOptions = {}): Promise<Structure> {
  const keep = options.keepText ?? 256 * 1024
  const parts = new Map<MimeNode, Part>()
  const sinks = new Map<Part, TextSink>()
  let root: Part | undefined
  let kept = 0
  const head = new Head()
  const onChunk = (chunk: SplitterChunk) => {
    if (chunk.type === 'node') {
      const part = makePart(chunk, chunk.parentNode ? parts.get(chunk.parentNode) : undefined)
      parts.set(chunk, part)
      root ??= part
      return
    }
    if (!chunk.value || !chunk.node) return
    const part = parts.get(chunk.node)
    // What stands in a multipart beside its parts is for old readers (RFC 2046 §5.1.1), if there are any.
    if (!part || part.subParts?.length) return
    let sink = sinks.get(part)
    if (!sink) {
      const wanted = isText(part) || part.subParts !== null
      sink = { decoder: transferDecoder(part.encoding), chunks: [], kept: 0, wanted }
      sinks.set(part, sink)
    }
    kept += take(part, sink, sink.decoder.push(chunk.value), Math.min(keep, LIMITS.text - kept + sink.kept))
  }
  const end =
    Buffer.isBuffer(content) && onePart(content, onChunk)
      ? { complete: true }
      : await split(head.watch(content), onChunk)
  for (const [part, sink] of sinks) {
    take(part, sink, sink.decoder.end(), keep)
    if (part.subParts?.length) part.size = 0
    else if (sink.wanted) part.text = Buffer.concat(sink.chunks)
  }
  for (const part of parts.values()) {
    if (part.subParts?.length === 0) asPlainText(part)
    if (isText(part)) part.text ??= Buffer.alloc(0)
  }
  return { root: root ?? { ...emptyPart(), headers: head.fields() }, complete: end.complete }
}

/** The first octets of a message, for one whose header is too long to be split. */
class Head {
  static readonly #LIMIT = 64 * 1024
  #chunks: Buffer[] = []
  #size = 0

  async *watch(content: Content): AsyncGenerator<Buffer> {
    for await (const chunk of Buffer.isBuffer(content) ? [content] : content) {
      if (this.#size < Head.#LIMIT) {
        this.#chunks.push(Buffer.from(chunk.subarray(0, Head.#LIMIT - this.#size)))
        this.#size += this.#chunks.at(-1)!.length
      }
      yield chunk
    }
  }

  fields(): HeaderField[] {
    const text = Buffer.concat(this.#chunks).toString('latin1')
    return fieldsOf(new Headers(text.split(/\r?\n\r?\n/, 1)[0]))
  }
}

/** A multipart in which no part was found (its boundary is wrong or missing) is shown as it is. */
function asPlainText(part: Part): void {
  part.partId = unsplitId(part)
  part.type = ownTypes.get(part) ?? 'text/plain'
  part.subParts = null
}

const unsplitId = (part: Part) => [ids.get(part), 'T'].filter(Boolean).join('.')

type TextSink = { decoder: TransferDecoder; chunks: Buffer[]; kept: number; wanted: boolean }

function take(part: Part, sink: TextSink, decoded: Buffer, limit: number): number {
  part.size += decoded.length
  if (!sink.wanted || decoded.length === 0) return 0
  const room = Math.max(0, limit - sink.kept)
  const slice = decoded.subarray(0, room)
  if (slice.length < decoded.length) part.truncated = true
  if (slice.length) sink.chunks.push(Buffer.from(slice))
  sink.kept += slice.length
  return slice.length
}

const isText = (part: Part) => part.type.startsWith('text/') && part.disposition !== 'attachment'

/** One part's decoded content as a stream, and what it says of itself; null when there is no such part. */
export async function readPart(
  content: Content,
  partId: string,
): Promise<{ part: Part; content: Readable } | null> {
  let found: { part: Part; node: MimeNode; decoder: TransferDecoder } | undefined
  const parts = new Map<MimeNode, Part>()
  const source = openSplitter(content)
  const iterator = source.chunks[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await iterator.next()
      if (next.done) return null
      const chunk = next.value
      if (chunk.type !== 'node') continue
      const part = makePart(chunk, chunk.parentNode ? parts.get(chunk.parentNode) : undefined)
      parts.set(chunk, part)
      if (part.partId === partId || (part.subParts && unsplitId(part) === partId)) {
        found = { part, node: chunk, decoder: transferDecoder(part.encoding) }
        break
      }
    }
  } catch (error) {
    source.close()
    if (isContentFault(error)) return null
    throw error
  }
  const { part, node, decoder } = found
  if (part.subParts) asPlainText(part)
  async function* body(): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const next = await iterator.next()
        if (next.done || next.value.type === 'node') break
        if (next.value.node === node && next.value.value) {
          yield decoder.push(next.value.value)
        }
      }
    } catch (error) {
      if (!isContentFault(error)) throw error
    } finally {
      source.close()
    }
    yield decoder.end()
  }
  return { part, content: Readable.from(nonEmpty(body()), { objectMode: false }) }
}

async function* nonEmpty(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) if (chunk.length) yield chunk
}

/**
 * A message that is at hand and has one part is taken apart here: the splitter, which goes through it line by line and
 * as a stream, takes ten times as long. Its own reader of headers decides, so both give the same.
 * @returns false when it has to be split
 */
function onePart(content: Buffer, onChunk: (chunk: SplitterChunk) => void): boolean {
  const end = content.indexOf('\r\n\r\n')
  if (end <= 0 || end > LIMITS.plainHead) return false
  // The splitter may see the header's end elsewhere: at a line of white space, at a bare CR or LF.
  if (/^\s|\n\s*\n|\r(?!\n)/.test(content.toString('latin1', 0, end + 2))) return false
  const node = new MimeNode(false)
  node.addHeaderChunk(content.subarray(0, end + 4))
  node.parseHeaders()
  if (node.multipart || node._boundary || String(node.contentType).startsWith('message/')) return false
  onChunk(node)
  const value = content.subarray(end + 4)
  if (value.length > 0) onChunk({ type: 'body', node, value } as SplitterChunk)
  return true
}

async function split(
  content: Content,
  onChunk: (chunk: SplitterChunk) => void,
): Promise<{ complete: boolean }> {
  const source = openSplitter(content)
  try {
    for await (const chunk of source.chunks) onChunk(chunk)
    return { complete: true }
  } catch (error) {
    if (!isContentFault(error)) throw error
    return { complete: false }
  } finally {
    source.close()
  }
}

/** The splitter's own complaint about the message, as opposed to a failure to read it. */
class ContentFault extends Error {}
const isContentFault = (error: unknown) => error instanceof ContentFault

function openSplitter(content: Content): { chunks: AsyncIterable<SplitterChunk>; close(): void } {
  const splitter = new Splitter({
    ignoreEmbedded: true,
    maxHeadSize: LIMITS.head,
    maxChildNodes: LIMITS.parts,
  })
  const input = Buffer.isBuffer(content) ? Readable.from([content]) : Readable.from(content)
  let inputError: unknown
  input.on('error', error => {
    inputError = error
    splitter.destroy(error)
  })
  // A splitter that is destroyed before it was read would throw the error into the process otherwise.
  const events: EventEmitter = splitter
  events.on('error', () => {})
  input.pipe(splitter)
  async function* chunks(): AsyncGenerator<SplitterChunk> {
    try {
      for await (const chunk of splitter) yield chunk as SplitterChunk
    } catch (error) {
      if (inputError) throw inputError
      throw new ContentFault('the message could not be split', { cause: error })
    }
  }
  return {
    chunks: chunks(),
    close() {
      input.destroy()
      splitter.destroy()
    },
  }
}

function makePart(node: MimeNode, parent: Part | undefined): Part {
  const headers = headersOf(node)
  const cid = first(headers, 'content-id')
  const language = first(headers, 'content-language')
  // The splitter splits at a boundary whatever the type says; so a text with one has parts.
  const split = Boolean(node.multipart || node._boundary)
  const part: Part = {
    partId: split ? null : idUnder(parent),
    type: split && !node.multipart ? 'multipart/mixed' : cleanType(node),
    charset: node.charset ? clean(String(node.charset)).toLowerCase() : null,
    disposition: node.disposition ? clean(node.disposition) : null,
    name: node.filename ? clean(String(node.filename)).slice(0, 1_000) : null,
    cid: cid ? clean(cid.trim().replace(/^<|>$/g, '')) : null,
    language: language
      ? language
          .split(',')
          .map(tag => clean(tag.trim()))
          .filter(Boolean)
      : null,
    location: first(headers, 'content-location')?.trim() ?? null,
    encoding: node.encoding || null,
    flowed: node.flowed,
    delSp: node.delSp,
    headers,
    size: 0,
    subParts: split ? [] : null,
    text: null,
    truncated: false,
  }
  if (split) ids.set(part, parent ? idUnder(parent) : '')
  if (split && !node.multipart) ownTypes.set(part, cleanType(node))
  parent?.subParts?.push(part)
  return part
}

/** The number of a multipart, from which its parts' numbers are made. */
const ids = new WeakMap<Part, string>()
/** What a part that is no multipart by its type, but has a boundary, says it is. */
const ownTypes = new WeakMap<Part, string>()

function idUnder(parent: Part | undefined): string {
  if (!parent) return '1'
  const prefix = ids.get(parent) ?? ''
  const number = (parent.subParts?.length ?? 0) + 1
  return prefix ? `${prefix}.${number}` : `${number}`
}

function cleanType(node: MimeNode): string {
  const type = String(node.contentType || 'text/plain')
  if (node.multipart) return clean(type)
  // RFC 2045 §5.2: what can't be understood is plain text.
  if (!/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(type)) return 'text/plain'
  return type.startsWith('multipart/') ? 'application/octet-stream' : type
}

function headersOf(node: MimeNode): HeaderField[] {
  return node.headers ? fieldsOf(node.headers) : []
}

function fieldsOf(headers: Headers): HeaderField[] {
  const fields: HeaderField[] = []
  for (const { line } of headers.getList().slice(0, LIMITS.fields)) {
    // The splitter holds lines as one character an octet.
    const text = clean(Buffer.from(line, 'latin1').toString('utf8'))
    const colon = text.indexOf(':')
    if (colon > 0) fields.push({ name: text.slice(0, colon).trim(), value: text.slice(colon + 1) })
  }
  return fields
}

function first(headers: readonly HeaderField[], name: string): string | null {
  const value = headers.find(field => field.name.toLowerCase() === name)?.value
  return value === undefined ? null : value.replace(/\r?\n/g, '')
}

function emptyPart(): Part {
  return {
    partId: '1',
    type: 'text/plain',
    charset: null,
    disposition: null,
    name: null,
    cid: null,
    language: null,
    location: null,
    encoding: null,
    flowed: false,
    delSp: false,
    headers: [],
    size: 0,
    subParts: null,
    text: Buffer.alloc(0),
    truncated: false,
  }
}
