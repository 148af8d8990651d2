/** GET /people/check?address=…: what can be said of an address before anything is sent to it (address-hints.ts). */
import { createDns, type Dns } from '@restante/core/dns/dns.ts'
import { hintFor } from '../../../server/address-hints.ts'
import { services } from '../../../server/services.ts'
import { currentPerson } from '../../../server/session.ts'

export const dynamic = 'force-dynamic'

const LIMIT = { name: 'address-hints', limit: 120, window: 60_000 }
/** Names kept, and ms for one answer: who writes does not wait for it, but the hint should come in time. */
const DNS = { most: 5_000, timeLimit: 3_000 }

let dns: Dns | undefined

export async function GET(request: Request): Promise<Response> {
  const person = await currentPerson()
  if (!person) return Response.json({ type: 'about:blank', status: 401 }, { status: 401 })
  const { db, settings, directory, limiter, log } = await services()
  const taken = await limiter.take(LIMIT, person.id)
  if (!taken.allowed) {
    return Response.json(
      { type: 'about:blank', status: 429 },
      { status: 429, headers: { 'retry-after': String(taken.retryAfter) } },
    )
  }
  const address = (new URL(request.url).searchParams.get('address') ?? '').slice(0, 320)
  dns ??= createDns({ servers: settings.DNS_SERVERS, ...DNS })
  const asking = {
    db,
    dns,
    isOurs: (text: string) => directory.current.route(text).type !== 'unknown-domain',
    person,
    now: new Date(),
  }
  const hint = await hintFor(address, asking).catch(error => {
    log.warn({ event: 'address-hints.failed', error })
    return null
  })
  return Response.json({ hint }, { headers: { 'cache-control': 'private, no-store' } })
}
