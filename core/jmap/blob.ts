/**
 * Blobs (RFC 8620 §6): `M<message>` a whole message, `M<message>-<part>` one of its parts, decoded (the dots
 * of the part's number as _, which an id may hold), `U<upload>` what a client uploaded.
 *
 * A message's blob belongs to an account that has an e-mail of it; whoever else names it gets nothing.
 */
import { Readable } from 'node:stream'
import { sql } from 'kysely'
import { z } from 'zod'
import { newId } from '../db/id.ts'
import { readPart } from '../mail/structure.ts'
import { SpoolError } from '../spool/types.ts'
import { type Arguments, isUuid, read } from './arguments.ts'
import { type Granted, grant, type JmapContext, type Run } from './context.ts'
import { MethodError, type Problem, problems, type SetError } from './errors.ts'
import { CORE_LIMITS, MAX_UPLOADS_WAITING } from './limits.ts'

export const messageBlob = (messageId: string): string => `M${messageId}`
export const partBlob = (messageId: string, partId: string): string =>
  `M${messageId}-${partId.replaceAll('.', '_')}`
const uploadBlob = (uploadId: string): string => `U${uploadId}`

type BlobId =
  | { kind: 'message'; messageId: string; partId: string | null }
  | { kind: 'upload'; uploadId: string }

function parseBlobId(text: string): BlobId | null {
  const uuid = text.slice(1, 37)
  if (!isUuid(uuid)) return null
  const rest = text.slice(37)
  if (text.startsWith('U') && rest === '') return { kind: 'upload', uploadId: uuid }
  if (!text.startsWith('M')) return null
  if (rest === '') return { kind: 'message', messageId: uuid, partId: null }
  const part = /^-((?:\d{1,4}_){0,20}(?:\d{1,4}|T))$/.exec(rest)
  return part ? { kind: 'message', messageId: uuid, partId: part[1]!.replaceAll('_', '.') } : null
}

export type OpenedBlob = {
  content: Readable
  type: string
  /** null when it is not known before it is read. */
  size: number | null
  name: string | null
}

/** null when the account has no such blob. @throws SpoolError when the spool is away */
export async function openBlob(
  context: Pick<JmapContext, 'db' | 'spool'>,
  account: Granted,
  blobId: string,
): Promise<OpenedBlob | null> {
  const parsed = parseBlobId(blobId)
  if (!parsed) return null
  if (parsed.kind === 'upload') {
    const row = await context.db
      .selectFrom('upload')
      .select(['content', 'type'])
      .where('id', '=', parsed.uploadId)
      .where('mailbox_id', '=', account.id)
      .executeTakeFirst()
    if (!row) return null
    return { content: Readable.from([row.content]), type: row.type, size: row.content.length, name: null }
  }
  const content = await openMessage(context, account, parsed.messageId)
  if (!content) return null
  if (parsed.partId === null) {
    return { content: content.content, type: 'message/rfc822', size: content.size, name: null }
  }
  const found = await readPart(content.content, parsed.partId)
  if (!found) return null
  return { content: found.content, type: found.part.type, size: null, name: found.part.name }
}

/** A message's content; null when the account has no e-mail of it, or its content is gone. */
export async function openMessage(
  context: Pick<JmapContext, 'db' | 'spool'>,
  account: Granted,
  messageId: string,
): Promise<{ content: Readable; size: number } | null> {
  const row = await context.db
    .selectFrom('message')
    .select(['segment', 'position'])
    .where('id', '=', messageId)
    .where(eb =>
      eb.exists(
        eb
          .selectFrom('email')
          .select('email.id')
          .whereRef('email.message_id', '=', 'message.id')
          .where('email.mailbox_id', '=', account.id),
      ),
    )
    .executeTakeFirst()
  if (!row) return null
  try {
    const { content, size } = await context.spool.read(row)
    return { content, size }
  } catch (error) {
    if (error instanceof SpoolError && (error.code === 'missing' || error.code === 'damaged')) return null
    throw error
  }
}

/** All of a blob, for composing and importing. @throws MethodError requestTooLarge beyond the limit */
export async function readBlob(
  context: Pick<JmapContext, 'db' | 'spool'>,
  account: Granted,
  blobId: string,
  limit: number = CORE_LIMITS.maxSizeUpload,
): Promise<{ content: Buffer; type: string; name: string | null } | null> {
  const blob = await openBlob(context, account, blobId)
  if (!blob) return null
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of blob.content) {
    size += (chunk as Buffer).length
    if (size > limit) {
      blob.content.destroy()
      throw new MethodError('requestTooLarge')
    }
    chunks.push(chunk as Buffer)
  }
  return { content: Buffer.concat(chunks), type: blob.type, name: blob.name }
}

export type UploadResult =
  | { type: 'ok'; body: { accountId: string; blobId: string; type: string; size: number } }
  | { type: 'refused'; problem: Problem }

/** RFC 8620 §6.1. What was uploaded is kept for a day, or until it is used and then for the rest of it. */
export async function upload(
  run: Run,
  accountId: string,
  content: AsyncIterable<Uint8Array>,
  type: string,
): Promise<UploadResult> {
  const account = run.accounts.find(one => one.id === accountId)
  if (!account) return { type: 'refused', problem: problems.notFound() }
  const { db, person } = run.context
  await db
    .deleteFrom('upload')
    .where('person_id', '=', person.id)
    .where('created_at', '<', sql<Date>`now() - interval '1 day'`)
    .execute()
  const waiting = await db
    .selectFrom('upload')
    .select(sql<number>`coalesce(sum(length(content)), 0)::bigint`.as('size'))
    .where('person_id', '=', person.id)
    .executeTakeFirstOrThrow()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of content) {
    size += chunk.length
    if (size > CORE_LIMITS.maxSizeUpload) {
      return { type: 'refused', problem: problems.limit('maxSizeUpload', 413) }
    }
    if (waiting.size + size > MAX_UPLOADS_WAITING) {
      return { type: 'refused', problem: problems.limit('uploads waiting', 413) }
    }
    chunks.push(chunk)
  }
  const id = newId()
  const clean = cleanType(type)
  await db
    .insertInto('upload')
    .values({
      id,
      mailbox_id: account.id,
      person_id: person.id,
      type: clean,
      content: Buffer.concat(chunks),
    })
    .execute()
  return { type: 'ok', body: { accountId: account.id, blobId: uploadBlob(id), type: clean, size } }
}

/** A media type that can stand in a header, without parameters. */
export function cleanType(type: string): string {
  const bare = type.split(';')[0]!.trim().toLowerCase()
  return /^[a-z0-9!#$&^_.+-]{1,100}\/[a-z0-9!#$&^_.+-]{1,100}$/.test(bare) ? bare : 'application/octet-stream'
}

const copyArguments = z.object({
  fromAccountId: z.string(),
  accountId: z.string(),
  blobIds: z.array(z.string()).max(CORE_LIMITS.maxObjectsInSet),
})

/** Blob/copy (RFC 8620 §6.3): the copy is an upload of the other account. */
export async function blobCopy(given: Arguments, run: Run) {
  const { fromAccountId, accountId, blobIds } = read(copyArguments, given)
  const from = grant(run, fromAccountId, 'fromAccountNotFound')
  const to = grant(run, accountId)
  const copied: Record<string, string> = {}
  const notCopied: Record<string, SetError> = {}
  for (const blobId of new Set(blobIds)) {
    const blob = await openBlob(run.context, from, blobId)
    const result = blob && (await upload(run, to.id, blob.content, blob.type))
    if (!result) notCopied[blobId] = { type: 'notFound' }
    else if (result.type === 'refused') notCopied[blobId] = { type: 'tooLarge' }
    else copied[blobId] = result.body.blobId
  }
  return {
    fromAccountId: from.id,
    accountId: to.id,
    copied: Object.keys(copied).length ? copied : null,
    notCopied: Object.keys(notCopied).length ? notCopied : null,
  }
}
