/**
 * The HTML of a message made safe to show (DOMPurify on jsdom, which runs no script and loads nothing).
 *
 * First of three walls: the second is the frame's sandbox, the third its content security policy. Nothing
 * that runs, asks for input or leaves the frame stays; remote pictures only when asked for; pictures of the
 * message itself (cid:) become data: addresses.
 */
import { domainToUnicode } from 'node:url'
import createDOMPurify, { type Config, type DOMPurify } from 'dompurify'
import { JSDOM } from 'jsdom'
import { linkWarning } from './links.ts'
import { foldQuotes } from './quotes.ts'
import { safeDeclarations, safeStyleSheet } from './style.ts'
import { tameHtml } from './tame.ts'

export type SanitizeOptions = {
  /** Let https pictures through. */
  remote: boolean
  /** The picture of a Content-ID as a data: address; undefined when there is none. */
  inline?: (cid: string) => string | undefined
  /** For a reader: links say where they lead, and quotations are folded under these words. */
  reading?: { quoted: string } | undefined
}

export type Sanitized = {
  /** What goes into <body>, <style> elements first. */
  html: string
  /** Remote things that were left out, and would have been asked for on a server that then knows. */
  blocked: number
}

/** More HTML than this is cut: nobody reads it, and it would block the process. */
export const MAX_HTML = 1_500_000

const TAGS =
  `a abbr acronym address article aside b bdi bdo big blockquote body br caption center cite code col
  colgroup dd del details dfn dir div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins
  kbd li main mark menu nav ol p pre q rp rt ruby s samp section small span strike strong style sub summary sup
  table tbody td tfoot th thead time tr tt u ul var wbr`.split(/\s+/)

const ATTRIBUTES =
  `abbr align alt background bgcolor border cellpadding cellspacing char charoff cite class clear
  color cols colspan compact coords datetime dir face headers height href hspace id lang noshade nowrap reversed
  role rows rowspan rules scope shape size span src start style summary title type valign value vspace
  width`.split(/\s+/)

const CONFIG = {
  ALLOWED_TAGS: TAGS,
  ALLOWED_ATTR: ATTRIBUTES,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: true,
  // Attributes that are no addresses go through this too; addresses are looked at again in `mend`.
  ALLOWED_URI_REGEXP:
    /^(?:(?:https?|mailto|tel|cid):|data:image\/(?:png|jpe?g|gif|webp|bmp);base64,|[^a-z]|[a-z+.-]+(?:[^a-z+.\-:]|$))/i,
  ADD_DATA_URI_TAGS: ['img'],
  FORBID_CONTENTS: ['script', 'noscript', 'title', 'svg', 'math', 'template', 'iframe', 'object', 'xmp'],
  // Names in a message must not reach into scripts (there are none) or hide ours.
  SANITIZE_DOM: true,
  SANITIZE_NAMED_PROPS: true,
  // A style element that leads its body would be dropped otherwise.
  FORCE_BODY: true,
  WHOLE_DOCUMENT: false,
  IN_PLACE: false,
  RETURN_TRUSTED_TYPE: false,
} satisfies Config

const DATA_IMAGE = /^data:image\/(?:png|jpe?g|gif|webp|bmp);base64,[A-Za-z0-9+/=\s]*$/i

/** Never throws for what the HTML holds; what can't be made safe is left out. */
export function sanitizeHtml(html: string, options: SanitizeOptions): Sanitized {
  const purifier = openPurifier()
  state = { options, blocked: 0 }
  try {
    const tame = tameHtml(html.slice(0, MAX_HTML))
    const { reading } = options
    const clean = reading
      ? folded(
          purifier.sanitize(tame.html, { ...CONFIG, RETURN_DOM: true }) as HTMLElement | null,
          reading.quoted,
        )
      : purifier.sanitize(tame.html, CONFIG)
    return { html: tame.cut ? `${clean}<p>[…]</p>` : clean, blocked: state.blocked }
  } finally {
    state = undefined
  }
}

/** As the purifier would have written it, with its quotations folded. A frameset leaves it no body. */
function folded(body: HTMLElement | null, label: string): string {
  if (!body) return ''
  foldQuotes(body, label)
  return body.innerHTML
}

/** What the hooks of the one purifier work for. Sanitizing is synchronous, so there is one at a time. */
let state: { options: SanitizeOptions; blocked: number } | undefined
let purifier: DOMPurify | undefined
let uses = 0

/** One window for many messages, a new one now and then so that it can't grow for ever. */
function openPurifier(): DOMPurify {
  if (purifier && uses++ < 500) return purifier
  uses = 0
  const { window } = new JSDOM('', { runScripts: undefined, pretendToBeVisual: false })
  const made = createDOMPurify(window as unknown as Parameters<typeof createDOMPurify>[0])
  made.addHook('uponSanitizeElement', (node, data) => {
    if (data.tagName === 'style') node.textContent = safeStyleSheet(node.textContent ?? '')
  })
  made.addHook('afterSanitizeAttributes', node => {
    if (state) mend(node, state)
  })
  purifier = made
  return made
}

function mend(node: Element, at: NonNullable<typeof state>): void {
  const style = node.getAttribute('style')
  if (style !== null) {
    if (/url\s*\(\s*['"]?\s*(https?:|\/\/)/i.test(style)) at.blocked++
    const safe = safeDeclarations(style)
    if (safe) node.setAttribute('style', safe)
    else node.removeAttribute('style')
  }
  if (node.hasAttribute('background')) {
    at.blocked++
    node.removeAttribute('background')
  }
  const tag = node.tagName.toLowerCase()
  if (tag === 'img') {
    mendPicture(node, at)
    return
  }
  node.removeAttribute('src')
  if (node.hasAttribute('href')) {
    const href = node.getAttribute('href')!.trim()
    if (tag !== 'a' || !/^(https?:|mailto:|tel:|#)/i.test(href)) node.removeAttribute('href')
    else if (!href.startsWith('#')) {
      node.setAttribute('target', '_blank')
      node.setAttribute('rel', 'noopener noreferrer nofollow')
      if (at.options.reading) markLink(node, href)
    }
  }
}

/** The whole address at the pointer; beside the link, where it leads if its text says something else. */
function markLink(node: Element, href: string): void {
  node.setAttribute('title', href.slice(0, 300))
  const warning = linkWarning(href, node.textContent ?? '', domainToUnicode)
  if (warning) node.setAttribute('data-leads', warning.host)
}

function mendPicture(node: Element, at: NonNullable<typeof state>): void {
  const source = (node.getAttribute('src') ?? '').trim()
  node.removeAttribute('src')
  if (/^cid:/i.test(source)) {
    const picture = at.options.inline?.(decodeCid(source.slice(4)))
    if (picture && DATA_IMAGE.test(picture)) node.setAttribute('src', picture)
  } else if (DATA_IMAGE.test(source)) {
    node.setAttribute('src', source)
  } else if (/^(https?:)?\/\//i.test(source)) {
    if (at.options.remote) {
      // The frame's policy has https only.
      node.setAttribute('src', source.replace(/^(http:)?\/\//i, 'https://'))
      node.setAttribute('referrerpolicy', 'no-referrer')
      node.setAttribute('loading', 'lazy')
    } else at.blocked++
  }
}

function decodeCid(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Plain text as HTML: escaped, addresses that can be followed, quoted lines marked. */
export function textToHtml(text: string): string {
  const lines = text.replace(/\n+$/, '').split('\n')
  const html: string[] = []
  let depth = 0
  for (const line of lines) {
    const marks = /^(?:> ?)*/.exec(line)![0]
    const next = Math.min(10, marks.replace(/ /g, '').length)
    while (depth < next) {
      html.push('<blockquote>')
      depth++
    }
    while (depth > next) {
      html.push('</blockquote>')
      depth--
    }
    html.push(`${linked(line.slice(marks.length))}\n`)
  }
  return `<div class="restante-plain">${html.join('')}${'</blockquote>'.repeat(depth)}</div>`
}

function linked(text: string): string {
  let out = ''
  let at = 0
  for (const match of text.matchAll(/\b(?:https?:\/\/|mailto:)[^\s<>"']+|\b[\w.+-]+@[\w-]+\.[\w.-]*\w/gi)) {
    const found = match[0].replace(/[.,;:!?)\]}>]+$/, '')
    const target = /^(https?:|mailto:)/i.test(found) ? found : `mailto:${found}`
    out += escapeHtml(text.slice(at, match.index))
    out += `<a href="${escapeHtml(target)}" target="_blank" rel="noopener noreferrer nofollow">${escapeHtml(found)}</a>`
    at = match.index + found.length
  }
  return out + escapeHtml(text.slice(at))
}

export function escapeHtml(text: string): string {
  return text.replace(
    /[&<>"']/g,
    character => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[character]!,
  )
}
