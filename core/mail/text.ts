/**
 * Plain text out of a body, for the preview (RFC 8621 §4.1.4) and for search. Quotes, signatures and the
 * invisible first lines of newsletters are left out of the preview, because people look for what is new.
 */
/// <reference path="./untyped.d.ts" />
import { convert } from 'html-to-text'
import { clean } from './charset.ts'

/** More HTML than this is not looked at: the beginning is enough for a preview and for search. */
const MAX_HTML = 200_000

export function htmlToText(html: string): string {
  try {
    return convert(html.slice(0, MAX_HTML), {
      wordwrap: false,
      limits: { maxInputLength: MAX_HTML, maxDepth: 60, maxChildNodes: 5_000 },
      selectors: [
        { selector: 'a', options: { ignoreHref: true } },
        { selector: 'img', format: 'skip' },
        { selector: 'style', format: 'skip' },
        { selector: 'script', format: 'skip' },
        { selector: 'title', format: 'skip' },
        ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map(selector => ({
          selector,
          options: { uppercase: false },
        })),
      ],
    })
  } catch {
    return html.slice(0, MAX_HTML).replace(/<[^<>]*>/g, ' ')
  }
}

/** Zero-width characters and soft hyphens, with which newsletters pad their previews. */
const INVISIBLE =
  /\u034f|[\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]/g

/** @returns at most 256 characters on one line */
export function previewOf(text: string): string {
  const lines: string[] = []
  let length = 0
  for (const line of text.split('\n')) {
    if (line === '-- ') break
    if (/^\s*>/.test(line)) continue
    lines.push(line)
    length += line.length
    if (length > 4_000) break
  }
  const words = oneLine(lines.join(' '))
  return cut(words || oneLine(text.slice(0, 4_000)), 256)
}

function oneLine(text: string): string {
  return clean(text).replace(INVISIBLE, '').replace(/\s+/g, ' ').trim()
}

/** Cuts at a character, not in the middle of one. */
export function cut(text: string, limit: number): string {
  return text.length <= limit
    ? text
    : text
        .slice(0, limit)
        .toWellFormed()
        .replace(/\ufffd$/, '')
}
