/**
 * A message's body as a document of its own, for the sandboxed frame that shows it.
 *
 * The policy that goes with it lets nothing load but pictures in data: addresses (and https pictures when they
 * were asked for). The document is made anew at each request; nothing of it is kept.
 */
import type { Readable } from 'node:stream'
import { bodiesOf, bodyValue, leavesOf } from './parts.ts'
import { escapeHtml } from './sanitize.ts'
import { type ShowText, showText } from './show-text.ts'
import { type Part, readPart, readStructure } from './structure.ts'

export type BodyDocument = { html: string; blocked: number; hasHtml: boolean }

export type DocumentOptions = {
  remote: boolean
  /** Show the plain text although there is HTML. */
  plain?: boolean
  /** The reader's words for what is quoted. */
  quoted?: string | undefined
  /** Makes texts safe elsewhere than here and now. */
  show?: ShowText | undefined
}

/** Opens the content anew; it is read more than once when the HTML shows pictures of the message itself. */
export type OpenContent = () => Promise<Readable>

/** Octets of one inline picture, and of all of a message's. */
const MAX_PICTURE = 6 * 1024 * 1024
const MAX_PICTURES = 20 * 1024 * 1024

/**
 * The header field that must go with the document.
 * @param measured it is only laid out, unseen, so that the page can give the frame that is seen its height:
 * then the page may look at it. Nothing in it runs or leads anywhere in either.
 */
export function documentPolicy(remote: boolean, measured = false): string {
  return [
    "default-src 'none'",
    `img-src data:${remote ? ' https:' : ''}`,
    "style-src 'unsafe-inline'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'self'",
    measured ? 'sandbox allow-same-origin' : 'sandbox allow-popups allow-popups-to-escape-sandbox',
  ].join('; ')
}

export async function bodyDocument(open: OpenContent, options: DocumentOptions): Promise<BodyDocument> {
  const { root } = await readStructure(await open(), { keepText: 1_500_000 })
  const { htmlBody, textBody } = bodiesOf(root)
  const parts = options.plain ? textBody : htmlBody
  const hasHtml = htmlBody.some(part => part.type === 'text/html')
  const pictures = await inlinePictures(open, root, parts)
  let blocked = 0
  const sections: string[] = []
  for (const part of parts) {
    if (part.type.startsWith('text/')) {
      const { remote, quoted, show = showNow } = options
      const shown = await show(part, { remote, quoted, pictures })
      blocked += shown.blocked
      sections.push(shown.html)
    } else if (part.partId && pictures.has(`part:${part.partId}`)) {
      sections.push(
        `<p><img alt="${escapeHtml(part.name ?? '')}" src="${pictures.get(`part:${part.partId}`)}"></p>`,
      )
    }
    if (part.truncated) sections.push('<p>[…]</p>')
  }
  return { html: wrap(sections.join('<hr>'), hasHtml), blocked, hasHtml }
}

const showNow: ShowText = async (part, options) => showText(part, options)

/** Pictures by Content-ID, and by part for those that stand between texts. */
async function inlinePictures(open: OpenContent, root: Part, shown: readonly Part[]) {
  const pictures = new Map<string, string>()
  // Only asked when there is a picture: to decode a long text takes its time.
  let known: boolean | undefined
  const mentions = () => {
    known ??= shown.some(part => part.type === 'text/html' && /cid:/i.test(bodyValue(part).value))
    return known
  }
  let room = MAX_PICTURES
  for (const part of leavesOf(root)) {
    if (!/^image\/(png|jpe?g|pjpeg|gif|webp|bmp)$/.test(part.type) || part.size > MAX_PICTURE) continue
    const wanted = shown.includes(part) || (part.cid !== null && mentions())
    if (!wanted || part.size > room || !part.partId) continue
    const found = await readPart(await open(), part.partId)
    if (!found) continue
    const chunks: Buffer[] = []
    for await (const chunk of found.content) chunks.push(chunk as Buffer)
    room -= part.size
    const type = part.type.replace('pjpeg', 'jpeg').replace('jpg', 'jpeg')
    const data = `data:${type};base64,${Buffer.concat(chunks).toString('base64')}`
    if (part.cid !== null) pictures.set(part.cid, data)
    pictures.set(`part:${part.partId}`, data)
  }
  return pictures
}

/** Mail is written for white paper: the document has its own colours whatever the page around it has. */
function wrap(body: string, hasHtml: boolean): string {
  return `<!doctype html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer"><meta name="color-scheme" content="${hasHtml ? 'light' : 'light dark'}"><base target="_blank">
<style>
html { overflow-x: auto; }
body { margin: 0; padding: 4px 2px; font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
img { max-width: 100%; height: auto; }
table { max-width: 100%; }
pre { white-space: pre-wrap; }
blockquote { margin: 0.4em 0; padding-left: 0.8em; border-left: 3px solid #b9c0c9; }
.restante-plain { white-space: pre-wrap; unicode-bidi: plaintext; }
.restante-quoted > summary { width: fit-content; padding: 4px 0; color: #4e5852; font-size: 13.5px; cursor: pointer; }
a[data-leads]::after { content: " \\26A0\\FE0E " attr(data-leads) !important; display: inline !important; visibility: visible !important; margin-left: 4px; padding: 1px 6px; border-radius: 5px; background: #fbeecb !important; color: #7a4d00 !important; font: 600 13px/1.4 system-ui, sans-serif !important; }
</style></head><body dir="auto">${body}</body></html>`
}
