/**
 * Answers to mail programs that ask how they are set up. They ask before anybody has signed in, so a domain's
 * answer is read at most every fifteen seconds, however many ask.
 */
import { type ClientSetup, clientSetup, domainOfAddress } from '@restante/core/directory/client-settings.ts'
import { services } from '../server/services.ts'
import { autoconfig } from './autoconfig.ts'

const FRESH = 15_000
const REMEMBERED = 1_000
const known = new Map<string, { at: number; setup: Promise<ClientSetup | null> }>()

export async function setupOf(domain: string): Promise<ClientSetup | null> {
  const name = domain.toLowerCase().slice(0, 255)
  const found = known.get(name)
  if (found && Date.now() - found.at < FRESH) return found.setup
  const { db } = await services()
  const setup = clientSetup(db, name)
  known.delete(name)
  known.set(name, { at: Date.now(), setup })
  // A failure is not remembered.
  setup.catch(() => known.delete(name))
  if (known.size > REMEMBERED) known.delete(known.keys().next().value ?? '')
  return setup
}

export const xmlResponse = (body: string): Response =>
  new Response(body, {
    headers: { 'content-type': 'text/xml; charset=utf-8', 'cache-control': 'no-store' },
  })

/** GET …/config-v1.1.xml: of the address that is named, or of the host that is asked. */
export async function autoconfigResponse(request: Request): Promise<Response> {
  const named = new URL(request.url).searchParams.get('emailaddress')
  const host = (request.headers.get('host') ?? '').replace(/:\d+$/, '').replace(/^autoconfig\./i, '')
  const domain = named ? domainOfAddress(named) : host
  const setup = domain && (await setupOf(domain))
  return setup
    ? xmlResponse(autoconfig(setup))
    : new Response('nothing is set up for this domain\n', { status: 404 })
}
