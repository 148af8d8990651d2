/**
 * Which parts of a message are its text and which its attachments: the algorithm that RFC 8621 §4.1.4
 * suggests, so that every client sees the same.
 */
import { decodeText } from './charset.ts'
import type { Part } from './structure.ts'

export type Bodies = { textBody: Part[]; htmlBody: Part[]; attachments: Part[] }

const INLINE_MEDIA = /^(image|audio|video)\//

export function bodiesOf(root: Part): Bodies {
  const bodies: Bodies = { textBody: [], htmlBody: [], attachments: [] }
  walk([root], 'mixed', false, bodies.htmlBody, bodies.textBody, bodies.attachments)
  return bodies
}

function walk(
  parts: readonly Part[],
  multipart: string,
  inAlternative: boolean,
  htmlBody: Part[] | null,
  textBody: Part[] | null,
  attachments: Part[],
): void {
  const textBefore = textBody?.length ?? -1
  const htmlBefore = htmlBody?.length ?? -1
  for (const [index, part] of parts.entries()) {
    const isMultipart = part.subParts !== null
    const inline =
      part.disposition !== 'attachment' &&
      (part.type === 'text/plain' || part.type === 'text/html' || INLINE_MEDIA.test(part.type)) &&
      (index === 0 || (multipart !== 'related' && (INLINE_MEDIA.test(part.type) || !part.name)))
    if (isMultipart) {
      const sub = part.type.slice('multipart/'.length)
      walk(part.subParts!, sub, inAlternative || sub === 'alternative', htmlBody, textBody, attachments)
    } else if (inline) {
      if (multipart === 'alternative') {
        if (part.type === 'text/plain') textBody?.push(part)
        else if (part.type === 'text/html') htmlBody?.push(part)
        else attachments.push(part)
        continue
      }
      if (inAlternative) {
        if (part.type === 'text/plain') htmlBody = null
        if (part.type === 'text/html') textBody = null
      }
      textBody?.push(part)
      htmlBody?.push(part)
      if ((!textBody || !htmlBody) && INLINE_MEDIA.test(part.type)) attachments.push(part)
    } else {
      attachments.push(part)
    }
  }
  if (multipart === 'alternative' && textBody && htmlBody) {
    if (textBefore === textBody.length && htmlBefore !== htmlBody.length) {
      textBody.push(...htmlBody.slice(htmlBefore))
    }
    if (htmlBefore === htmlBody.length && textBefore !== textBody.length) {
      htmlBody.push(...textBody.slice(textBefore))
    }
  }
}

/**
 * Something to download, as a person would say it: pictures that the HTML shows and signatures' keys do not
 * count (RFC 8621 §4.1.4 leaves it to the server).
 */
export function hasAttachment(bodies: Bodies): boolean {
  return bodies.attachments.some(
    part =>
      part.disposition !== 'inline' &&
      !(part.cid && INLINE_MEDIA.test(part.type)) &&
      part.type !== 'application/pgp-signature' &&
      part.type !== 'application/pkcs7-signature',
  )
}

/** All parts that are not multipart, in order. */
export function leavesOf(root: Part): Part[] {
  return root.subParts ? root.subParts.flatMap(leavesOf) : [root]
}

export type BodyValue = { value: string; isEncodingProblem: boolean; isTruncated: boolean }

/** RFC 8621 §4.1.4's EmailBodyValue of a text part: line ends are LF. `maxBytes` 0: no limit. */
export function bodyValue(
  part: Pick<Part, 'type' | 'charset' | 'flowed' | 'delSp' | 'text' | 'truncated'>,
  maxBytes = 0,
): BodyValue {
  const { value, problem } = decodeText(part.text ?? Buffer.alloc(0), part.charset)
  let text = value.replace(/\r\n/g, '\n').replace(/\r/g, '\n')
  if (part.flowed) text = unflow(text, part.delSp)
  let isTruncated = part.truncated
  if (maxBytes > 0 && Buffer.byteLength(text) > maxBytes) {
    text = cutBytes(text, maxBytes)
    isTruncated = true
    if (part.type === 'text/html') {
      // Not in the middle of a tag.
      const open = text.lastIndexOf('<')
      if (open > text.lastIndexOf('>')) text = text.slice(0, open)
    }
  }
  return { value: text, isEncodingProblem: problem, isTruncated }
}

function cutBytes(text: string, limit: number): string {
  let end = limit
  const bytes = Buffer.from(text)
  // Back to the start of a character.
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return bytes.subarray(0, end).toString('utf8')
}

/** format=flowed (RFC 3676 §4): lines that end in a space go on in the next one of the same quote depth. */
function unflow(text: string, delSp: boolean): string {
  const out: string[] = []
  let openDepth = -1
  for (const raw of text.split('\n')) {
    const depth = /^>*/.exec(raw)![0].length
    let line = raw.slice(depth)
    if (line.startsWith(' ')) line = line.slice(1)
    const soft = line.endsWith(' ') && line !== '-- '
    const shown = soft && delSp ? line.slice(0, -1) : line
    if (openDepth === depth && out.length && line !== '-- ') {
      out[out.length - 1] += shown
    } else {
      out.push((depth ? `${'>'.repeat(depth)} ` : '') + shown)
    }
    openDepth = soft ? depth : -1
  }
  return out.join('\n')
}
