/**
 * Header fields in the forms of RFC 8621 §4.1.2: raw, text, addresses, grouped addresses, message ids, dates,
 * URLs. Nothing here throws: what does not parse is null or an empty list, as the RFC has it.
 */
/// <reference path="./untyped.d.ts" />
import libmime from 'libmime'
import addressparser, { type Address as Parsed } from 'nodemailer/lib/addressparser'
import { clean } from './charset.ts'

/** A field as it stands in the message: `value` begins right after the colon, folds and all. */
export type HeaderField = { name: string; value: string }

export type MailAddress = { name: string | null; email: string }
export type AddressGroup = { name: string | null; addresses: MailAddress[] }

/** More addresses than these in one field are left out: nobody reads them, and lists of 100,000 exist. */
const MAX_ADDRESSES = 2_000
/** Octets of a field that are looked through for addresses: the parser takes a fifth of a millisecond a KiB. */
const MAX_ADDRESS_FIELD = 64 * 1024
const MAX_FIELD = 256 * 1024

/** The last field of that name, as the forms of RFC 8621 §4.1.3 want it. */
export function lastHeader(headers: readonly HeaderField[], name: string): string | null {
  const wanted = name.toLowerCase()
  return headers.findLast(field => field.name.toLowerCase() === wanted)?.value ?? null
}

export function allHeaders(headers: readonly HeaderField[], name: string): string[] {
  const wanted = name.toLowerCase()
  return headers.filter(field => field.name.toLowerCase() === wanted).map(field => field.value)
}

/** Unfolds, without decoding. */
export function unfold(value: string): string {
  return value.replace(/\r?\n(?=[ \t])/g, '').replace(/[\r\n]+/g, ' ')
}

/** RFC 8621 §4.1.2.2: unfolded, encoded words decoded, normalised to NFC. */
export function asText(value: string): string {
  return decodeWords(unfold(value.slice(0, MAX_FIELD)).trim())
}

function decodeWords(text: string): string {
  if (!text.includes('=?')) return clean(text).normalize('NFC')
  try {
    return clean(libmime.decodeWords(text)).normalize('NFC')
  } catch {
    return clean(text).normalize('NFC')
  }
}

/** One address of the ordinary kind, with or without a name that needs no decoding: most headers hold no more. */
const PLAIN = /^\s*(?:([A-Za-z0-9]+(?: [A-Za-z0-9]+)*) <|<)?([A-Za-z0-9._+-]+@[A-Za-z0-9.-]+)(>?)\s*$/

/**
 * RFC 8621 §4.1.2.3. Groups are flattened.
 * @param most characters that are looked at
 */
export function asAddresses(value: string, most = MAX_ADDRESS_FIELD): MailAddress[] {
  const plain = value.length < 320 ? PLAIN.exec(value) : null
  if (plain?.[2] && value.includes('<') === (plain[3] === '>')) {
    return [{ name: plain[1] ?? null, email: plain[2] }]
  }
  return asGroupedAddresses(value, most).flatMap(group => group.addresses)
}

/** RFC 8621 §4.1.2.4: addresses outside any group come in groups whose name is null. */
export function asGroupedAddresses(value: string, most = MAX_ADDRESS_FIELD): AddressGroup[] {
  let parsed: Parsed[]
  try {
    parsed = addressparser(wholeAddresses(unfold(value.slice(0, most)), value.length > most))
  } catch {
    return []
  }
  const groups: AddressGroup[] = []
  let loose: AddressGroup | undefined
  let count = 0
  for (const entry of parsed) {
    if (count >= MAX_ADDRESSES) break
    if (entry.group) {
      loose = undefined
      const addresses = entry.group.flatMap(member => (member.group ? [] : oneAddress(member)))
      groups.push({ name: decodeWords(entry.name), addresses })
      count += addresses.length
    } else {
      if (!loose) {
        loose = { name: null, addresses: [] }
        groups.push(loose)
      }
      loose.addresses.push(...oneAddress(entry))
      count++
    }
  }
  return groups.filter(group => group.name !== null || group.addresses.length > 0)
}

/** The last one of a field that was cut may be half an address. */
function wholeAddresses(text: string, wasCut: boolean): string {
  if (!wasCut) return text
  const comma = text.lastIndexOf(',')
  return comma > 0 ? text.slice(0, comma) : text
}

function oneAddress(entry: { name: string; address?: string }): MailAddress[] {
  const name = decodeWords(entry.name ?? '').trim()
  const email = decodeWords(entry.address ?? '').trim()
  if (!name && !email) return []
  return [{ name: name || null, email }]
}

/** RFC 8621 §4.1.2.5: ids without their angle brackets; null when there is none. */
export function asMessageIds(value: string): string[] | null {
  const text = unfold(value.slice(0, MAX_FIELD))
  const ids: string[] = []
  for (const match of text.matchAll(/<([^<>]*)>/g)) {
    const id = clean(match[1]!.replace(/\s+/g, ''))
    if (id) ids.push(id)
  }
  if (ids.length === 0) {
    // Some programs leave the brackets out.
    const bare = text.trim()
    if (/^[^\s<>]+@[^\s<>]+$/.test(bare)) ids.push(clean(bare))
  }
  return ids.length ? ids : null
}

/** RFC 8621 §4.1.2.6; null when it can't be read. */
export function asDate(value: string): Date | null {
  const text = unfold(value)
    .replace(/\([^()]*\)/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  const match =
    /^(?:[A-Za-z]{3,9},? )?(\d{1,2})[ -]([A-Za-z]{3})[A-Za-z]*[ -](\d{2,4}) (\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?(?: ([+-]\d{4}|[A-Za-z]{1,5}))?/.exec(
      text,
    )
  if (!match) return null
  const month = MONTHS.indexOf(match[2]!.toLowerCase())
  if (month < 0) return null
  let year = Number(match[3])
  // RFC 5322 §4.3: two and three digits.
  if (match[3]!.length === 2) year += year < 50 ? 2000 : 1900
  else if (match[3]!.length === 3) year += 1900
  const time = Date.UTC(
    year,
    month,
    Number(match[1]),
    Number(match[4]),
    Number(match[5]),
    Math.min(59, Number(match[6] ?? 0)),
  )
  const date = new Date(time - zoneMinutes(match[7]) * 60_000)
  const full = date.getUTCFullYear()
  return Number.isNaN(date.getTime()) || full < 1 || full > 9999 ? null : date
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const ZONES: Readonly<Record<string, number>> = {
  EST: -300,
  EDT: -240,
  CST: -360,
  CDT: -300,
  MST: -420,
  MDT: -360,
  PST: -480,
  PDT: -420,
}

function zoneMinutes(zone: string | undefined): number {
  if (!zone) return 0
  if (/^[+-]/.test(zone)) {
    const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3, 5))
    return zone.startsWith('-') ? -minutes : minutes
  }
  return ZONES[zone.toUpperCase()] ?? 0
}

/** RFC 8621 §4.1.2.7: the URLs in angle brackets; null when there is none. */
export function asUrls(value: string): string[] | null {
  const urls = [...unfold(value).matchAll(/<([^<>]+)>/g)].map(match => clean(match[1]!.replace(/\s+/g, '')))
  return urls.length ? urls : null
}

/** An address as JMAP and the database write it, fit for a header again. */
export function formatAddress(address: MailAddress): string {
  return address.name ? `${address.name} <${address.email}>` : address.email
}
