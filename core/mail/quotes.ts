/**
 * Quoted parts of a message in HTML, folded: what somebody answers to stands under what they say, and most
 * have read it already. Works on nodes that were made safe before, moves them and adds nothing but
 * <details> and <summary>.
 */

/** How mail programs mark what they quote. */
const QUOTE = 'blockquote[type=cite], .gmail_quote, .moz-cite-prefix + blockquote, .yahoo_quoted, blockquote'
/** Shorter quotations stay open, in characters. */
const SHORT = 200
/** Where a <details> can stand without the parser moving it. */
const HOLDER = /^(?:DIV|BODY|TD|TH|SECTION|ARTICLE|MAIN|CENTER|LI|BLOCKQUOTE)$/
/** Quotations that are looked at; an ordinary message has one. */
const MOST = 200

/**
 * Folds the outermost quotations below `root`. A message that is nothing but a quotation stays open.
 * @param label what stands in the place of the quotation
 */
export function foldQuotes(root: Element, label: string): void {
  const whole = root.textContent?.trim().length ?? 0
  for (const quote of [...root.querySelectorAll(QUOTE)].slice(0, MOST)) {
    const parent = quote.parentElement
    if (!parent || (parent !== root && !HOLDER.test(parent.tagName)) || quote.closest('details')) continue
    const length = quote.textContent?.trim().length ?? 0
    if (length < SHORT || whole - length < 2) continue
    const details = root.ownerDocument.createElement('details')
    details.className = 'restante-quoted'
    const summary = root.ownerDocument.createElement('summary')
    summary.textContent = label
    parent.insertBefore(details, quote)
    details.append(summary, quote)
  }
}
