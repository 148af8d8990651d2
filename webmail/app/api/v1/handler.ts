/**
 * What stands around every handler of the admin API: who asks, for whose rows, from where, and what becomes
 * of errors. Every handler of this folder is made by `adminRoute`, but for two: openapi.json, which tells of
 * nobody, and continuity, which is for users and asks for itself.
 *
 * People without the role get 404, as if there were nothing: who may not administer need not know what can
 * be administered. Changes need the page's own origin, because the session is a cookie.
 */
import { randomUUID } from 'node:crypto'
import type { Scope } from '@restante/core/queue/scope.ts'
import type { z } from 'zod'
import { type Services, services } from '../../../server/services.ts'
import { currentPerson, type SignedIn } from '../../../server/session.ts'
import { isSameOrigin } from './origin.ts'
import { problem } from './problem.ts'
import { scopeOf } from './scope.ts'

export type Call<P> = {
  request: Request
  url: URL
  person: SignedIn
  scope: Scope
  services: Services
  params: P
}

type NextContext<P> = { params: Promise<P> }

/** Makes a route handler of work that only admins and operators may ask for. */
export function adminRoute<P = Record<string, never>>(work: (call: Call<P>) => Promise<Response>) {
  return async (request: Request, context: NextContext<P>): Promise<Response> => {
    try {
      const person = await currentPerson()
      if (!person) return problem('not-signed-in')
      const scope = scopeOf(person)
      if (!scope) return problem('not-found')
      const opened = await services()
      if (request.method !== 'GET' && !isSameOrigin(request.headers, opened.settings.PUBLIC_URL)) {
        return problem('other-origin')
      }
      return await work({
        request,
        url: new URL(request.url),
        person,
        scope,
        services: opened,
        params: await context.params,
      })
    } catch (error) {
      const reference = randomUUID()
      const { log } = await services().catch(() => ({ log: undefined }))
      log?.error({ event: 'api.failed', path: new URL(request.url).pathname, reference, error })
      return problem('internal', `Reference ${reference}`)
    }
  }
}

/** JSON that no cache keeps. */
export function json(data: unknown, status = 200): Response {
  return Response.json(data, { status, headers: { 'cache-control': 'no-store' } })
}

/** What a schema says of the query string; repeated names become lists only where the schema wants one. */
export function readQuery<S extends z.ZodType>(schema: S, url: URL): Read<z.output<S>> {
  const values: Record<string, string> = {}
  for (const [name, value] of url.searchParams) if (value !== '') values[name] = value
  return checked(schema, values)
}

/** Largest JSON body taken, in bytes. */
const BODY = 1_000_000

export async function readBody<S extends z.ZodType>(schema: S, request: Request): Promise<Read<z.output<S>>> {
  const type = request.headers.get('content-type') ?? ''
  if (!/^application\/json\b/i.test(type)) {
    return { ok: false, refusal: problem('bad-request', 'the body must be application/json') }
  }
  if (Number(request.headers.get('content-length') ?? 0) > BODY) {
    return { ok: false, refusal: problem('bad-request', `the body must not exceed ${BODY} bytes`) }
  }
  const text = await request.text()
  if (text.length > BODY) {
    return { ok: false, refusal: problem('bad-request', `the body must not exceed ${BODY} bytes`) }
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { ok: false, refusal: problem('bad-request', 'the body is not JSON') }
  }
  return checked(schema, value)
}

export type Read<T> = { ok: true; value: T } | { ok: false; refusal: Response }

function checked<S extends z.ZodType>(schema: S, value: unknown): Read<z.output<S>> {
  const result = schema.safeParse(value)
  if (result.success) return { ok: true, value: result.data }
  const errors = result.error.issues.map(issue => ({
    pointer: `/${issue.path.map(String).join('/')}`,
    detail: issue.message,
  }))
  return { ok: false, refusal: problem('bad-request', errors[0]?.detail, errors) }
}
