/**
 * Headers of what is downloaded. It comes from strangers and is served from our origin: it is saved, not
 * shown, unless it is of a type that can't run anything, and never sniffed.
 */

/** Types that a browser shows without running anything of them. */
const SHOWN = /^(image\/(png|jpeg|gif|webp|avif|bmp)|text\/plain|application\/pdf)$/

/**
 * @param type as the client named it, or the blob's own
 * @param inline whether the client wants to show it
 */
export function downloadHeaders(of: {
  type: string
  name: string
  size: number | null
  inline: boolean
}): Record<string, string> {
  const shown = of.inline && SHOWN.test(of.type)
  return {
    'content-type': of.type.startsWith('text/') ? `${of.type}; charset=utf-8` : of.type,
    'content-disposition': disposition(shown ? 'inline' : 'attachment', of.name),
    'x-content-type-options': 'nosniff',
    'content-security-policy':
      // Browsers' own PDF viewers don't open in a sandbox; a PDF is no page of ours anyway.
      of.type === 'application/pdf' && shown
        ? "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'"
        : "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox",
    'cache-control': 'private, max-age=300',
    ...(of.size !== null && { 'content-length': String(of.size) }),
  }
}

/** RFC 6266, with the name in RFC 8187's form for everything but plain letters. */
function disposition(kind: 'inline' | 'attachment', name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const clean = name.replace(/[\x00-\x1f\x7f/\\]/g, '_').slice(0, 200) || 'download'
  const plain = clean.replace(/[^\x20-\x7e]|["%]/g, '_')
  const encoded = encodeURIComponent(clean.toWellFormed()).replace(
    /['()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `${kind}; filename="${plain}"; filename*=UTF-8''${encoded}`
}
