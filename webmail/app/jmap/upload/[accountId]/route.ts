/** Uploads (RFC 8620 §6.1). */
import { upload } from '@restante/core/jmap/blob.ts'
import { problems } from '@restante/core/jmap/errors.ts'
import { CORE_LIMITS } from '@restante/core/jmap/limits.ts'
import { jmapRoute, json, problem } from '../../../../server/jmap.ts'

export const dynamic = 'force-dynamic'

/** Uploads of one person under way in this process. */
const underWay = new Map<string, number>()

export const POST = jmapRoute<{ accountId: string }>(async ({ request, params, run }) => {
  if (Number(request.headers.get('content-length') ?? 0) > CORE_LIMITS.maxSizeUpload) {
    return problem(problems.limit('maxSizeUpload', 413))
  }
  const { id } = run.context.person
  const busy = underWay.get(id) ?? 0
  if (busy >= CORE_LIMITS.maxConcurrentUpload) return problem(problems.limit('maxConcurrentUpload', 429))
  underWay.set(id, busy + 1)
  try {
    const type = request.headers.get('content-type') ?? 'application/octet-stream'
    const result = await upload(run, params.accountId, request.body ?? emptyBody(), type)
    return result.type === 'ok' ? json(result.body, 201) : problem(result.problem)
  } finally {
    const left = (underWay.get(id) ?? 1) - 1
    if (left > 0) underWay.set(id, left)
    else underWay.delete(id)
  }
})

async function* emptyBody(): AsyncGenerator<Uint8Array> {}
