/**
 * Whether a request that changes something comes from our own pages.
 *
 * Browsers say so in Sec-Fetch-Site; older ones in Origin. A request that says neither is no browser's, and a
 * session cookie has no business in it: refused. (`none` is an address typed by hand, which sends no changes.)
 */
export function isSameOrigin(headers: Headers, publicUrl: string): boolean {
  const site = headers.get('sec-fetch-site')
  if (site !== null) return site === 'same-origin'
  const origin = headers.get('origin')
  if (origin === null || !URL.canParse(origin)) return false
  return origin === new URL(publicUrl).origin || new URL(origin).host === headers.get('host')
}
