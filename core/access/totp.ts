/**
 * Codes of an authenticator app: TOTP (RFC 6238) with what all apps know, SHA-1, six digits, thirty seconds. Pure.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const STEP = 30_000
const DIGITS = 6
/** Steps before and after now that count: clocks of phones are a little off (RFC 6238 §5.2). */
const AROUND = 1
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** 160 bits (RFC 4226 §4). */
export const makeSeed = (): Buffer => randomBytes(20)

export function codeAt(seed: Buffer, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', seed).update(counter).digest()
  const offset = mac[mac.length - 1]! & 0x0f
  const number = (mac.readUInt32BE(offset) & 0x7fffffff) % 10 ** DIGITS
  return String(number).padStart(DIGITS, '0')
}

export const stepAt = (now: Date): number => Math.floor(now.getTime() / STEP)

/** The step that a code belongs to, later than `after`; null: it is wrong, too old, or was used. */
export function stepOf(seed: Buffer, code: string, now: Date, after: number): number | null {
  const given = Buffer.from(code.replace(/\s/g, ''))
  let found: number | null = null
  // All are looked at: how long it takes must not tell which.
  for (let step = stepAt(now) - AROUND; step <= stepAt(now) + AROUND; step++) {
    const wanted = Buffer.from(codeAt(seed, step))
    const same = given.length === wanted.length && timingSafeEqual(given, wanted)
    if (same && step > after && found === null) found = step
  }
  return found
}

/** RFC 4648 §6, without padding. */
export function base32(bytes: Buffer): string {
  let bits = 0
  let value = 0
  let text = ''
  for (const byte of bytes) {
    value = (value << 8) | byte
    bits += 8
    while (bits >= 5) {
      text += BASE32[(value >>> (bits - 5)) & 31]
      bits -= 5
    }
    value &= (1 << bits) - 1
  }
  return bits > 0 ? text + BASE32[(value << (5 - bits)) & 31] : text
}

/** What the app reads from the picture. */
export function otpauthUri(seed: Buffer, address: string, issuer: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(address)}`
  return `otpauth://totp/${label}?secret=${base32(seed)}&issuer=${encodeURIComponent(issuer)}&algorithm=SHA1&digits=${DIGITS}&period=30`
}
