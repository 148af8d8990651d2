/**
 * What stands around every JMAP handler: who asks (a browser by its session cookie, another program by an app
 * password, RFC 8620 §8.2), whether the request comes from our own pages, and what becomes of errors.
 *
 * A cookie is sent by the browser whoever made the request, so with a cookie anything but reading must come
 * from our own origin. An app password is sent only by who knows it.
 */
import { randomUUID } from 'node:crypto'
import { verifyAppPassword } from '@restante/core/access/app-passwords.ts'
import { parseSendingRate, takeSending } from '@restante/core/access/sending.ts'
import { giveUpAfter } from '@restante/core/continuity/retry.ts'
import { type JmapContext, openRun, type Run } from '@restante/core/jmap/context.ts'
import type { Problem } from '@restante/core/jmap/errors.ts'
import { isSameOrigin } from '../app/api/v1/origin.ts'
import { type Services, services } from './services.ts'
import { currentPerson } from './session.ts'

export type JmapCall<P> = {
  request: Request
  url: URL
  params: P
  services: Services
  context: JmapContext
  /** The person's accounts and nobody else's. */
  run: Run
  /** What was signed in with, by which a long answer can see that it ended. */
  credential: Credential
}

export type Credential = { by: 'cookie'; session: string } | { by: 'app-password'; id: string; epoch: number }
type Caller = { id: string; address: string; name: string; credential: Credential }

/** Makes a route handler of work that only somebody who is signed in may ask for. */
export function jmapRoute<P = Record<string, never>>(work: (call: JmapCall<P>) => Promise<Response>) {
  return async (request: Request, route: { params: Promise<P> }): Promise<Response> => {
    try {
      const opened = await services()
      const caller = await callerOf(request, opened)
      if (caller instanceof Response) return caller
      const reading = request.method === 'GET' || request.method === 'HEAD'
      if (
        caller.credential.by === 'cookie' &&
        !reading &&
        !isSameOrigin(request.headers, opened.settings.PUBLIC_URL)
      ) {
        return problem({ type: 'about:blank', status: 403, detail: 'the request comes from another site' })
      }
      const { id, address, name } = caller
      const { db, spool, queues, directory, log } = opened
      const rate = parseSendingRate(opened.settings.SUBMISSION_RATE_PERSON)
      const context: JmapContext = {
        db,
        spool,
        queues,
        directory,
        log,
        person: { id, address, name },
        scan: opened.scan,
        giveUp: giveUpAfter(opened.settings.OUTBOUND_GIVE_UP),
        maySend: recipients => takeSending(opened, { id, address }, recipients, rate),
      }
      return await work({
        request,
        url: new URL(request.url),
        params: await route.params,
        services: opened,
        context,
        run: await openRun(context),
        credential: caller.credential,
      })
    } catch (error) {
      const reference = randomUUID()
      const { log } = await services().catch(() => ({ log: undefined }))
      log?.error({ event: 'jmap.request-failed', path: new URL(request.url).pathname, reference, error })
      return problem({ type: 'about:blank', status: 503, detail: `try again later; reference ${reference}` })
    }
  }
}

async function callerOf(request: Request, { db, limiter }: Services): Promise<Caller | Response> {
  const authorization = request.headers.get('authorization')
  if (authorization === null) {
    const person = await currentPerson()
    if (!person) return notSignedIn()
    return { ...person, credential: { by: 'cookie', session: person.sessionId } }
  }
  const given = basicCredentials(authorization)
  if (!given) return notSignedIn()
  const remoteAddress = request.headers.get('x-forwarded-for') ?? ''
  const result = await verifyAppPassword({ db, limiter }, { ...given, remoteAddress })
  switch (result.type) {
    case 'ok': {
      const { id, address, name, sessionEpoch } = result.person
      const used = { by: 'app-password' as const, id: result.credentialId ?? '', epoch: sessionEpoch }
      return { id, address, name, credential: used }
    }
    case 'refused':
      return notSignedIn(true)
    case 'limited':
      return problem(
        { type: 'about:blank', status: 429, detail: 'too many attempts' },
        { 'retry-after': String(result.retryAfter) },
      )
    default:
      return result satisfies never
  }
}

/** RFC 7617. */
function basicCredentials(authorization: string): { address: string; password: string } | null {
  const match = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization.trim())
  const text = match ? Buffer.from(match[1]!, 'base64').toString('utf8') : ''
  const colon = text.indexOf(':')
  return colon < 1 ? null : { address: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** A browser that shows our page must not be made to ask for a password in a window of its own. */
function notSignedIn(challenge = false): Response {
  return problem(
    { type: 'about:blank', status: 401, detail: 'sign in first' },
    challenge ? { 'www-authenticate': 'Basic realm="Restante", charset="UTF-8"' } : {},
  )
}

/** RFC 7807. */
export function problem(of: Problem, headers: Record<string, string> = {}): Response {
  return Response.json(of, {
    status: of.status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
  })
}

/** JSON that no cache keeps. */
export function json(data: unknown, status = 200): Response {
  return Response.json(data, { status, headers: { 'cache-control': 'no-store' } })
}
