/**
 * HTML cut down to what an HTML parser can take without taking the process with it.
 *
 * Parsers nest as deep as the text says, and open unclosed formatting anew in each paragraph: a few kB can
 * mean millions of nodes. This is no parser and decides nothing about safety: it drops tags beyond limits that
 * ordinary mail never comes near.
 */

export const LIMITS = {
  /** Elements open at the same time. */
  depth: 300,
  /** Formatting elements open at the same time. */
  formatting: 24,
  /** Tags in all; what follows is cut. */
  tags: 30_000,
} as const

const VOID = new Set('area base br col embed hr img input link meta param source track wbr'.split(' '))
const FORMATTING = new Set('a b big code em font i nobr s small strike strong tt u'.split(' '))
/** Elements that mail leaves open, and that the next one of their kind closes. */
const SELF_CLOSING = new Set('p li td th tr dt dd option tbody thead tfoot colgroup'.split(' '))
const RAW = new Set('style script title textarea xmp noscript iframe noembed noframes plaintext'.split(' '))

export function tameHtml(html: string): { html: string; cut: boolean } {
  const out: string[] = []
  const open: string[] = []
  let formatting = 0
  let tags = 0
  let kept = 0
  const tag = /<!--|<(\/?)([a-zA-Z][^\s/>]*)/g
  for (let match = tag.exec(html); match; match = tag.exec(html)) {
    if (match[0] === '<!--') {
      const end = html.indexOf('-->', match.index + 4)
      if (end < 0) break
      tag.lastIndex = end + 3
      continue
    }
    if (++tags > LIMITS.tags) {
      out.push(html.slice(kept, match.index))
      return { html: out.join(''), cut: true }
    }
    const closing = match[1] === '/'
    const name = match[2]!.toLowerCase()
    const end = tagEnd(html, tag.lastIndex)
    tag.lastIndex = end
    let drop = false
    if (closing) {
      const at = open.lastIndexOf(name)
      if (at < 0) drop = name !== 'p' && name !== 'br'
      else {
        for (const closed of open.splice(at)) if (FORMATTING.has(closed)) formatting--
      }
    } else if (!VOID.has(name)) {
      if (RAW.has(name)) {
        const close = closeOf(html, name, end)
        tag.lastIndex = close < 0 ? html.length : tagEnd(html, close + 2)
        continue
      }
      if (SELF_CLOSING.has(name) && open.at(-1) === name) open.pop()
      drop = open.length >= LIMITS.depth || (FORMATTING.has(name) && formatting >= LIMITS.formatting)
      if (!drop) {
        open.push(name)
        if (FORMATTING.has(name)) formatting++
      }
    }
    if (drop) {
      out.push(html.slice(kept, match.index))
      kept = end
    }
  }
  out.push(html.slice(kept))
  return { html: out.join(''), cut: false }
}

/** After the `>` that ends a tag, which may stand in quotes before. */
function tagEnd(html: string, from: number): number {
  let quote = ''
  for (let at = from; at < html.length; at++) {
    const character = html[at]!
    if (quote) {
      if (character === quote) quote = ''
    } else if (character === '>') return at + 1
    else if ((character === '"' || character === "'") && html[at - 1] === '=') quote = character
  }
  return html.length
}

/** Where raw text ends: at the first closing tag of its element. */
function closeOf(html: string, name: string, from: number): number {
  const close = new RegExp(`</${name}`, 'gi')
  close.lastIndex = from
  return close.exec(html)?.index ?? -1
}
