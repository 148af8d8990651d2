/** Plain text made readable: runs of quoted lines set apart, addresses of the web and of people as links. */

export type Piece = string | { href: string; text: string }
export type Block = { quoted: boolean; short: boolean; pieces: Piece[] }

/** Quotations up to this many lines are shown open. */
const SHORT = 4

/** The text in runs of own and quoted lines (RFC 3676 §4.5). */
export function paragraphs(text: string): Block[] {
  const blocks: { quoted: boolean; lines: string[] }[] = []
  for (const line of text.replace(/\r\n?/g, '\n').trimEnd().split('\n')) {
    const quoted = line.startsWith('>')
    const last = blocks.at(-1)
    if (last && last.quoted === quoted) last.lines.push(line)
    else blocks.push({ quoted, lines: [line] })
  }
  return blocks
    .filter(block => block.quoted || block.lines.some(line => line.trim()))
    .map(block => ({
      quoted: block.quoted,
      short: block.lines.length <= SHORT,
      pieces: link((block.quoted ? block.lines.map(unquote) : trimLines(block.lines)).join('\n')),
    }))
}

function unquote(line: string): string {
  return line.replace(/^>\s?/, '')
}

function trimLines(lines: string[]): string[] {
  const first = lines.findIndex(line => line.trim())
  const last = lines.findLastIndex(line => line.trim())
  return lines.slice(first, last + 1)
}

const LINK =
  /\bhttps?:\/\/[^\s<>"]+|\bmailto:[^\s<>"]+|[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/giu

/** Text with its addresses as links. Only http, https and mailto: nothing else can come out of here. */
export function link(text: string): Piece[] {
  const pieces: Piece[] = []
  let done = 0
  for (const match of text.matchAll(LINK)) {
    const found = trimEnd(match[0])
    const href = /^(?:https?|mailto):/i.test(found) ? found : `mailto:${found}`
    if (!URL.canParse(href)) continue
    if (match.index > done) pieces.push(text.slice(done, match.index))
    pieces.push({ href, text: found })
    done = match.index + found.length
  }
  if (done < text.length) pieces.push(text.slice(done))
  return pieces
}

/** Without the punctuation that belongs to the sentence, and without a bracket that was opened before. */
function trimEnd(address: string): string {
  let result = address.replace(/[.,;:!?'’”»]+$/u, '')
  while (result.endsWith(')') && result.split('(').length < result.split(')').length) {
    result = result.slice(0, -1).replace(/[.,;:!?]+$/, '')
  }
  return result
}
