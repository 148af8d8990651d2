/** The page's way to /api/v1: JSON in, JSON out, refusals as one kind of error with words for people. */

export class ApiFailure extends Error {
  override name = 'ApiFailure'
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** GET, or POST when there is a body, unless told. @throws ApiFailure; `status` 0 when nothing answered */
export async function call<T>(
  path: string,
  body?: unknown,
  method: 'POST' | 'PATCH' | 'DELETE' = 'POST',
): Promise<T> {
  let answer: Response
  try {
    answer = await fetch(`/api/v1/${path}`, {
      ...(body !== undefined && {
        method,
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
      cache: 'no-store',
    })
  } catch {
    throw new ApiFailure(0, '')
  }
  const content: unknown = await answer.json().catch(() => null)
  if (!answer.ok) {
    const { detail, title } = (content ?? {}) as { detail?: string; title?: string }
    throw new ApiFailure(answer.status, detail ?? title ?? String(answer.status))
  }
  return content as T
}
