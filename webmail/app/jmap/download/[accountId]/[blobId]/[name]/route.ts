/** Downloads (RFC 8620 §6.2). `?inline=1` asks to show what can be shown safely. */
import { Readable } from 'node:stream'
import { cleanType, openBlob } from '@restante/core/jmap/blob.ts'
import { grant } from '@restante/core/jmap/context.ts'
import { MethodError, problems } from '@restante/core/jmap/errors.ts'
import { jmapRoute, problem } from '../../../../../../server/jmap.ts'
import { downloadHeaders } from '../../../../../../server/jmap-download.ts'

export const dynamic = 'force-dynamic'

type Params = { accountId: string; blobId: string; name: string }

export const GET = jmapRoute<Params>(async ({ params, url, run }) => {
  const blob = await openGranted(run, params)
  if (!blob) return problem(problems.notFound())
  const headers = downloadHeaders({
    type: cleanType(url.searchParams.get('type') || blob.type),
    name: params.name || blob.name || 'download',
    size: blob.size,
    inline: url.searchParams.get('inline') === '1',
  })
  return new Response(Readable.toWeb(blob.content) as ReadableStream, { headers })
})

async function openGranted(
  run: Parameters<typeof grant>[0] & { context: Parameters<typeof openBlob>[0] },
  params: Params,
) {
  try {
    return await openBlob(run.context, grant(run, params.accountId), params.blobId)
  } catch (error) {
    if (error instanceof MethodError) return null
    throw error
  }
}
