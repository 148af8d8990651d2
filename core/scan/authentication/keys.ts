/**
 * How the keys of signatures are asked for. Anybody may put a signature of a domain on a message, with a name
 * server that never answers: time spent on it must not be time that the author's own signature does not get, or a
 * forger could turn "refused" into "could not be checked". Domains that can't be the author's share a small time.
 */
import { type Dns, DnsError } from '../../dns/dns.ts'

/** For mailauth. */
export type Ask = (name: string, type: string) => Promise<unknown[]>

/** ms for the keys of all other domains together. */
const OTHERS = 2_000
const MARK = '._domainkey.'

export function keysFor(dns: Pick<Dns, 'ask'>, authors: readonly string[], others = OTHERS): Ask {
  let left = others
  return async (name, type) => {
    const domain = name.slice(name.indexOf(MARK) + MARK.length).toLowerCase()
    if (authors.some(author => isRelated(author, domain))) return dns.ask(name, type)
    if (left <= 0) throw new DnsError('ETIMEOUT', name, type)
    const startedAt = performance.now()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        left = 0
        reject(new DnsError('ETIMEOUT', name, type))
      }, left)
    })
    try {
      return await Promise.race([dns.ask(name, type), late])
    } finally {
      clearTimeout(timer)
      left -= performance.now() - startedAt
    }
  }
}

/** One is the other, or below it. */
export function isRelated(a: string, b: string): boolean {
  return a === b || a.endsWith(`.${b}`) || b.endsWith(`.${a}`)
}
