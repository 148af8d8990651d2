/**
 * An Email as JMAP shows it (RFC 8621 §4.1): what the row tells, and what only the message itself does.
 */
import type { Row } from '../db/schema.ts'
import {
  type AddressGroup,
  allHeaders,
  asAddresses,
  asDate,
  asGroupedAddresses,
  asMessageIds,
  asText,
  asUrls,
  type HeaderField,
} from '../mail/headers.ts'
import { type Bodies, bodiesOf, bodyValue, leavesOf } from '../mail/parts.ts'
import type { Part, Structure } from '../mail/structure.ts'
import { partBlob } from './blob.ts'
import { MethodError } from './errors.ts'

/** Properties that a row answers. */
export const ROW_PROPERTIES = [
  'id',
  'blobId',
  'threadId',
  'mailboxIds',
  'keywords',
  'size',
  'receivedAt',
  'messageId',
  'inReplyTo',
  'references',
  'sender',
  'from',
  'to',
  'cc',
  'bcc',
  'replyTo',
  'subject',
  'sentAt',
  'hasAttachment',
  'preview',
  'restante:delivery',
  'restante:sendAt',
  'restante:scan',
] as const
export const CONTENT_PROPERTIES = [
  'bodyStructure',
  'bodyValues',
  'textBody',
  'htmlBody',
  'attachments',
  'headers',
] as const
/** RFC 8621 §4.2. */
export const DEFAULT_PROPERTIES = [
  'id',
  'blobId',
  'threadId',
  'mailboxIds',
  'keywords',
  'size',
  'receivedAt',
  'messageId',
  'inReplyTo',
  'references',
  'sender',
  'from',
  'to',
  'cc',
  'bcc',
  'replyTo',
  'subject',
  'sentAt',
  'hasAttachment',
  'preview',
  'bodyValues',
  'textBody',
  'htmlBody',
  'attachments',
]
const PART_PROPERTIES = [
  'partId',
  'blobId',
  'size',
  'headers',
  'name',
  'type',
  'charset',
  'disposition',
  'cid',
  'language',
  'location',
  'subParts',
]
export const DEFAULT_PART_PROPERTIES = [
  'partId',
  'blobId',
  'size',
  'name',
  'type',
  'charset',
  'disposition',
  'cid',
  'language',
  'location',
]

export const keywordsView = (keywords: readonly string[]): Record<string, true> =>
  Object.fromEntries(keywords.map(keyword => [keyword, true as const]))

export function rowView(row: Omit<Row<'email'>, 'search' | 'thread_keys'>): Record<string, unknown> {
  const some = <T>(list: readonly T[]) => (list.length > 0 ? list : null)
  return {
    id: row.id,
    blobId: `M${row.message_id}`,
    threadId: row.thread_id,
    mailboxIds: { [row.folder_id]: true },
    keywords: keywordsView(row.keywords),
    size: row.size,
    receivedAt: utc(row.received_at),
    messageId: some(row.header_message_ids),
    inReplyTo: some(row.in_reply_to),
    references: some(row.reference_ids),
    sender: some(row.sender_list),
    from: some(row.from_list),
    to: some(row.to_list),
    cc: some(row.cc_list),
    bcc: some(row.bcc_list),
    replyTo: some(row.reply_to_list),
    subject: row.subject,
    sentAt: row.sent_at && utc(row.sent_at),
    hasAttachment: row.has_attachment,
    preview: row.preview,
  }
}

/** RFC 8620 §1.4: without a fraction of zero. */
export const utc = (date: Date): string => date.toISOString().replace('.000Z', 'Z')

export type BodyOptions = {
  bodyProperties: readonly string[]
  fetchTextBodyValues: boolean
  fetchHTMLBodyValues: boolean
  fetchAllBodyValues: boolean
  maxBodyValueBytes: number
}

/** @throws MethodError invalidArguments */
export function checkBodyProperties(names: readonly string[]): void {
  for (const name of names) {
    if (PART_PROPERTIES.includes(name)) continue
    if (!name.startsWith('header:')) throw new MethodError('invalidArguments', `bodyProperties: ${name}`)
    parseHeaderProperty(name)
  }
}

/** Everything that only the content answers, of those that are wanted. `messageId` null: nothing to name. */
export function contentView(
  structure: Structure,
  messageId: string | null,
  wanted: ReadonlySet<string>,
  options: BodyOptions,
): Record<string, unknown> {
  const { root } = structure
  const bodies = bodiesOf(root)
  const part = (one: Part) => partView(one, messageId, options.bodyProperties)
  const view: Record<string, unknown> = {}
  if (wanted.has('bodyStructure')) {
    const properties = [...options.bodyProperties, 'subParts']
    view.bodyStructure = partView(root, messageId, properties)
  }
  if (wanted.has('textBody')) view.textBody = bodies.textBody.map(part)
  if (wanted.has('htmlBody')) view.htmlBody = bodies.htmlBody.map(part)
  if (wanted.has('attachments')) view.attachments = bodies.attachments.map(part)
  if (wanted.has('bodyValues')) view.bodyValues = bodyValues(root, bodies, options)
  if (wanted.has('headers')) view.headers = root.headers
  for (const name of wanted) {
    if (name.startsWith('header:')) view[name] = headerValue(root.headers, parseHeaderProperty(name))
  }
  return view
}

function bodyValues(root: Part, bodies: Bodies, options: BodyOptions): Record<string, unknown> {
  const shown = new Set<Part>()
  if (options.fetchTextBodyValues) for (const part of bodies.textBody) shown.add(part)
  if (options.fetchHTMLBodyValues) for (const part of bodies.htmlBody) shown.add(part)
  if (options.fetchAllBodyValues) for (const part of leavesOf(root)) shown.add(part)
  return Object.fromEntries(
    [...shown]
      .filter(part => part.partId !== null && part.type.startsWith('text/') && part.text !== null)
      .map(part => [part.partId!, bodyValue(part, options.maxBodyValueBytes)]),
  )
}

function partView(part: Part, messageId: string | null, names: readonly string[]): Record<string, unknown> {
  const view: Record<string, unknown> = {}
  for (const name of names) {
    switch (name) {
      case 'partId':
        view.partId = part.partId
        break
      case 'blobId':
        view.blobId = part.partId !== null && messageId ? partBlob(messageId, part.partId) : null
        break
      case 'size':
        view.size = part.size
        break
      case 'headers':
        view.headers = part.headers
        break
      case 'name':
        view.name = part.name
        break
      case 'type':
        view.type = part.type
        break
      case 'charset':
        // RFC 8621 §4.1.4: implicit for text.
        view.charset = part.charset ?? (part.type.startsWith('text/') ? 'us-ascii' : null)
        break
      case 'disposition':
        view.disposition = part.disposition
        break
      case 'cid':
        view.cid = part.cid
        break
      case 'language':
        view.language = part.language
        break
      case 'location':
        view.location = part.location
        break
      case 'subParts':
        view.subParts = part.subParts?.map(sub => partView(sub, messageId, names)) ?? null
        break
      default:
        view[name] = headerValue(part.headers, parseHeaderProperty(name))
    }
  }
  return view
}

type Form = 'asRaw' | 'asText' | 'asAddresses' | 'asGroupedAddresses' | 'asMessageIds' | 'asDate' | 'asURLs'
export type HeaderProperty = { name: string; form: Form; all: boolean }

const ADDRESS_FIELDS =
  `from sender reply-to to cc bcc resent-from resent-sender resent-reply-to resent-to resent-cc
  resent-bcc`.split(/\s+/)
const ID_FIELDS = ['message-id', 'in-reply-to', 'references', 'resent-message-id']
const DATE_FIELDS = ['date', 'resent-date']
const URL_FIELDS = `list-help list-unsubscribe list-subscribe list-post list-owner list-archive`.split(/\s+/)
const TEXT_FIELDS = ['subject', 'comments', 'keywords', 'list-id']

/** RFC 8621 §4.1.3. @throws MethodError invalidArguments */
export function parseHeaderProperty(property: string): HeaderProperty {
  const match =
    /^header:([\x21-\x39\x3b-\x7e]{1,200}?)(?::(asRaw|asText|asAddresses|asGroupedAddresses|asMessageIds|asDate|asURLs))?(:all)?$/.exec(
      property,
    )
  if (!match) throw new MethodError('invalidArguments', property.slice(0, 200))
  const form = (match[2] ?? 'asRaw') as Form
  const name = match[1]!
  if (!formFits(name.toLowerCase(), form)) throw new MethodError('invalidArguments', property)
  return { name, form, all: match[3] !== undefined }
}

/** RFC 8621 §4.1.2: a form is only for the fields that it is defined for, and for those nobody defined. */
function formFits(field: string, form: Form): boolean {
  if (form === 'asRaw') return true
  const fields: [Form[], readonly string[]][] = [
    [['asAddresses', 'asGroupedAddresses'], ADDRESS_FIELDS],
    [['asMessageIds'], ID_FIELDS],
    [['asDate'], DATE_FIELDS],
    [['asURLs'], URL_FIELDS],
    [['asText'], TEXT_FIELDS],
  ]
  const own = fields.find(([, names]) => names.includes(field))
  return own ? own[0].includes(form) : true
}

function headerValue(headers: readonly HeaderField[], { name, form, all }: HeaderProperty): unknown {
  const values = allHeaders(headers, name)
  if (all) return values.map(value => inForm(value, form))
  const last = values.at(-1)
  return last === undefined ? null : inForm(last, form)
}

function inForm(value: string, form: Form): unknown {
  switch (form) {
    case 'asRaw':
      return value
    case 'asText':
      return asText(value)
    case 'asAddresses':
      return asAddresses(value)
    case 'asGroupedAddresses':
      return asGroupedAddresses(value) satisfies AddressGroup[]
    case 'asMessageIds':
      return asMessageIds(value)
    case 'asDate': {
      const date = asDate(value)
      return date && utc(date)
    }
    case 'asURLs':
      return asUrls(value)
    default:
      return form satisfies never
  }
}
