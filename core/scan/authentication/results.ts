/**
 * Our own `Authentication-Results` (RFC 8601): one entry a method. Everything in it that a stranger wrote, a
 * domain, a selector, a local part, is a token or a quoted string, so that nothing can end its entry or begin
 * another.
 */

export type Entry = {
  method: 'spf' | 'dkim' | 'dmarc' | 'arc'
  result: string
  /** For people, in brackets. */
  comment?: string
  /** `smtp.mailfrom` → value; what is empty is left out. */
  properties?: readonly (readonly [name: string, value: string | undefined])[]
}

/** RFC 8601 §2.2 pvalue: a value (RFC 2045 §5.1), or an address. */
const PLAIN = /^[A-Za-z0-9!#$%&'*+.^_`{|}~@-]+$/
const LONGEST = 254

/** What stands after `Authentication-Results: `, folded, without the last line's end. */
export function resultsOf(hostname: string, entries: readonly Entry[]): string {
  if (entries.length === 0) return `${hostname}; none`
  return [hostname, ...entries.map(entryText)].join(';\r\n\t')
}

function entryText({ method, result, comment, properties = [] }: Entry): string {
  const parts = [`${method}=${result.replace(/[^A-Za-z0-9-]/g, '') || 'none'}`]
  if (comment)
    parts.push(
      `(${safe(comment)
        .replace(/[()\\]/g, ' ')
        .trim()})`,
    )
  for (const [name, value] of properties) if (value) parts.push(`${name}=${pvalue(value)}`)
  return parts.join(' ')
}

function pvalue(value: string): string {
  const text = safe(value)
  return PLAIN.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`
}

/** Printable ASCII, and not endless. */
function safe(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, '?').slice(0, LONGEST)
}
