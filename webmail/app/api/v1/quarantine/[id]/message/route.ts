/**
 * GET /api/v1/quarantine/ID/message: the message itself, to be saved, never shown: it may be what it was
 * quarantined for. Audited before the first byte, because it is somebody else's mail.
 */
import { Readable } from 'node:stream'
import { audit } from '@restante/core/access/audit.ts'
import { heldDeliveries } from '@restante/core/ingest/dispose.ts'
import { readQuarantined } from '@restante/core/queue/quarantine.ts'
import { SpoolError } from '@restante/core/spool/types.ts'
import { downloadHeaders } from '../../../../../../server/jmap-download.ts'
import { adminRoute } from '../../../handler.ts'
import { isSameOrigin } from '../../../origin.ts'
import { problem } from '../../../problem.ts'

export const dynamic = 'force-dynamic'

export const GET = adminRoute<{ id: string }>(async ({ request, params, person, scope, services }) => {
  const { db, spool, settings } = services
  // A link on another page must not make somebody's browser fetch a virus, nor write it into the audit.
  const site = request.headers.get('sec-fetch-site')
  if (site && site !== 'none' && !isSameOrigin(request.headers, settings.PUBLIC_URL)) {
    return problem('other-origin')
  }
  const item = await readQuarantined(db, scope, params.id)
  const [held] = item ? await heldDeliveries(db, [item.id]) : []
  if (!item || !held) return problem('not-found')
  try {
    const { content, size } = await spool.read(held.location)
    await audit(db, {
      organizationId: item.organizationId,
      actor: person.address,
      action: 'quarantine.download',
      target: item.id,
      detail: { message: item.messageId },
    }).catch(error => {
      content.destroy()
      throw error
    })
    const headers = downloadHeaders({
      type: 'application/octet-stream',
      name: `${item.messageId}.eml`,
      size,
      inline: false,
    })
    return new Response(Readable.toWeb(content) as ReadableStream, { headers })
  } catch (error) {
    if (error instanceof SpoolError && (error.code === 'missing' || error.code === 'damaged')) {
      return problem('not-found', 'its content is lost')
    }
    throw error
  }
})
