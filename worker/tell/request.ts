/**
 * The one guard that everything we post goes through: to an address that a customer named, on a network that is
 * perhaps ours. The name is looked up once and the connection made to what was found, so that it can't lead
 * elsewhere a moment later; private networks are refused unless the settings allow them; nothing is followed; time
 * and size have limits.
 */
import { lookup } from 'node:dns/promises'
import { type IncomingMessage, request as overHttp } from 'node:http'
import { request as overHttps } from 'node:https'
import { isIP } from 'node:net'
import { PRIVATE_NETWORKS } from '@restante/core/config/networks.ts'

export type Posted = {
  status: number /** The first of it. */
  text: string /** ms. */
  retryAfter: number | null
}
export type Poster = (url: string, headers: Record<string, string>, body: string | Buffer) => Promise<Posted>

/** ms for all of it. */
const PATIENCE = 10_000
/** Bytes, either way. */
const MOST = 64 * 1024

export type PosterOptions = {
  allowPrivate: boolean
  /** Addresses of a name; for tests. */
  resolve?: (host: string) => Promise<string[]>
  patience?: number
}

/** @throws Error with one line fit for an admin: refused, not reached, too late */
export function createPoster({
  allowPrivate,
  resolve = systemLookup,
  patience = PATIENCE,
}: PosterOptions): Poster {
  return async (address, headers, body) => {
    const content = Buffer.from(body)
    if (content.length > MOST) throw new Error(`the message has ${content.length} bytes, ${MOST} are allowed`)
    const url = new URL(address)
    if (url.protocol !== 'https:' && url.protocol !== 'http:')
      throw new Error('only http and https are posted to')
    const signal = AbortSignal.timeout(patience)
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const found = isIP(host) ? [host] : await within(resolve(host), signal)
    const [reached] = found
    if (!reached) throw new Error(`${host} has no address`)
    // One that is private among several is no accident.
    if (!allowPrivate && found.some(one => PRIVATE_NETWORKS.has(one))) {
      throw new Error(`${host} leads to a private network (setting TELL_PRIVATE)`)
    }
    return await post(url, reached, headers, content, signal, patience)
  }
}

async function systemLookup(host: string): Promise<string[]> {
  return (await lookup(host, { all: true })).map(one => one.address)
}

async function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return await new Promise((done, fail) => {
    signal.addEventListener('abort', () => fail(new Error('its name was not found in time')), { once: true })
    work.then(done, fail)
  })
}

function post(
  url: URL,
  address: string,
  headers: Record<string, string>,
  body: Buffer,
  signal: AbortSignal,
  patience: number,
): Promise<Posted> {
  const family = isIP(address) as 4 | 6
  return new Promise((done, fail) => {
    const lost = (error: Error) =>
      fail(signal.aborted ? new Error(`no answer within ${Math.round(patience / 1_000)} s`) : error)
    const request = (url.protocol === 'https:' ? overHttps : overHttp)(
      url,
      {
        method: 'POST',
        // No cookie, no proxy, no connection that somebody else's secrets went over.
        agent: false,
        signal,
        auth: undefined,
        headers: { 'user-agent': 'Restante', ...headers, 'content-length': String(body.length) },
        lookup: (_host, options, callback) => {
          if (options.all) callback(null, [{ address, family }])
          else callback(null, address, family)
        },
      },
      response => {
        read(response).then(
          text =>
            done({
              status: response.statusCode ?? 0,
              text: text.slice(0, 300),
              retryAfter: retryAfter(response.headers['retry-after']),
            }),
          lost,
        )
      },
    )
    request.on('error', lost)
    request.end(body)
  })
}

/** What is more than allowed is not read: who answers so much has nothing to say to us. */
async function read(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of response as AsyncIterable<Buffer>) {
    parts.push(part)
    size += part.length
    if (size > MOST) {
      response.destroy()
      break
    }
  }
  return Buffer.concat(parts).subarray(0, MOST).toString('utf8')
}

/** RFC 9110 §10.2.3, at most an hour. */
function retryAfter(header: string | undefined): number | null {
  const seconds = /^\d{1,6}$/.test(header ?? '') ? Number(header) : Number.NaN
  return Number.isNaN(seconds) ? null : Math.min(seconds * 1_000, 3_600_000)
}
