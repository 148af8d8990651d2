/**
 * Sender rewriting for mail that is sent on to the outside (SRS, the Sender Rewriting Scheme): SPF asks the server that
 * forwards, so the envelope's sender has to be of our domain, and a bounce to it has to find its way back.
 *
 *   ben@there.example          → SRS0=hash=day=there.example=ben@ours.example
 *   SRS0=…@first.example       → SRS1=hash=first.example==…@ours.example
 *   SRS1=hash=first.example==… → SRS1=our hash=first.example==…@ours.example
 *
 * An address never grows by more than one step, however often it is sent on. The hash (HMAC-SHA256, 40 bits) says that
 * we wrote it: nobody else can make us carry mail to whom they like. The day lets it end. Everything but the original
 * local part may change its case on the way. Pure.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { domainOf } from './addresses.ts'

export type Restored =
  /** Whom the mail is really for. */
  | { type: 'sender'; address: string }
  /** No address of this kind. */
  | { type: 'other' }
  /** Of this kind, and not ours, or too old. */
  | { type: 'refused'; why: 'forged' | 'expired' }

/** How long a bounce finds its way back, in days: longer than any server tries. */
const DAYS = 21
const DAY = 86_400_000
/** Two characters count so many days. */
const ROUND = 1024
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
const HASH_LENGTH = 8

/** The key for an installation, from the one that its stored secrets are sealed with. */
export function rewritingKey(sealKey: Buffer): Buffer {
  return createHmac('sha256', sealKey).update('sender rewriting').digest()
}

/**
 * @param sender '' stays the null sender
 * @param domain of ours, that the mail was for
 */
export function rewriteSender(sender: string, domain: string, key: Buffer, now: Date): string {
  const at = sender.lastIndexOf('@')
  if (at < 1) return ''
  const from = sender.slice(at + 1)
  const { local, quoted } = unquoted(sender.slice(0, at))
  const written = rewrittenLocal(local, from, key, now)
  return `${quoted ? `"${written}"` : written}@${domain}`
}

function rewrittenLocal(local: string, from: string, key: Buffer, now: Date): string {
  const [, kind, rest = ''] = /^srs([01])([=+-].+)$/is.exec(local) ?? []
  if (kind === '0') return `SRS1=${hash(key, from, rest)}=${from}=${rest}`
  const again = kind === '1' ? /^[=+-][^=]+=([^=]+)=(.+)$/s.exec(rest) : null
  if (again) return `SRS1=${hash(key, again[1]!, again[2]!)}=${again[1]}=${again[2]}`
  const day = dayOf(now)
  return `SRS0=${hash(key, day, from, local)}=${day}=${from}=${local}`
}

/** @param address a recipient as it came, at a domain of ours */
export function restoreSender(address: string, key: Buffer, now: Date): Restored {
  const { local, quoted } = unquoted(address.slice(0, address.lastIndexOf('@')))
  const [, kind, rest = ''] = /^srs([01])[=+-](.+)$/is.exec(local) ?? []
  if (kind === undefined) return { type: 'other' }
  if (kind === '1') {
    const [, given, first, opaque] = /^([^=]+)=([^=]+)=(.+)$/s.exec(rest) ?? []
    if (!given || !first || !opaque || !same(given, hash(key, first, opaque)))
      return { type: 'refused', why: 'forged' }
    return addressed(`SRS0${opaque}`, first, quoted)
  }
  const [, given, day, from, original] = /^([^=]+)=([^=]+)=([^=]+)=(.+)$/s.exec(rest) ?? []
  if (!given || !day || !from || !original || !same(given, hash(key, day, from, original)))
    return { type: 'refused', why: 'forged' }
  const age = (dayNumber(now) - numberOf(day) + ROUND) % ROUND
  // A day of tomorrow: two machines whose clocks differ.
  if (age > DAYS && age !== ROUND - 1) return { type: 'refused', why: 'expired' }
  return addressed(original, from, quoted)
}

function addressed(local: string, domain: string, quoted: boolean): Restored {
  if (domainOf(`x@${domain}`) === '') return { type: 'refused', why: 'forged' }
  return { type: 'sender', address: `${quoted ? `"${local}"` : local}@${domain}` }
}

function unquoted(local: string): { local: string; quoted: boolean } {
  const quoted = local.length > 1 && local.startsWith('"') && local.endsWith('"')
  return { local: quoted ? local.slice(1, -1) : local, quoted }
}

/** In lower case, for servers on the way may change it. */
function hash(key: Buffer, ...parts: readonly string[]): string {
  const digest = createHmac('sha256', key).update(parts.join('=').toLowerCase()).digest()
  return [...digest.subarray(0, HASH_LENGTH)].map(byte => ALPHABET[byte % 32]).join('')
}

function same(given: string, ours: string): boolean {
  const [a, b] = [Buffer.from(given.toLowerCase()), Buffer.from(ours)]
  return a.length === b.length && timingSafeEqual(a, b)
}

const dayNumber = (now: Date) => Math.floor(now.getTime() / DAY) % ROUND

function dayOf(now: Date): string {
  const day = dayNumber(now)
  return `${ALPHABET[day >> 5]}${ALPHABET[day & 31]}`
}

function numberOf(day: string): number {
  const [high = -1, low = -1] = [...day.toLowerCase()].map(letter => ALPHABET.indexOf(letter))
  return day.length === 2 && high >= 0 && low >= 0 ? high * 32 + low : Number.NaN
}
