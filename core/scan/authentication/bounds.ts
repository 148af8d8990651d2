/**
 * How much of a header is looked at for its signatures, and which fields of it that takes.
 *
 * mailauth reads a header at one go, in a time that grows with the square of its lines, and once more for each name
 * that a signature lists. An ordinary header goes to it as it is; of a long one only the fields that signatures can be
 * about: what none of them names changes none of them (RFC 6376 §5.4.2). What is too much even so is not verified, and
 * proves nothing.
 */
import type { Field } from './header.ts'

/** DKIM signatures of a message that are looked at, from the top. */
const MOST_SIGNATURES = 10
/** RFC 8617 §4.2.1. */
const MOST_SETS = 50
/** Octets and tags of one field of a signature; one with RSA of 4096 bits and every name twice has 2 KiB, 12 tags. */
const LONGEST_SIGNATURE = 8 * 1024
const MOST_TAGS = 100
/** Canonical forms, algorithms and lengths of the body that signatures ask for: each is a hash over all of it. */
const MOST_FORMS = 4
/** A header within these goes as it is; */
const ORDINARY = { octets: 32 * 1024, fields: 400 }
/** one with more fields is not looked at (the relay takes 20,000 lines). */
const MOST_FIELDS = 25_000
/** Of what is left of a long one: */
const MOST_LINES = 4_000
/** octets, each counted once for every signature that may be over them (of ARC only the newest is verified); */
const MOST_SIGNED_OCTETS = 1_048_576
/** names in all signatures, times lines; */
const MOST_COMPARISONS = 1_000_000
/** octets in From, of which mailauth takes a fifth of a millisecond a KiB. */
export const LONGEST_FROM = 16 * 1024

const ARC_FIELDS: ReadonlySet<string> = new Set([
  'arc-seal',
  'arc-message-signature',
  'arc-authentication-results',
])
/** RFC 5322 §2.2; a line that does not begin so is a part of the field above for mailauth. */
const FIELD_START = /^[!-9;-~]+[ \t]*:/

export type Bounded = {
  /** What mailauth is to read; undefined: it would be too much. */
  header: Buffer | undefined
  /** Fields of signatures that are looked at. */
  signatures: readonly Field[]
  /** Some field of ARC is not: the chain is broken. */
  brokenChain: boolean
  /** `header` is the whole of it. */
  whole: boolean
}

export const isSignature = ({ name }: Field): boolean => name === 'dkim-signature' || ARC_FIELDS.has(name)

export function boundedHeader(header: Buffer, fields: readonly Field[]): Bounded {
  const dropped = new Set<Field>()
  const signatures: Field[] = []
  const named: string[] = []
  const forms = new Set<string>()
  let brokenChain = false
  for (const field of fields) {
    if (!isSignature(field)) continue
    const tags = tagsWithin(header, field)
    const form =
      field.name === 'dkim-signature' ? tags?.filter(tag => /^[acl]=/i.test(tag)).join(';') : undefined
    if (!tags || (form !== undefined && !forms.has(form) && forms.size >= MOST_FORMS)) {
      dropped.add(field)
      brokenChain ||= ARC_FIELDS.has(field.name)
      continue
    }
    if (form !== undefined) forms.add(form)
    signatures.push(field)
    // Of two such tags mailauth believes the last, so both count.
    for (const tag of tags) if (/^h=/i.test(tag)) named.push(...tag.slice(2).toLowerCase().split(':'))
  }
  if (fields.length > MOST_FIELDS) return { header: undefined, signatures, brokenChain, whole: false }
  if (header.length > ORDINARY.octets || fields.length > ORDINARY.fields) {
    const wanted = new Set([...named, 'from'])
    for (const field of wholeFields(header, fields))
      if (!wanted.has(field.name) && !isSignature(field)) dropped.add(field)
  }
  const rest = without(header, fields, dropped)
  const lines = linesOf(rest, MOST_LINES)
  const from = fields.reduce((sum, { name, start, end }) => (name === 'from' ? sum + end - start : sum), 0)
  const fits =
    lines <= MOST_LINES &&
    from <= LONGEST_FROM &&
    rest.length * countOf(signatures) <= MOST_SIGNED_OCTETS &&
    named.length * lines <= MOST_COMPARISONS
  return { header: fits ? rest : undefined, signatures, brokenChain, whole: dropped.size === 0 }
}

/** Signatures over the header: those of DKIM, and one of ARC. */
function countOf(signatures: readonly Field[]): number {
  const dkim = signatures.filter(({ name }) => name === 'dkim-signature').length
  return dkim < signatures.length ? dkim + 1 : dkim
}

/** The tags of a signature without white space; undefined: it is beyond the limits. */
function tagsWithin(header: Buffer, { name, index, start, end }: Field): string[] | undefined {
  if (index >= (name === 'dkim-signature' ? MOST_SIGNATURES : MOST_SETS)) return undefined
  if (end - start > LONGEST_SIGNATURE) return undefined
  const text = header.toString('latin1', start, end)
  const tags = text.slice(text.indexOf(':') + 1).split(';', MOST_TAGS + 1)
  return tags.length > MOST_TAGS ? undefined : tags.map(tag => tag.replace(/\s+/g, ''))
}

/** Those that mailauth sees as we do, from where they begin to where they end. */
function* wholeFields(header: Buffer, fields: readonly Field[]): Generator<Field> {
  // What stands below a field and begins none becomes a part of it.
  let below = emptyLine(header)
  for (const field of fields.toReversed()) {
    const { name, start, end } = field
    const begins = FIELD_START.test(header.toString('latin1', start, start + name.length + 8))
    if (begins && end === below) yield field
    below = begins ? start : -1
  }
}

/** Where the empty line is that ends the header; its length when there is none. */
function emptyLine(header: Buffer): number {
  const start = header.length < 2 ? 0 : header.lastIndexOf(0x0a, header.length - 2) + 1
  return /^\r?\n$/.test(header.toString('latin1', start, start + 3)) ? start : header.length
}

function linesOf(header: Buffer, most: number): number {
  let lines = 0
  for (let at = 0; at < header.length && lines <= most; lines++) {
    const lf = header.indexOf(0x0a, at)
    at = lf < 0 ? header.length : lf + 1
  }
  return lines
}

/** @param fields in their order */
function without(header: Buffer, fields: readonly Field[], dropped: ReadonlySet<Field>): Buffer {
  if (dropped.size === 0) return header
  const parts: Buffer[] = []
  let at = 0
  for (const field of fields) {
    if (!dropped.has(field)) continue
    if (field.start > at) parts.push(header.subarray(at, field.start))
    at = field.end
  }
  return Buffer.concat([...parts, header.subarray(at)])
}
