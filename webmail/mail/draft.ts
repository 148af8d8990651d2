/**
 * A message that is being written, as plain data: how it starts (new, answer, forward), what it says to the
 * server, and whether it can be sent.
 */
import type { BodyPart, Email, EmailAddress, Id } from '../jmap/types.ts'
import { unique } from './people.ts'

export type Attached = {
  /** A key of this page only. */
  key: string
  name: string
  type: string
  size: number
  /** null while it is on its way up. */
  blobId: Id | null
  /** Share sent, 0 to 1. */
  progress: number
  failed: boolean
}

export type Draft = {
  accountId: Id
  identityId: Id | null
  to: EmailAddress[]
  cc: EmailAddress[]
  bcc: EmailAddress[]
  subject: string
  text: string
  /** As the editor has it; null: not written in yet, or plain text alone. */
  html: string | null
  attachments: Attached[]
  inReplyTo: string[]
  references: string[]
  /** The message that is answered or forwarded, to be marked so once this one is sent. */
  about: {
    emailId: Id
    keyword: '$answered' | '$forwarded'
    /** It was before. */
    marked: boolean
  } | null
}

export function emptyDraft(accountId: Id): Draft {
  return {
    accountId,
    identityId: null,
    to: [],
    cc: [],
    bcc: [],
    subject: '',
    text: '',
    html: null,
    attachments: [],
    inReplyTo: [],
    references: [],
    about: null,
  }
}

/** Words that the writer's language gives to an answer. */
export type Words = {
  /** "On 22 November 2026, Marta wrote:" */
  attribution: string
  forwardedTitle: string
  from: string
  date: string
  subject: string
  to: string
  /** When the message was sent, in full. */
  at: string
}

/** Answer prefixes of the languages that our people and theirs write, so that none is put twice. */
const ANSWER = /^\s*(re|rv|r|rif|resp|aw|sv|antw)(\[\d+\])?\s*:/i
const FORWARD = /^\s*(fwd?|rv|i|tr|wg|reenv|inoltro)\s*:/i

/** An answer to the sender, or to everybody. `own`: the addresses of whoever answers, in lower case. */
export function answer(
  email: Email,
  accountId: Id,
  own: ReadonlySet<string>,
  everybody: boolean,
  words: Words,
): Draft {
  const mine = (person: EmailAddress) => own.has(person.email.toLowerCase())
  const author = email.from ?? []
  // Answering what one wrote oneself goes on with the people it was written to.
  const ownMessage = author.length > 0 && author.every(mine)
  const asked = email.replyTo?.length ? email.replyTo : author
  const to = ownMessage ? (email.to ?? []) : asked
  const others = everybody
    ? [...(ownMessage ? [] : (email.to ?? [])), ...(email.cc ?? [])].filter(person => !mine(person))
    : []
  const first = unique(to)
  const named = new Set(first.map(person => person.email.toLowerCase()))
  return {
    ...emptyDraft(accountId),
    to: first,
    cc: unique(others).filter(person => !named.has(person.email.toLowerCase())),
    subject: ANSWER.test(email.subject ?? '') ? (email.subject ?? '') : `Re: ${email.subject ?? ''}`.trim(),
    text: `\n\n${words.attribution}\n${quote(textOf(email))}`,
    ...threading(email),
    about: { emailId: email.id, keyword: '$answered', marked: Boolean(email.keywords.$answered) },
  }
}

/** The message passed on, with its attachments. */
export function forward(email: Email, accountId: Id, words: Words): Draft {
  const names = (people: EmailAddress[] | null) =>
    (people ?? []).map(person => (person.name ? `${person.name} <${person.email}>` : person.email)).join(', ')
  const head = [
    `---------- ${words.forwardedTitle} ----------`,
    `${words.from}: ${names(email.from)}`,
    `${words.date}: ${words.at}`,
    `${words.subject}: ${email.subject ?? ''}`,
    `${words.to}: ${names(email.to)}`,
  ]
  return {
    ...emptyDraft(accountId),
    subject: FORWARD.test(email.subject ?? '') ? (email.subject ?? '') : `Fwd: ${email.subject ?? ''}`.trim(),
    text: `\n\n${head.join('\n')}\n\n${textOf(email)}`,
    attachments: kept(email.attachments),
    references: threading(email).references,
    about: { emailId: email.id, keyword: '$forwarded', marked: Boolean(email.keywords.$forwarded) },
  }
}

/** A draft that was kept earlier, opened again; with its HTML when its body values have been read. */
export function reopen(email: Email, accountId: Id): Draft {
  const part = email.htmlBody.find(one => one.type === 'text/html')?.partId
  return {
    ...emptyDraft(accountId),
    to: email.to ?? [],
    cc: email.cc ?? [],
    bcc: email.bcc ?? [],
    subject: email.subject ?? '',
    text: textOf(email),
    html: (part && email.bodyValues[part]?.value) || null,
    attachments: kept(email.attachments),
    inReplyTo: email.inReplyTo ?? [],
    references: email.references ?? [],
  }
}

function kept(parts: readonly BodyPart[]): Attached[] {
  return parts
    .filter(part => part.blobId !== null)
    .map((part, index) => ({
      key: `kept-${index}-${part.blobId}`,
      name: part.name ?? '',
      type: part.type,
      size: part.size,
      blobId: part.blobId,
      progress: 1,
      failed: false,
    }))
}

/** RFC 5322 §3.6.4: whom this answers, and the line of its ancestors. */
function threading(email: Email): { inReplyTo: string[]; references: string[] } {
  const id = email.messageId ?? []
  const ancestors = email.references?.length ? email.references : (email.inReplyTo ?? [])
  return { inReplyTo: id, references: [...ancestors.filter(one => !id.includes(one)), ...id] }
}

/** The text of a message, as far as it was read; HTML becomes text. */
export function textOf(email: Pick<Email, 'textBody' | 'bodyValues'>): string {
  return email.textBody
    .map(part => {
      const value = part.partId ? (email.bodyValues[part.partId]?.value ?? '') : ''
      return part.type === 'text/html' ? htmlToText(value) : value
    })
    .join('\n')
    .replace(/\r\n?/g, '\n')
    .trimEnd()
}

const BLOCK = /^(?:P|DIV|TR|TABLE|UL|OL|LI|H[1-6]|BLOCKQUOTE|PRE|SECTION|ARTICLE|HEADER|FOOTER|HR)$/

/** The words of an HTML document. Parsed as a document of its own: nothing in it runs or is fetched. */
function htmlToText(html: string): string {
  const body = new DOMParser().parseFromString(html, 'text/html').body
  let text = ''
  const walk = (node: Node): void => {
    if (node.nodeType === Node.TEXT_NODE) text += (node.textContent ?? '').replace(/\s+/g, ' ')
    if (node.nodeType !== Node.ELEMENT_NODE) return
    const name = node.nodeName
    if (name === 'STYLE' || name === 'SCRIPT' || name === 'HEAD' || name === 'TITLE') return
    if (name === 'BR') text += '\n'
    const block = BLOCK.test(name)
    if (block && !text.endsWith('\n')) text += '\n'
    node.childNodes.forEach(walk)
    if (block && !text.endsWith('\n')) text += name === 'P' ? '\n\n' : '\n'
  }
  walk(body)
  return text
    .split('\n')
    .map(line => line.trim())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}

/** Lines with a mark before each (RFC 3676 §4.5). */
export function quote(text: string): string {
  return text
    .split('\n')
    .map(line => (line.startsWith('>') ? `>${line}` : line ? `> ${line}` : '>'))
    .join('\n')
}

/**
 * The draft as JMAP's Email/set wants it (RFC 8621 §4.6).
 * @param at when it goes out, if that is not now: then it is dated
 */
export function toEmail(
  draft: Draft,
  sender: EmailAddress,
  folder: Id,
  at: Date | null = null,
): Record<string, unknown> {
  const attachments = draft.attachments
    .filter(one => one.blobId !== null)
    .map(one => ({ blobId: one.blobId, type: one.type, name: one.name, disposition: 'attachment' }))
  return {
    mailboxIds: { [folder]: true },
    keywords: { $draft: true, $seen: true },
    ...(at && { sentAt: at.toISOString(), receivedAt: at.toISOString() }),
    from: [sender],
    to: draft.to,
    ...(draft.cc.length > 0 && { cc: draft.cc }),
    ...(draft.bcc.length > 0 && { bcc: draft.bcc }),
    subject: draft.subject,
    ...(draft.inReplyTo.length > 0 && { inReplyTo: draft.inReplyTo }),
    ...(draft.references.length > 0 && { references: draft.references }),
    textBody: [{ partId: 'text', type: 'text/plain' }],
    ...(draft.html !== null && { htmlBody: [{ partId: 'html', type: 'text/html' }] }),
    bodyValues: {
      text: { value: draft.text },
      ...(draft.html !== null && { html: { value: draft.html } }),
    },
    ...(attachments.length > 0 && { attachments }),
  }
}

/** Whether anything was written that would be a loss. */
export function isEmpty(draft: Draft): boolean {
  return (
    draft.to.length + draft.cc.length + draft.bcc.length + draft.attachments.length === 0 &&
    draft.subject.trim() === '' &&
    draft.text.trim() === ''
  )
}

export type Obstacle = 'no-recipient' | 'bad-recipient' | 'uploading' | 'upload-failed'

/** What keeps it from being sent. `unfinished`: what stands in the address fields and is no address. */
export function obstacle(draft: Draft, unfinished: string): Obstacle | null {
  if (unfinished.trim()) return 'bad-recipient'
  if (draft.to.length + draft.cc.length + draft.bcc.length === 0) return 'no-recipient'
  if (draft.attachments.some(one => one.failed)) return 'upload-failed'
  if (draft.attachments.some(one => one.blobId === null)) return 'uploading'
  return null
}
