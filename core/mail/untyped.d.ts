/** What is used here of packages that bring no types of their own. */
declare module 'libmime' {
  const libmime: {
    /** Decodes encoded words (RFC 2047). @throws for an unknown charset */
    decodeWords(text: string): string
    parseHeaderValue(text: string): { value: string; params: Record<string, string> }
  }
  export default libmime
}

declare module 'html-to-text' {
  type Selector = { selector: string; format?: string; options?: Record<string, unknown> }
  export function convert(
    html: string,
    options: {
      wordwrap: number | false
      limits?: { maxInputLength?: number; maxDepth?: number; maxChildNodes?: number }
      selectors?: Selector[]
    },
  ): string
}
