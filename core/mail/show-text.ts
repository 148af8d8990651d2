/**
 * One text of a message as HTML that is safe to show. Synchronous and, for a text of a megabyte that means harm, slow:
 * a process with other people to serve lets threads do it (show-threads.ts).
 */
import { bodyValue } from './parts.ts'
import { type Sanitized, sanitizeHtml, textToHtml } from './sanitize.ts'
import type { Part } from './structure.ts'

export type TextPart = Pick<Part, 'type' | 'charset' | 'flowed' | 'delSp' | 'text' | 'truncated'>

export type ShowOptions = {
  remote: boolean
  /** The reader's words for what is quoted. */
  quoted?: string | undefined
  /** data: addresses by Content-ID. */
  pictures: ReadonlyMap<string, string>
}

export type ShowText = (part: TextPart, options: ShowOptions) => Promise<Sanitized>

/** Never throws for what the text holds. */
export function showText(part: TextPart, { remote, quoted, pictures }: ShowOptions): Sanitized {
  const { value } = bodyValue(part)
  if (part.type !== 'text/html') return { html: textToHtml(value), blocked: 0 }
  return sanitizeHtml(value, {
    remote,
    inline: cid => pictures.get(cid),
    reading: quoted === undefined ? undefined : { quoted },
  })
}
