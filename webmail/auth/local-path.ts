/** Where to go after signing in: a path of ours, or the start page. A link must not lead to another site. */
export function localPath(wanted: string): string {
  if (!wanted.startsWith('/')) return '/'
  const base = 'http://local.invalid'
  if (!URL.canParse(wanted, base)) return '/'
  const url = new URL(wanted, base)
  // `//host` and `/\host` are other hosts to a browser; the parser sees them as one.
  return url.origin === base ? url.pathname + url.search : '/'
}
