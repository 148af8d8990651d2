/**
 * The header of a message that is scanned: read up to the empty line, cut into fields, and what authentication
 * wants of it: the addresses of From, and the results that bear our name though we did not write them.
 *
 * RFC 8601 §5: whoever reads our results trusts them, so each such field that comes in is left out, however it
 * is folded, commented or quoted; one whose author can't be read as well.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { normalizeDomain } from '../../directory/addresses.ts'
import { asAddresses } from '../../mail/headers.ts'
import { NAME_LIMIT } from '../fields.ts'
import type { RemovedField, Subject } from '../types.ts'
import { LONGEST_FROM } from './bounds.ts'

export type Field = {
  /** Lower case. */
  name: string
  /** Among the fields of that name, from the top. */
  index: number
  /** Bytes of the header. */
  start: number
  end: number
}

/** A header longer than this is looked at up to here; the relay takes none that is. */
const MOST = 2 * 1_048_576

/** From the first byte to the empty line, with it. */
export async function readHeader(subject: Pick<Subject, 'bytes' | 'content'>): Promise<Buffer> {
  if (subject.bytes) return subject.bytes.subarray(0, headerEnd(subject.bytes))
  const stream = subject.content()
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      // The empty line may be cut by the end of a chunk.
      const before = chunks.at(-1)?.subarray(-3)
      chunks.push(chunk)
      size += chunk.length
      const seam = before ? Buffer.concat([before, chunk.subarray(0, 3)]) : undefined
      if (hasEnd(chunk, chunks.length === 1) || (seam && hasEnd(seam, false)) || size > MOST) break
    }
  } finally {
    stream.destroy()
  }
  const all = Buffer.concat(chunks)
  return all.subarray(0, Math.min(headerEnd(all), MOST))
}

function hasEnd(bytes: Buffer, atStart: boolean): boolean {
  return (
    (atStart && /^\r?\n/.test(bytes.toString('latin1', 0, 2))) ||
    bytes.includes('\n\r\n') ||
    bytes.includes('\n\n')
  )
}

/** Where the body begins; the length when there is none. */
export function headerEnd(bytes: Buffer): number {
  if (bytes[0] === 0x0a) return 1
  if (bytes[0] === 0x0d && bytes[1] === 0x0a) return 2
  const crlf = bytes.indexOf('\n\r\n')
  const lf = (crlf < 0 ? bytes : bytes.subarray(0, crlf + 1)).indexOf('\n\n')
  if (lf >= 0) return lf + 2
  return crlf >= 0 ? crlf + 3 : bytes.length
}

/** Fields after which the event loop gets its turn, and after which no more are looked at. */
const FIELDS_AT_ONCE = 4_000
const MOST_FIELDS = 50_000

/**
 * The fields, from the top: 50,000 at most, the relay takes 20,000. Lines that are none (no colon) belong to nothing
 * and are left alone.
 */
export async function fieldsOf(header: Buffer): Promise<Field[]> {
  const text = header.toString('latin1')
  const counts = new Map<string, number>()
  const fields: Field[] = []
  let start = 0
  while (start < text.length && fields.length < MOST_FIELDS) {
    let end = start
    let lineEnd = 0
    do {
      const lf = text.indexOf('\n', end)
      end = lf < 0 ? text.length : lf + 1
      lineEnd ||= end
    } while (text[end] === ' ' || text[end] === '\t')
    // As FieldFilter sees it, which is to find the same field again.
    const line = text.slice(start, Math.min(lineEnd, start + NAME_LIMIT))
    const colon = line.indexOf(':')
    if (colon > 0) {
      // RFC 5322 §4.5: white space before the colon is obsolete, and read.
      const name = line.slice(0, colon).trimEnd().toLowerCase()
      const index = counts.get(name) ?? 0
      counts.set(name, index + 1)
      if (fields.push({ name, index, start, end }) % FIELDS_AT_ONCE === 0) await turn()
    }
    start = end
  }
  return fields
}

/** What stands after the colon. @param most octets of the field that are looked at */
function fieldValue(header: Buffer, { start, end }: Field, most: number): string {
  const text = header.toString('utf8', start, Math.min(end, start + most))
  return text.slice(text.indexOf(':') + 1)
}

export type Author = { address: string; domain: string }

/**
 * The addresses of all From fields; of a right message there is one (RFC 5322 §3.6.2). They are looked at up to
 * 16 KiB, which takes 3 ms.
 */
export function authorsOf(header: Buffer, fields: readonly Field[]): Author[] {
  const authors = new Map<string, Author>()
  let left = LONGEST_FROM
  for (const field of fields) {
    if (field.name !== 'from') continue
    if (left <= 0) break
    const value = fieldValue(header, field, left)
    left -= field.end - field.start
    for (const { email } of asAddresses(value)) {
      const at = email.lastIndexOf('@')
      const domain = at < 0 ? null : senderDomain(email.slice(at + 1))
      if (!domain) continue
      const address = `${email.slice(0, at)}@${domain}`.toLowerCase()
      authors.set(address, { address, domain })
    }
  }
  return [...authors.values()]
}

/**
 * The domain of a sender as it is asked about: as canonical as it can be. What is no proper domain of a mailbox,
 * with an underscore in it, stays what it is: a reader would show it, and DNS may know it.
 */
export function senderDomain(text: string): string | null {
  const canonical = normalizeDomain(text)
  if (canonical) return canonical
  const plain = text.trim().toLowerCase().replace(/\.$/, '')
  return plain.length <= 253 && /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.[a-z][a-z0-9-]*$/.test(plain) ? plain : null
}

/** Fields of results in a message, of which the longest honest way leaves a dozen; */
const MOST_RESULTS = 200
/** octets of each in which its author's name has to be. */
const LONGEST_AUTHOR = 4 * 1024

/** Results (RFC 8601) that claim to be ours. Where there are more than anybody reads, all of them go. */
export function forgedResults(header: Buffer, fields: readonly Field[], hostname: string): RemovedField[] {
  const results = fields.filter(field => field.name === 'authentication-results')
  if (results.length > MOST_RESULTS || fields.length >= MOST_FIELDS)
    return [{ name: 'authentication-results', index: 'all' }]
  const ours = hostname.toLowerCase().replace(/\.$/, '')
  return results
    .filter(field => {
      const author = authservId(fieldValue(header, field, LONGEST_AUTHOR))
      return author === undefined || author === ours
    })
    .map(({ name, index }) => ({ name, index }))
}

/**
 * The first word of a result: `authserv-id [ version ] ; …`, with comments and folds before it (RFC 8601 §2.2),
 * quoted or not. undefined: there is none that can be read.
 */
export function authservId(value: string): string | undefined {
  let at = 0
  let depth = 0
  for (; at < value.length; at++) {
    const char = value[at] ?? ''
    if (depth > 0 && char === '\\') at++
    else if (char === '(') depth++
    else if (char === ')' && depth > 0) depth--
    else if (depth === 0 && !/\s/.test(char)) break
  }
  if (depth > 0) return undefined
  const rest = value.slice(at)
  const quoted = /^"((?:[^"\\]|\\[\s\S])*)"/.exec(rest)
  const word = quoted
    ? quoted[1]?.replace(/\\([\s\S])/g, '$1').replace(/\r?\n/g, '')
    : /^[^\s;()"]+/.exec(rest)?.[0]
  if (!word) return undefined
  // A name with comments or quotes inside is no token: nobody can say how a reader takes it.
  const after = rest.slice(quoted ? quoted[0].length : word.length)
  if (!/^(?:[\s;(]|$)/.test(after)) return undefined
  const name = word.trim().toLowerCase().replace(/\.$/, '')
  return normalizeDomain(name) ?? name
}
