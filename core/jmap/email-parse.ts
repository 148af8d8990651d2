/** Email/parse (RFC 8621 §4.9): a message that is nobody's e-mail yet, or was found inside of one. */
import { z } from 'zod'
import { readStructure } from '../mail/structure.ts'
import { summaryOf } from '../mail/summary.ts'
import { type Arguments, pick, read } from './arguments.ts'
import { openBlob } from './blob.ts'
import { grant, type Run } from './context.ts'
import { bodyOptions, wantedProperties } from './email-get.ts'
import { contentView, DEFAULT_PROPERTIES, utc } from './email-view.ts'
import { CORE_LIMITS } from './limits.ts'

const parseArguments = z.object({
  accountId: z.string(),
  blobIds: z.array(z.string()).max(CORE_LIMITS.maxObjectsInGet),
  properties: z.array(z.string()).nullish(),
})

/** Properties that a message has without being anybody's. */
const PARSE_DEFAULTS = DEFAULT_PROPERTIES.filter(
  name => !['id', 'threadId', 'mailboxIds', 'keywords', 'receivedAt', 'blobId', 'size'].includes(name),
)

export async function emailParse(given: Arguments, run: Run) {
  const { accountId, blobIds, properties } = read(parseArguments, given)
  const account = grant(run, accountId)
  const wanted = wantedProperties(properties ?? PARSE_DEFAULTS)
  const options = bodyOptions(given)
  const parsed: Record<string, unknown> = {}
  const notFound: string[] = []
  for (const blobId of new Set(blobIds)) {
    const blob = await openBlob(run.context, account, blobId)
    if (!blob) {
      notFound.push(blobId)
      continue
    }
    const structure = await readStructure(blob.content, { keepText: 1_500_000 })
    const summary = summaryOf(structure)
    const some = <T>(list: readonly T[]) => (list.length > 0 ? list : null)
    parsed[blobId] = {
      ...pick(
        {
          id: null,
          blobId,
          threadId: null,
          mailboxIds: null,
          keywords: null,
          receivedAt: null,
          size: blob.size,
          messageId: some(summary.messageIds),
          inReplyTo: some(summary.inReplyTo),
          references: some(summary.references),
          sender: some(summary.sender),
          from: some(summary.from),
          to: some(summary.to),
          cc: some(summary.cc),
          bcc: some(summary.bcc),
          replyTo: some(summary.replyTo),
          subject: summary.subject,
          sentAt: summary.sentAt && utc(summary.sentAt),
          hasAttachment: summary.hasAttachment,
          preview: summary.preview,
        },
        properties ? wanted : new Set([...wanted].filter(name => name !== 'id')),
      ),
      // Parts of a message within a message have no blob of their own here.
      ...contentView(structure, null, wanted, options),
    }
  }
  return {
    accountId: account.id,
    parsed: Object.keys(parsed).length ? parsed : null,
    notParsable: null,
    notFound: notFound.length ? notFound : null,
  }
}
