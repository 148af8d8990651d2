/** All attachments of a message in one ZIP archive, made as it is sent. */
import { Readable } from 'node:stream'
import { openMessage } from '@restante/core/jmap/blob.ts'
import { problems } from '@restante/core/jmap/errors.ts'
import { bodiesOf } from '@restante/core/mail/parts.ts'
import { readPart, readStructure } from '@restante/core/mail/structure.ts'
import { jmapRoute, problem } from '../../../../../server/jmap.ts'
import { downloadHeaders } from '../../../../../server/jmap-download.ts'
import { grantedEmail } from '../../../../../server/message-access.ts'
import { type ZipFile, zip } from '../../../../../server/zip.ts'

export const dynamic = 'force-dynamic'

export const GET = jmapRoute<{ accountId: string; emailId: string }>(async ({ params, run }) => {
  const found = await grantedEmail(run, params)
  const open = async () =>
    found && (await openMessage(run.context, found.account, found.row.message_id))?.content
  const content = await open()
  if (!found || !content) return problem(problems.notFound())
  const { root } = await readStructure(content, { keepText: 0 })
  const parts = bodiesOf(root).attachments.filter(part => part.partId !== null)
  async function* files(): AsyncGenerator<ZipFile> {
    for (const part of parts) {
      const again = await open()
      const read = again && part.partId ? await readPart(again, part.partId) : null
      if (read) yield { name: part.name ?? 'attachment', content: read.content }
    }
  }
  const name = `${found.row.subject.trim().slice(0, 80) || 'attachments'}.zip`
  return new Response(Readable.toWeb(Readable.from(zip(files(), found.row.received_at))) as ReadableStream, {
    headers: downloadHeaders({ type: 'application/zip', name, size: null, inline: false }),
  })
})
