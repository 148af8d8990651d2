/**
 * A message that one of our people wrote, as RFC 5322 bytes (through nodemailer's MailComposer).
 *
 * Bcc stays in the bytes, because they are the sender's own copy; `withoutBcc` takes it out of what is sent
 * (RFC 5322 §3.6.3). Nothing is ever fetched: no file, no URL.
 */
import { randomUUID } from 'node:crypto'
import MailComposer from 'nodemailer/lib/mail-composer'
import { domainOf } from '../directory/addresses.ts'
import type { MailAddress } from './headers.ts'

export type ComposedAttachment = {
  content: Buffer
  type: string
  name: string | null
  /** Without angle brackets; named by the HTML as cid:… */
  cid: string | null
  disposition: 'attachment' | 'inline' | null
}

export type Composition = {
  from: readonly MailAddress[]
  sender?: readonly MailAddress[]
  to?: readonly MailAddress[]
  cc?: readonly MailAddress[]
  bcc?: readonly MailAddress[]
  replyTo?: readonly MailAddress[]
  subject?: string
  date: Date
  /** Without angle brackets; the first is used. */
  messageId: string
  inReplyTo?: readonly string[]
  references?: readonly string[]
  /** Further fields. Names and values were checked with `isFieldName` and are single lines. */
  headers?: readonly { name: string; value: string }[]
  text?: string
  html?: string
  attachments?: readonly ComposedAttachment[]
}

/** An id of ours for a new message (RFC 5322 §3.6.4), under the domain of its sender. */
export function newMessageId(from: string): string {
  return `${randomUUID()}@${domainOf(from) || 'restante.invalid'}`
}

/** RFC 5322 §2.2: printable ASCII without the colon. */
export function isFieldName(name: string): boolean {
  return /^[\x21-\x39\x3b-\x7e]{1,200}$/.test(name)
}

export async function compose(mail: Composition): Promise<Buffer> {
  const composer = new MailComposer({
    from: addresses(mail.from),
    sender: mail.sender?.length ? addresses(mail.sender.slice(0, 1)) : undefined,
    to: addresses(mail.to),
    cc: addresses(mail.cc),
    bcc: addresses(mail.bcc),
    replyTo: addresses(mail.replyTo),
    subject: oneLine(mail.subject ?? ''),
    date: mail.date,
    messageId: `<${oneLine(mail.messageId)}>`,
    inReplyTo: mail.inReplyTo?.length ? bracketed(mail.inReplyTo).join(' ') : undefined,
    references: mail.references?.length ? bracketed(mail.references) : undefined,
    headers: mail.headers?.map(({ name, value }) => ({ key: name, value: oneLine(value) })),
    text: mail.text ?? (mail.html === undefined ? '' : undefined),
    html: mail.html,
    attachments: mail.attachments?.map(part => ({
      content: part.content,
      contentType: part.type,
      filename: part.name ?? false,
      ...(part.cid !== null && { cid: oneLine(part.cid) }),
      contentDisposition: part.disposition ?? (part.cid === null ? 'attachment' : 'inline'),
    })),
    disableFileAccess: true,
    disableUrlAccess: true,
    newline: 'win',
  })
  const node = composer.compile()
  node.keepBcc = true
  return await node.build()
}

function addresses(list: readonly MailAddress[] | undefined) {
  if (!list?.length) return undefined
  return list.map(({ name, email }) => ({ name: oneLine(name ?? ''), address: oneLine(email) }))
}

const bracketed = (ids: readonly string[]) => ids.map(id => `<${oneLine(id).replace(/[<>\s]/g, '')}>`)

/** No value may begin a field of its own. */
function oneLine(text: string): string {
  return text.replace(/[\r\n\0]+/g, ' ').trim()
}

/** Longest header that is looked through, in octets; beyond it the message goes on unchanged. */
const MAX_HEAD = 1024 * 1024

/** The same message without its Bcc and Resent-Bcc fields, as it comes. */
export async function* withoutBcc(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let head: Buffer | null = Buffer.alloc(0)
  for await (const chunk of content) {
    if (head === null) {
      yield chunk
      continue
    }
    head = Buffer.concat([head, chunk])
    const end = headEnd(head)
    if (end < 0 && head.length < MAX_HEAD) continue
    const cut: number = end < 0 ? head.length : end
    yield dropBcc(head.subarray(0, cut))
    if (cut < head.length) yield head.subarray(cut)
    head = null
  }
  if (head?.length) yield dropBcc(head)
}

/** Where the empty line after the header begins. */
function headEnd(bytes: Buffer): number {
  const crlf = bytes.indexOf('\r\n\r\n')
  const lf = bytes.indexOf('\n\n')
  if (crlf < 0) return lf < 0 ? -1 : lf + 1
  return lf >= 0 && lf < crlf ? lf + 1 : crlf + 2
}

function dropBcc(head: Buffer): Buffer {
  const fields = head.toString('latin1').split(/(?<=\n)(?![ \t])/)
  return Buffer.from(fields.filter(field => !/^(resent-)?bcc[ \t]*:/i.test(field)).join(''), 'latin1')
}
