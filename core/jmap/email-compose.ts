/** The properties of a new Email (RFC 8621 §4.6) as a message: read, checked, composed. */

import { z } from 'zod'
import {
  type ComposedAttachment,
  type Composition,
  compose,
  isFieldName,
  newMessageId,
} from '../mail/compose.ts'
import { asAddresses, type MailAddress } from '../mail/headers.ts'
import { cleanType, readBlob } from './blob.ts'
import type { Granted, Run } from './context.ts'
import { invalidProperties, ObjectError } from './errors.ts'
import { MAIL_LIMITS } from './limits.ts'
import { createdId } from './references.ts'

const line = z.string().max(10_000)
const addressList = z.array(z.object({ name: line.nullish(), email: z.string().max(500) })).max(1_000)
const ids = z.array(z.string().max(500)).max(500)

type Part = {
  partId?: string | null
  blobId?: string | null
  type?: string | null
  name?: string | null
  cid?: string | null
  disposition?: string | null
  subParts?: Part[] | null
}
const partSchema: z.ZodType<Part> = z.lazy(() =>
  z.object({
    partId: z.string().nullish(),
    blobId: z.string().nullish(),
    type: z.string().nullish(),
    name: line.nullish(),
    cid: z.string().max(500).nullish(),
    disposition: z.string().max(100).nullish(),
    subParts: z.array(partSchema).max(100).nullish(),
  }),
)

const SCHEMAS = {
  from: addressList,
  sender: addressList,
  to: addressList,
  cc: addressList,
  bcc: addressList,
  replyTo: addressList,
  subject: line,
  sentAt: z.iso.datetime({ offset: true }),
  messageId: ids,
  inReplyTo: ids,
  references: ids,
  bodyStructure: partSchema,
  textBody: z.array(partSchema).max(1),
  htmlBody: z.array(partSchema).max(1),
  attachments: z.array(partSchema).max(200),
  bodyValues: z.record(
    z.string(),
    z.object({
      value: z.string(),
      isEncodingProblem: z.literal(false).optional(),
      isTruncated: z.literal(false).optional(),
    }),
  ),
} as const
type Given = { [N in keyof typeof SCHEMAS]?: z.output<(typeof SCHEMAS)[N]> | null }

/** @throws ObjectError invalidProperties, blobNotFound, tooLarge */
export async function composeEmail(
  run: Run,
  account: Granted,
  properties: Record<string, unknown>,
): Promise<Buffer> {
  const given: Given = {}
  const headers: { name: string; value: string }[] = []
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith('header:')) headers.push(headerOf(name, value))
    else if (Object.hasOwn(SCHEMAS, name)) {
      const result = SCHEMAS[name as keyof typeof SCHEMAS].nullable().safeParse(value)
      if (!result.success) throw invalidProperties([name])
      Object.assign(given, { [name]: result.data })
    } else throw invalidProperties([name.slice(0, 200)])
  }
  const from = people(given.from) ?? [{ name: account.name || null, email: account.address }]
  const body = await bodyOf(run, account, given)
  const composition: Composition = {
    from,
    sender: people(given.sender),
    to: people(given.to),
    cc: people(given.cc),
    bcc: people(given.bcc),
    replyTo: people(given.replyTo),
    subject: given.subject ?? undefined,
    date: given.sentAt ? new Date(given.sentAt) : run.now(),
    messageId: given.messageId?.[0] ?? newMessageId(from[0]?.email || account.address),
    inReplyTo: given.inReplyTo ?? undefined,
    references: given.references ?? undefined,
    headers,
    ...body,
  }
  return await compose(composition)
}

const people = (
  list: { name?: string | null; email: string }[] | null | undefined,
): MailAddress[] | undefined => list?.map(({ name, email }) => ({ name: name || null, email: email.trim() }))

/** Further fields, as raw or as text. Those with a property of their own go by that. */
function headerOf(property: string, value: unknown): { name: string; value: string } {
  const match = /^header:([^:]+)(?::(asRaw|asText|asAddresses|asMessageIds|asURLs))?$/.exec(property)
  const name = match?.[1] ?? ''
  if (!isFieldName(name) || /^content-/i.test(name) || OWN_FIELDS.has(name.toLowerCase())) {
    throw invalidProperties([property.slice(0, 200)])
  }
  const text = Array.isArray(value) ? asList(value, match?.[2]) : value
  if (typeof text !== 'string' || text.length > 10_000) throw invalidProperties([property.slice(0, 200)])
  return { name, value: text.trim() }
}

function asList(value: unknown[], form: string | undefined): string | null {
  if (form === 'asMessageIds' || form === 'asURLs') return value.map(item => `<${String(item)}>`).join(' ')
  if (form !== 'asAddresses') return null
  return value
    .map(item => item as { name?: string; email?: string })
    .map(({ name, email }) => (name ? `"${name.replace(/["\\]/g, '')}" <${email}>` : String(email)))
    .filter(text => asAddresses(text).length > 0)
    .join(', ')
}

const OWN_FIELDS = new Set(
  `from sender to cc bcc reply-to subject date message-id in-reply-to references mime-version received return-path
  dkim-signature authentication-results`.split(/\s+/),
)

type Body = Pick<Composition, 'text' | 'html' | 'attachments'>

async function bodyOf(run: Run, account: Granted, given: Given): Promise<Body> {
  if (given.bodyStructure && (given.textBody || given.htmlBody || given.attachments)) {
    throw invalidProperties(['bodyStructure'])
  }
  const body: Body & { attachments: ComposedAttachment[] } = { attachments: [] }
  const leaves = given.bodyStructure
    ? flatten(given.bodyStructure)
    : [...(given.textBody ?? []), ...(given.htmlBody ?? []), ...(given.attachments ?? [])]
  const blobs = new Map<string, Buffer>()
  let size = 0
  for (const part of leaves) {
    const type = cleanType(part.type ?? 'text/plain')
    if (part.partId != null) {
      const value = given.bodyValues?.[part.partId]?.value
      if (value === undefined || part.blobId != null) throw invalidProperties(['bodyValues'])
      if (type === 'text/plain' && body.text === undefined) body.text = value
      else if (type === 'text/html' && body.html === undefined) body.html = value
      else body.attachments.push({ ...detailsOf(part, type), content: Buffer.from(value) })
      continue
    }
    const content = await blobContent(run, account, part, blobs)
    size += content.length
    if (size > MAIL_LIMITS.maxSizeAttachmentsPerEmail) throw new ObjectError('tooLarge')
    body.attachments.push({ ...detailsOf(part, type), content })
  }
  return body
}

function flatten(part: Part): Part[] {
  return part.subParts ? part.subParts.flatMap(flatten) : [part]
}

function detailsOf(part: Part, type: string): Omit<ComposedAttachment, 'content'> {
  return {
    type: type === 'message/rfc822' || !type.startsWith('message/') ? type : 'application/octet-stream',
    name: part.name ?? null,
    cid: part.cid || null,
    disposition: part.disposition === 'inline' ? 'inline' : part.disposition ? 'attachment' : null,
  }
}

async function blobContent(
  run: Run,
  account: Granted,
  part: Part,
  blobs: Map<string, Buffer>,
): Promise<Buffer> {
  const blobId = part.blobId == null ? null : createdId(part.blobId, run.createdIds)
  if (!blobId) throw invalidProperties(['attachments'])
  const known = blobs.get(blobId)
  if (known) return known
  const blob = await readBlob(run.context, account, blobId)
  if (!blob) throw new ObjectError('blobNotFound', { notFound: [blobId] })
  blobs.set(blobId, blob.content)
  return blob.content
}
