/** Errors of the API as problem details (RFC 9457). Codes are stable; details are one line and fit for people. */

export type ProblemCode =
  | 'not-signed-in'
  | 'not-found'
  | 'bad-request'
  | 'other-origin'
  | 'conflict'
  | 'unavailable'
  | 'internal'

const ledger: Record<ProblemCode, { status: number; title: string }> = {
  'not-signed-in': { status: 401, title: 'Sign in first' },
  'not-found': { status: 404, title: 'There is no such thing here' },
  'bad-request': { status: 400, title: 'The request can not be understood' },
  'other-origin': { status: 403, title: 'Changes are taken from the pages of this gateway only' },
  conflict: { status: 409, title: 'It is not in a state for that' },
  unavailable: { status: 503, title: 'Not available now, try again soon' },
  internal: { status: 500, title: 'Something went wrong here; it was logged' },
}

export type Problem = {
  type: string
  title: string
  status: number
  detail?: string
  errors?: { pointer: string; detail: string }[]
}

export function problem(
  code: ProblemCode,
  detail?: string,
  errors?: { pointer: string; detail: string }[],
): Response {
  const { status, title } = ledger[code]
  const body: Problem = {
    type: `urn:restante:problem:${code}`,
    title,
    status,
    ...(detail && { detail }),
    ...(errors && { errors }),
  }
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
  })
}
