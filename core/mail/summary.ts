/**
 * What a list of messages shows of a message, and what search and conversations go by.
 *
 * Every message gets one: one that can't be parsed is summed up from what its first lines give. Values are fit
 * for the database (no NUL, no lone surrogates) and bounded, so that no message can make its row too large.
 */
import {
  allHeaders,
  asAddresses,
  asDate,
  asMessageIds,
  asText,
  type HeaderField,
  lastHeader,
  type MailAddress,
} from './headers.ts'
import { bodiesOf, bodyValue, hasAttachment } from './parts.ts'
import { readStructure, type Structure } from './structure.ts'
import { cut, htmlToText, previewOf } from './text.ts'

export type Summary = {
  subject: string
  from: MailAddress[]
  to: MailAddress[]
  cc: MailAddress[]
  bcc: MailAddress[]
  replyTo: MailAddress[]
  sender: MailAddress[]
  sentAt: Date | null
  messageIds: string[]
  inReplyTo: string[]
  references: string[]
  preview: string
  hasAttachment: boolean
  /** Lower-case text for simple search. */
  search: string
}

/** `addressField`: characters of one field; there are six of them, parsed in one go. */
const LIMITS = {
  subject: 2_000,
  addresses: 500,
  addressField: 24 * 1024,
  ids: 200,
  idLength: 500,
  search: 20_000,
} as const

/** Reads a message once. @throws only what reading `content` throws */
export async function summarize(content: Buffer | AsyncIterable<Buffer>): Promise<Summary> {
  const structure = await readStructure(content, { keepText: 64 * 1024 })
  try {
    return summaryOf(structure)
  } catch {
    return emptySummary()
  }
}

export function summaryOf(structure: Structure): Summary {
  const { headers } = structure.root
  const bodies = bodiesOf(structure.root)
  const text = textOf(bodies)
  const subject = cut(asText(lastHeader(headers, 'subject') ?? ''), LIMITS.subject)
  const people = {
    from: addresses(headers, 'from'),
    to: addresses(headers, 'to'),
    cc: addresses(headers, 'cc'),
    bcc: addresses(headers, 'bcc'),
    replyTo: addresses(headers, 'reply-to'),
    sender: addresses(headers, 'sender'),
  }
  const date = lastHeader(headers, 'date')
  return {
    subject,
    ...people,
    sentAt: date === null ? null : asDate(date),
    messageIds: ids(headers, 'message-id'),
    inReplyTo: ids(headers, 'in-reply-to'),
    references: ids(headers, 'references'),
    preview: previewOf(text),
    hasAttachment: hasAttachment(bodies),
    search: searchText(
      subject,
      [...people.from, ...people.to, ...people.cc],
      bodies.attachments.map(part => part.name ?? ''),
      text,
    ),
  }
}

/** What stands for a message whose content can't be read at all. */
export function emptySummary(): Summary {
  return {
    subject: '',
    from: [],
    to: [],
    cc: [],
    bcc: [],
    replyTo: [],
    sender: [],
    sentAt: null,
    messageIds: [],
    inReplyTo: [],
    references: [],
    preview: '',
    hasAttachment: false,
    search: '',
  }
}

function textOf(bodies: ReturnType<typeof bodiesOf>): string {
  const part = bodies.textBody.find(p => p.type.startsWith('text/')) ?? bodies.htmlBody[0]
  if (!part?.type.startsWith('text/')) return ''
  const { value } = bodyValue(part)
  return part.type === 'text/html' ? htmlToText(value) : value
}

function addresses(headers: readonly HeaderField[], name: string): MailAddress[] {
  const value = lastHeader(headers, name)
  if (value === null) return []
  return asAddresses(value, LIMITS.addressField)
    .slice(0, LIMITS.addresses)
    .map(({ name: shown, email }) => ({ name: shown && cut(shown, 500), email: cut(email, 500) }))
}

function ids(headers: readonly HeaderField[], name: string): string[] {
  const all = allHeaders(headers, name).flatMap(value => asMessageIds(value) ?? [])
  const usable = all.filter(id => id.length <= LIMITS.idLength)
  // The first is the conversation's root, the last ones the nearest relatives.
  return usable.length <= LIMITS.ids ? usable : [usable[0]!, ...usable.slice(-(LIMITS.ids - 1))]
}

function searchText(subject: string, people: MailAddress[], names: string[], text: string): string {
  const pieces = [subject, ...people.flatMap(p => [p.name ?? '', p.email]), ...names, text]
  return cut(pieces.join(' ').replace(/\s+/g, ' ').toLowerCase(), LIMITS.search).trim()
}
