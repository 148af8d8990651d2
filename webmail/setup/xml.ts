/** Text and elements of an XML document (XML 1.0 §2.4); what XML can't hold is left out. */
export function text(value: string | number): string {
  return (
    String(value)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: just those may not stand in XML.
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
      .replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
      .replace(/>/g, '&gt;')
      .replace(/"/g, '&quot;')
  )
}

export const element = (name: string, value: string | number): string => `<${name}>${text(value)}</${name}>`

/** The text of the first element of this name, whatever its namespace; null when there is none. Reads no entities. */
export function firstText(xml: string, name: string): string | null {
  const found = new RegExp(`<(?:[\\w.-]+:)?${name}(?:\\s[^<>]*)?>([^<&]*)<`).exec(xml)?.[1]?.trim()
  return found || null
}
