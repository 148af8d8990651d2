/** JMAP's method calls (RFC 8620 §3). */
import { problems } from '@restante/core/jmap/errors.ts'
import { handle } from '@restante/core/jmap/handle.ts'
import { CORE_LIMITS } from '@restante/core/jmap/limits.ts'
import { jmapRoute, json, problem } from '../../../server/jmap.ts'

export const dynamic = 'force-dynamic'

export const POST = jmapRoute(async ({ request, context }) => {
  const type = request.headers.get('content-type') ?? ''
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    return problem(problems.notJson('the content type must be application/json'))
  }
  const text = await readText(request, CORE_LIMITS.maxSizeRequest)
  if (text === null) return problem(problems.limit('maxSizeRequest', 413))
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return problem(problems.notJson('the body is not JSON'))
  }
  const handled = await handle(body, context)
  return handled.type === 'ok' ? json(handled.body) : problem(handled.problem)
})

/** null when it is longer than `limit` bytes, of which no more are read. */
async function readText(request: Request, limit: number): Promise<string | null> {
  if (Number(request.headers.get('content-length') ?? 0) > limit) return null
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.length
    if (size > limit) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
