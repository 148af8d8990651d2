/**
 * Known browsers: after a sign-in a browser keeps a cookie that says so, for one address. Guesses from elsewhere are
 * then counted apart from its own, so that no stranger can shut somebody out of a browser they use.
 *
 * The cookie opens nothing: it holds chance and a MAC over it and the address. Nothing is kept here.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** People who share a browser. */
const MOST = 4

/** @returns which known browser of this address it is; null: none */
export function deviceOf(key: Buffer, cookie: string | undefined, address: string): string | null {
  for (const entry of entries(cookie)) {
    const [nonce = '', mac = ''] = entry.split('.')
    const good = Buffer.from(macOf(key, nonce, address))
    const given = Buffer.from(mac)
    if (good.length === given.length && timingSafeEqual(good, given)) return nonce
  }
  return null
}

/** The cookie's next value: the same when the browser is known for the address. */
export function rememberDevice(key: Buffer, cookie: string | undefined, address: string): string {
  if (cookie && deviceOf(key, cookie, address)) return cookie
  const nonce = randomBytes(12).toString('base64url')
  return [`${nonce}.${macOf(key, nonce, address)}`, ...entries(cookie)].slice(0, MOST).join('~')
}

const entries = (cookie: string | undefined) => (cookie ?? '').slice(0, 1_000).split('~').filter(Boolean)

const macOf = (key: Buffer, nonce: string, address: string) =>
  createHmac('sha256', key).update(`device ${nonce} ${address}`).digest('base64url')
