/**
 * Notices to a sender about what became of their message: multipart/report with a part for people, one for
 * programs (RFC 3464) and the message's headers (RFC 6522).
 *
 * What goes in comes from strangers: every value is one line, and the part for people is text we wrote. Who
 * calls this makes sure that no notice answers a null sender or an automatic message (RFC 3464 §2,
 * RFC 3834 §2), and sends it from the null sender.
 */
import { randomBytes } from 'node:crypto'
import type { OutcomeJson } from '../db/schema/delivery.ts'

export type NoticeRecipient = {
  address: string
  /** ORCPT as it came: `rfc822;anna@example.org`. */
  original?: string | null
  outcome: OutcomeJson | null
  /** Of a delay: until when it is tried (RFC 3464 §2.3.9). */
  retryUntil?: Date
}

export type Notice = {
  action: 'failed' | 'delayed'
  /** The host that speaks. */
  host: string
  /** Who sent the message that this is about. */
  to: string
  /** Already in the sender's language. */
  subject: string
  /** Paragraphs for people, each on one line, already in the sender's language. */
  text: readonly string[]
  recipients: readonly NoticeRecipient[]
  original: {
    /** The header block, without the empty line after it; what is beyond 64 KiB is left out. */
    headers: Buffer
    /** The whole message instead, for a sender who asked for it (RET=FULL, RFC 3461 §4.3). */
    content?: Buffer
    messageId: string | null
    envid?: string | null
    receivedAt: Date
  }
  now: Date
  /** For tests; made by chance otherwise. */
  boundary?: string
  id?: string
}

const MAX_HEADERS = 64 * 1024

/** @returns the message as bytes, ready for the spool */
export function composeNotice(notice: Notice): Buffer {
  const boundary = notice.boundary ?? `restante-${randomBytes(12).toString('hex')}`
  const id = notice.id ?? `${randomBytes(16).toString('hex')}@${notice.host}`
  const references = notice.original.messageId ? `<${oneLine(notice.original.messageId)}>` : null
  const head = [
    `From: Mail Delivery System <MAILER-DAEMON@${notice.host}>`,
    `To: <${oneLine(notice.to)}>`,
    `Subject: ${encodedWord(notice.subject)}`,
    `Date: ${mailDate(notice.now)}`,
    `Message-ID: <${id}>`,
    ...(references ? [`In-Reply-To: ${references}`, `References: ${references}`] : []),
    // RFC 3834 §5: whoever answers automatically must not answer this.
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=delivery-status;`,
    `\tboundary="${boundary}"`,
  ]
  const people = Buffer.from(`${notice.text.map(paragraph => wrap(paragraph)).join('\r\n\r\n')}\r\n`)
  const body = [
    `--${boundary}`,
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
    '',
    ...(people.toString('base64').match(/.{1,76}/g) ?? []),
    `--${boundary}`,
    'Content-Type: message/delivery-status',
    '',
    ...statusFields(notice),
    `--${boundary}`,
    `Content-Type: ${notice.original.content ? 'message/rfc822' : 'text/rfc822-headers'}`,
    'Content-Transfer-Encoding: 8bit',
    '',
  ]
  return Buffer.concat([
    Buffer.from(`${[...head, '', ...body].join('\r\n')}\r\n`),
    notice.original.content ?? originalHeaders(notice.original.headers, boundary),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ])
}

/** RFC 3464 §2.2 and §2.3. */
function statusFields(notice: Notice): string[] {
  const fields = [
    `Reporting-MTA: dns; ${notice.host}`,
    ...(notice.original.envid ? [`Original-Envelope-Id: ${oneLine(notice.original.envid)}`] : []),
    `Arrival-Date: ${mailDate(notice.original.receivedAt)}`,
    '',
  ]
  for (const { address, original, outcome, retryUntil } of notice.recipients) {
    if (original) fields.push(`Original-Recipient: ${oneLine(original)}`)
    fields.push(
      `Final-Recipient: ${typedAddress(address)}`,
      `Action: ${notice.action}`,
      `Status: ${statusCode(outcome, notice.action)}`,
    )
    if (outcome?.host) fields.push(`Remote-MTA: dns; ${oneLine(outcome.host)}`)
    if (outcome?.code) {
      const text = [outcome.code, outcome.enhanced, outcome.text].filter(Boolean).join(' ')
      fields.push(`Diagnostic-Code: smtp; ${ascii(oneLine(text)).slice(0, 900)}`)
    }
    if (outcome?.at && !Number.isNaN(Date.parse(outcome.at))) {
      fields.push(`Last-Attempt-Date: ${mailDate(new Date(outcome.at))}`)
    }
    if (retryUntil) fields.push(`Will-Retry-Until: ${mailDate(retryUntil)}`)
    fields.push('')
  }
  return fields
}

/** The class must fit the action: 5 for failed, 4 for delayed (RFC 3463 §2). */
function statusCode(outcome: OutcomeJson | null, action: Notice['action']): string {
  const wanted = action === 'failed' ? '5' : '4'
  const enhanced = outcome?.enhanced
  if (enhanced && /^[245]\.\d{1,3}\.\d{1,3}$/.test(enhanced)) return `${wanted}${enhanced.slice(1)}`
  if (outcome?.category === 'expired') return `${wanted}.4.7`
  return `${wanted}.0.0`
}

/** RFC 6533 §3: an address that is not ASCII is of the type utf-8, its characters escaped. */
function typedAddress(address: string): string {
  const line = oneLine(address)
  if (ascii(line) === line) return `rfc822; ${line}`
  const escaped = [...line].map(c => (c.charCodeAt(0) < 0x7f ? c : `\\x{${c.codePointAt(0)!.toString(16)}}`))
  return `utf-8; ${escaped.join('')}`
}

/** Cut at a line, and without anything that could end the part early. */
function originalHeaders(headers: Buffer, boundary: string): Buffer {
  let text = headers.subarray(0, MAX_HEADERS).toString('latin1')
  if (headers.length > MAX_HEADERS) text = text.slice(0, text.lastIndexOf('\n') + 1)
  const lines = text
    .split(/\r?\n/)
    .filter(line => !line.includes(boundary))
    // An empty line would end the header.
    .filter(line => line.trim() !== '')
  return Buffer.from(`${lines.join('\r\n')}\r\n`, 'latin1')
}

function oneLine(text: string): string {
  return text.replace(/[\r\n\0]+/g, ' ').trim()
}

function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?')
}

/** RFC 2047, in words of at most 75 characters. */
function encodedWord(text: string): string {
  const line = oneLine(text)
  if (ascii(line) === line && line.length < 900) return line
  const words: string[] = []
  let word = ''
  for (const character of line) {
    if (Buffer.byteLength(word + character) > 42) {
      words.push(word)
      word = ''
    }
    word += character
  }
  words.push(word)
  return words.map(part => `=?utf-8?B?${Buffer.from(part).toString('base64')}?=`).join('\r\n ')
}

function wrap(paragraph: string): string {
  const lines: string[] = []
  let line = ''
  for (const word of oneLine(paragraph).split(/\s+/)) {
    if (line && line.length + word.length + 1 > 72) {
      lines.push(line)
      line = word
    } else line = line ? `${line} ${word}` : word
  }
  return [...lines, line].join('\r\n')
}

/** RFC 5322 §3.3, in UTC. */
export function mailDate(date: Date): string {
  return date.toUTCString().replace('GMT', '+0000')
}
