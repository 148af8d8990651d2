/**
 * What a part's Content-* fields say, read as many ways as mail programs read them (RFC 2045 §5.1, RFC 2231,
 * RFC 2047 in parameters although §5 forbids it).
 *
 * A program that looks for danger can't choose one reading: two values of one parameter, or two fields of one
 * name, all count. Nothing throws, and every expression here is linear in the field's length.
 */
import libmime from 'libmime'
import { decodeText } from '../../mail/charset.ts'

export type ContentFields = {
  types: string[]
  dispositions: string[]
  encodings: string[]
  boundaries: string[]
  /** Every name that a program may show or save it under, decoded; NUL and controls still in them. */
  names: string[]
  /** Fields or parameters that say different things. */
  ambiguous: boolean
}

/** A boundary may have 70 characters (RFC 2046 §5.1.1); longer ones are in use. */
export const LONGEST_BOUNDARY = 200
const LONGEST_NAME = 4096
const MOST_NAMES = 16

export type RawField = { name: string; value: string }

/** @param fields unfolded or not, one character an octet */
export function readContentFields(fields: readonly RawField[]): ContentFields {
  const values = (name: string) =>
    fields.filter(field => field.name === name).map(field => unfold(field.value))
  const typeValues = values('content-type')
  const dispositionValues = values('content-disposition')
  const types = distinct(typeValues.map(firstToken))
  const encodings = distinct(values('content-transfer-encoding').map(firstToken))
  const boundaries = distinct(
    typeValues.flatMap(value => parameters(value, BOUNDARY).map(one => one.value)),
    true,
  )
    .map(boundary => boundary.trimEnd().slice(0, LONGEST_BOUNDARY))
    .filter(Boolean)
    .slice(0, 4)
  const named = [...dispositionValues, ...typeValues].flatMap(value => parameters(value, NAME))
  return {
    types,
    dispositions: dispositionValues.map(firstToken),
    encodings,
    boundaries,
    names: namesOf(named),
    ambiguous: types.length > 1 || encodings.length > 1 || boundaries.length > 1,
  }
}

const unfold = (value: string) => value.replace(/[\r\n]+/g, '').trim()

/** The value before the parameters, without comments. */
function firstToken(value: string): string {
  return value
    .slice(0, 1024)
    .replace(/\([^()]*\)/g, '')
    .split(';', 1)[0]!
    .replace(/["'\s]/g, '')
    .toLowerCase()
}

type Parameter = { section: number | null; extended: boolean; value: string; quoted: boolean }

const VALUE = String.raw`[ \t]*=[ \t]*(?:"((?:[^"\\]|\\[\s\S])*)"?|([^;]*))`
const NAME = new RegExp(String.raw`(?<![\w-])(?:file)?name(?:\*(\d{1,4}))?(\*)?${VALUE}`, 'gi')
const BOUNDARY = new RegExp(String.raw`(?<![\w-])boundary(?:\*(\d{1,4}))?(\*)?${VALUE}`, 'gi')

function parameters(field: string, pattern: RegExp): Parameter[] {
  const found: Parameter[] = []
  for (const match of field.matchAll(pattern)) {
    const quoted = match[3] !== undefined
    found.push({
      section: match[1] === undefined ? null : Number(match[1]),
      extended: match[2] !== undefined,
      value: quoted ? match[3]!.replace(/\\([\s\S])/g, '$1') : match[4]!.trim(),
      quoted,
    })
    if (found.length >= 500) break
  }
  return found
}

function namesOf(found: readonly Parameter[]): string[] {
  const names: string[] = []
  const sections = found.filter(one => one.section !== null)
  // RFC 2231 §3: put together by number; two sets in one field are told apart by a number that comes again.
  for (let rest = sections; rest.length && names.length < MOST_NAMES; ) {
    const set = new Map<number, Parameter>()
    const again: Parameter[] = []
    for (const one of rest) {
      if (set.has(one.section!)) again.push(one)
      else set.set(one.section!, one)
    }
    const ordered = [...set].sort(([a], [b]) => a - b).map(([, one]) => one)
    const extended = ordered.some(one => one.extended)
    const joined = ordered
      .map(one => (extended && !one.extended ? escapePercent(one.value) : one.value))
      .join('')
    names.push(...(extended ? [extendedValue(joined)] : decoded(joined)))
    rest = again
  }
  for (const one of found) {
    if (one.section !== null) continue
    if (one.extended) names.push(extendedValue(one.value))
    names.push(...decoded(one.value))
    // An unquoted value ends at a space by the book, at the next ";" for many programs.
    if (!one.quoted) {
      names.push(...decoded(one.value.split(/\s/, 1)[0]!))
      if (one.value.includes('(')) names.push(...decoded(one.value.replace(/\([^()]*\)/g, '').trim()))
    }
    if (names.length > MOST_NAMES * 4) break
  }
  return distinct(names, true).slice(0, MOST_NAMES)
}

const escapePercent = (text: string) => text.replaceAll('%', '%25')

/** RFC 2231 §4: charset'language'percent-encoded. */
function extendedValue(value: string): string {
  const match = /^([^']{0,40})'[^']*'([\s\S]*)$/.exec(value)
  const bytes = percentBytes(middleCut(match ? match[2]! : value))
  return decodeText(bytes, match?.[1] || 'utf-8').value
}

function percentBytes(text: string): Buffer {
  return Buffer.from(
    text.replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))),
    'latin1',
  )
}

/** The readings of a plain value: as it stands, with its encoded words, with its percent signs undone. */
function decoded(raw: string): string[] {
  const value = middleCut(raw)
  const text = octets(value)
  const readings = [text]
  if (value.includes('=?')) {
    try {
      readings.push(libmime.decodeWords(text))
    } catch {
      // An unknown charset: ASCII endings are still to be seen when its octets are read as they are.
      readings.push(
        text.replace(/=\?[^?]*\?([bq])\?([^?]*)\?=/gi, (_, how: string, data: string) => anyWord(how, data)),
      )
    }
  }
  if (/%[0-9a-f]{2}/i.test(value)) readings.push(decodeText(percentBytes(value), 'utf-8').value)
  return readings
}

function anyWord(how: string, data: string): string {
  if (how.toLowerCase() === 'b') return Buffer.from(data, 'base64').toString('latin1')
  return data
    .replaceAll('_', ' ')
    .replace(/=([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}

const octets = (text: string) => {
  const bytes = Buffer.from(text, 'latin1')
  const utf8 = bytes.toString('utf8')
  return utf8.includes('\ufffd') ? text : utf8
}

/** A name's ending is what matters, and its beginning is what is shown. */
const middleCut = (text: string) =>
  text.length <= LONGEST_NAME ? text : text.slice(0, LONGEST_NAME / 2) + text.slice(-LONGEST_NAME / 2)

function distinct(values: readonly string[], keepCase = false): string[] {
  return [...new Set(values.map(value => (keepCase ? value : value.toLowerCase())))].filter(Boolean)
}
