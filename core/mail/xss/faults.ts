/**
 * What is wrong with HTML that should be safe to show, by a list of what may be there; written apart from the
 * sanitizer, so that both would have to be wrong in the same way. Elements that hold elements for one parser and
 * text for another are not on it, so one reading is as good as any.
 */
import { JSDOM } from 'jsdom'
import { OUTSIDE } from './vector.ts'

const ELEMENTS = new Set(
  `a abbr acronym address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del
  details dfn dir div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark
  menu nav ol p pre q rp rt ruby s samp section small span strike strong style sub summary sup table tbody td tfoot th
  thead time tr tt u ul var wbr`.split(/\s+/),
)
const ATTRIBUTES = new Set(
  `abbr align alt bgcolor border cellpadding cellspacing char charoff cite class clear color cols colspan compact
  coords data-leads datetime dir face headers height href hspace id is lang loading noshade nowrap referrerpolicy rel
  reversed role rows rowspan rules scope shape size span src start style summary target title type valign value vspace
  width`.split(/\s+/),
)
/**
 * Read by people, and by nothing that would follow them. What `is` names only script could define; a parser keeps it
 * where nobody can take it away.
 */
const WORDS = new Set(
  'alt title data-leads summary abbr class id headers value datetime cite face color bgcolor type is'.split(
    ' ',
  ),
)

const { window } = new JSDOM('')

/** As a page has it. */
const parse = (html: string) =>
  new window.DOMParser().parseFromString(
    `<!doctype html><html><head></head><body>${html}</body></html>`,
    'text/html',
  )

/** As a browser would write what it read. */
export const rewritten = (html: string): string => parse(html).body.innerHTML

export function faults(html: string): string[] {
  const document = parse(html)
  const found = new Set<string>()
  if (document.head.childNodes.length > 0) found.add(`in the head: ${document.head.innerHTML}`)
  if (document.body?.tagName !== 'BODY') return ['no body']
  if (document.body.attributes.length > 0) found.add('attributes of the page')
  for (const node of document.body.querySelectorAll('*')) for (const fault of faultsOf(node)) found.add(fault)
  const comments = document.createTreeWalker(document, window.NodeFilter.SHOW_COMMENT)
  if (comments.nextNode()) found.add(`a comment: ${comments.currentNode.textContent}`)
  return [...found]
}

function* faultsOf(node: Element): Generator<string> {
  const tag = node.localName
  if (node.namespaceURI !== 'http://www.w3.org/1999/xhtml') yield `<${tag}> of ${node.namespaceURI}`
  if (!ELEMENTS.has(tag)) yield `<${tag}>`
  for (const { name, value } of node.attributes) {
    if (!ATTRIBUTES.has(name) && !name.startsWith('aria-')) yield `<${tag} ${name}>`
    else if (name === 'href') {
      if (tag !== 'a' || !/^(https?:|mailto:|tel:|#)/.test(value.toLowerCase())) yield `href ${value}`
    } else if (name === 'src') {
      if (tag !== 'img' || !/^data:image\/(png|jpe?g|gif|webp|bmp);base64,[\w+/=\s]*$/i.test(value))
        yield `src ${value}`
    } else if (name === 'style') yield* faultsOfCss(value)
    else if (!WORDS.has(name) && value.includes(OUTSIDE)) yield `${name} ${value}`
  }
  if (tag === 'style') yield* faultsOfCss(node.textContent ?? '')
}

function* faultsOfCss(text: string): Generator<string> {
  const bad =
    /url|image|src\s*\(|element\s*\(|paint\s*\(|attr\s*\(|env\s*\(|var\s*\(|expression|behavior|binding|script|[\\<]|@(?!media )|position\s*:|inset|z-index|transform\s*:|animation|transition|content\s*:|filter|margin[^;}]*-|::?(before|after|host|root|backdrop)|\[/i.exec(
      text,
    )
  if (bad) yield `CSS: ${bad[0]} in ${text}`
  if (text.includes(OUTSIDE)) yield `CSS: ${text}`
}
