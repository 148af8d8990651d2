/**
 * Between plain text and the simple HTML that the editor writes. A message goes out in both (RFC 2046 §5.1.4):
 * whoever shows no HTML reads the same words, with quotations marked and links spelt out.
 *
 * HTML is read by the browser's own parser as a document of its own: nothing in it runs or is fetched.
 */
import { quote } from '../draft.ts'

/** Plain text as paragraphs, line breaks and quotations, for the editor to begin with. */
export function htmlOf(text: string): string {
  const html: string[] = []
  let quoted: string[] = []
  let lines: string[] = []
  const flushLines = () => {
    if (lines.length > 0) html.push(`<p>${lines.map(escaped).join('<br>')}</p>`)
    lines = []
  }
  const flushQuoted = () => {
    if (quoted.length > 0) html.push(`<blockquote>${htmlOf(quoted.join('\n'))}</blockquote>`)
    quoted = []
  }
  for (const line of text.split('\n')) {
    if (line.startsWith('>')) {
      flushLines()
      quoted.push(line.replace(/^> ?/, ''))
      continue
    }
    flushQuoted()
    if (line.trim()) lines.push(line)
    else if (lines.length > 0) flushLines()
    else html.push('<p></p>')
  }
  flushLines()
  flushQuoted()
  return html.join('') || '<p></p>'
}

function escaped(text: string): string {
  return text.replace(
    /[&<>"]/g,
    letter => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[letter] ?? '',
  )
}

/** The editor's block for a signature. */
export const signatureBlock = (html: string): string => `<div data-signature="">${html}</div>`

/** A message as it begins, with its signature: above what it quotes, an empty line to write in before it. */
export function withSignature(html: string, signature: string): string {
  if (!signature) return html
  return `<p></p>${signatureBlock(signature)}${html.replace(/^(?:<p><\/p>)+/, '')}`
}

/** The words of the editor's HTML. */
export function textOfHtml(html: string): string {
  return blocksOf(new DOMParser().parseFromString(html, 'text/html').body)
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()
}

/** The blocks of an element, an empty line between them. */
function blocksOf(element: Element): string {
  const blocks: string[] = []
  let line = ''
  const flush = () => {
    if (line.trim()) blocks.push(line.trim())
    line = ''
  }
  for (const node of element.childNodes) {
    if (!(isElement(node) && BLOCK.test(node.tagName))) {
      line += inlineOf(node)
      continue
    }
    flush()
    blocks.push(blockOf(node))
  }
  flush()
  return blocks.join('\n\n')
}

const BLOCK = /^(?:P|DIV|BLOCKQUOTE|UL|OL|LI|H[1-6]|PRE|HR)$/
const isElement = (node: Node): node is Element => node.nodeType === 1

function blockOf(element: Element): string {
  switch (element.tagName) {
    case 'BLOCKQUOTE':
      return quote(blocksOf(element))
    case 'UL':
    case 'OL':
      return [...element.children]
        .map((item, index) => {
          const mark = element.tagName === 'UL' ? '- ' : `${index + 1}. `
          return mark + blocksOf(item).replace(/\n+/g, `\n${' '.repeat(mark.length)}`)
        })
        .join('\n')
    case 'HR':
      return '-----'
    case 'PRE':
      return element.textContent ?? ''
    case 'DIV':
      // The mark of a signature (RFC 3676 §4.3), where nothing follows: programs fold all that stands after it.
      return element.hasAttribute('data-signature') && isLast(element)
        ? `-- \n${blocksOf(element)}`
        : blocksOf(element)
    case 'P':
    case 'H1':
    case 'H2':
    case 'H3':
      return [...element.childNodes].map(inlineOf).join('').trimEnd()
    default:
      return blocksOf(element)
  }
}

/** No words follow; the editor always has an empty line at its end. */
function isLast(element: Element): boolean {
  for (let next = element.nextElementSibling; next; next = next.nextElementSibling) {
    if (next.textContent?.trim()) return false
  }
  return true
}

function inlineOf(node: Node): string {
  if (!isElement(node)) return (node.textContent ?? '').replace(/\s+/g, ' ')
  if (node.tagName === 'BR') return '\n'
  const words = [...node.childNodes].map(inlineOf).join('')
  const href = node.tagName === 'A' ? (node.getAttribute('href') ?? '') : ''
  const bare = href.replace(/^(?:mailto:|https?:\/\/)/, '').replace(/\/$/, '')
  return href && !words.includes(bare) ? `${words} <${href}>` : words
}
