/**
 * CSS of a message, let through as far as it only changes how its own text looks.
 *
 * A list of what is allowed, read by a small parser that drops what it does not understand: no URL of any
 * kind, no at-rule but @media, no property that takes an element out of its place in the page.
 */

const PROPERTIES = new Set(
  `align-content align-items align-self background background-color background-position background-repeat
  background-size border border-bottom border-bottom-color border-bottom-left-radius border-bottom-right-radius
  border-bottom-style border-bottom-width border-collapse border-color border-left border-left-color
  border-left-style border-left-width border-radius border-right border-right-color border-right-style
  border-right-width border-spacing border-style border-top border-top-color border-top-left-radius
  border-top-right-radius border-top-style border-top-width border-width box-sizing caption-side clear color
  column-gap columns direction display empty-cells flex flex-basis flex-direction flex-grow flex-shrink flex-wrap
  float font font-family font-size font-stretch font-style font-variant font-weight gap height hyphens
  justify-content letter-spacing line-height list-style list-style-position list-style-type margin margin-bottom
  margin-left margin-right margin-top max-height max-width min-height min-width object-fit opacity order
  outline overflow overflow-wrap overflow-x overflow-y padding padding-bottom padding-left padding-right
  padding-top quotes row-gap table-layout text-align text-align-last text-decoration text-decoration-color
  text-decoration-line text-decoration-style text-indent text-overflow text-shadow text-transform
  unicode-bidi vertical-align visibility white-space width word-break word-spacing word-wrap
  mso-hide`.split(/\s+/),
)

/** Functions that can't load, run or read anything. */
const FUNCTIONS = new Set(['rgb', 'rgba', 'hsl', 'hsla', 'calc', 'linear-gradient', 'min', 'max', 'clamp'])

const MAX_CSS = 200_000

/** The declarations of a style attribute that may stay. */
export function safeDeclarations(text: string): string {
  return split(strip(text), ';')
    .map(safeDeclaration)
    .filter(declaration => declaration !== null)
    .join('; ')
}

function safeDeclaration(text: string): string | null {
  const colon = text.indexOf(':')
  if (colon < 0) return null
  const property = text.slice(0, colon).trim().toLowerCase()
  const value = text.slice(colon + 1).trim()
  if (!PROPERTIES.has(property) || value === '' || value.length > 1_000) return null
  // Escapes can spell anything; nobody needs them here.
  if (/[\\<>{}@[\]]/.test(value) || /expression|javascript|url\s*\(|image-set/i.test(value)) return null
  if (!isClosed(value)) return null
  for (const match of value.matchAll(/([\w-]*)\s*\(/g)) {
    if (!FUNCTIONS.has(match[1]!.toLowerCase())) return null
  }
  // A negative margin, also one that is calculated, could push text over what is around it.
  if (property.startsWith('margin') && !/^[\w.%\s!]+$/.test(value)) return null
  return `${property}: ${value}`
}

/** What stays open would take in what stands behind it. */
function isClosed(value: string): boolean {
  const bare = value.replace(/"[^"\n\r\f]*"|'[^'\n\r\f]*'/g, '')
  return !/["']/.test(bare) && bare.split('(').length === bare.split(')').length
}

/** The rules of a style element that may stay. */
export function safeStyleSheet(text: string): string {
  return rules(strip(text.slice(0, MAX_CSS)), 0).join('\n')
}

function rules(text: string, depth: number): string[] {
  const out: string[] = []
  let at = 0
  while (at < text.length) {
    const open = text.indexOf('{', at)
    const semicolon = text.indexOf(';', at)
    if (open < 0) break
    if (semicolon >= 0 && semicolon < open) {
      // A statement at-rule: @import, @charset, @namespace.
      at = semicolon + 1
      continue
    }
    const close = matching(text, open)
    const prelude = text.slice(at, open).trim()
    const body = text.slice(open + 1, close)
    at = close + 1
    if (prelude.startsWith('@')) {
      if (depth === 0 && /^@media\s+[\w\s():,.-]+$/i.test(prelude)) {
        const inner = rules(body, 1)
        if (inner.length) out.push(`${prelude} {\n${inner.join('\n')}\n}`)
      }
      continue
    }
    const declarations = safeDeclarations(body)
    if (declarations && isPlainSelector(prelude)) out.push(`${prelude} { ${declarations} }`)
  }
  return out
}

/**
 * Attribute selectors could tell of what is in the page, and are needed by nobody; what stands behind a link
 * (`::after`) is our word about where it leads.
 */
const isPlainSelector = (text: string) =>
  text.length < 2_000 && /^[\w\s.,#*>+~:()-]+$/.test(text) && !UNUSUAL_PSEUDO.test(text)

const UNUSUAL_PSEUDO =
  /:(?!(?:link|visited|hover|active|focus|not|is|where|empty|only-child|only-of-type|(?:first|last)-(?:child|of-type)|nth-(?:last-)?(?:child|of-type))(?![\w-]))/i

function matching(text: string, open: number): number {
  let depth = 0
  for (let at = open; at < text.length; at++) {
    if (text[at] === '{') depth++
    else if (text[at] === '}' && --depth === 0) return at
  }
  return text.length
}

function strip(text: string): string {
  return text.replace(/\/\*[\s\S]*?(\*\/|$)/g, ' ').replace(/<!--|-->/g, ' ')
}

/** Splits at a separator that stands outside quotes and parentheses. */
function split(text: string, separator: string): string[] {
  const out: string[] = []
  let depth = 0
  let quote = ''
  let start = 0
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!
    if (quote) {
      if (character === quote) quote = ''
    } else if (character === '"' || character === "'") quote = character
    else if (character === '(') depth++
    else if (character === ')') depth = Math.max(0, depth - 1)
    else if (character === separator && depth === 0) {
      out.push(text.slice(start, at))
      start = at + 1
    }
  }
  out.push(text.slice(start))
  return out
}
