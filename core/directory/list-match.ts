/**
 * Whom an organization, or one mailbox, always or never wants mail from: entries for addresses, domains with
 * their subdomains, and networks, and which of them meets a sender.
 *
 * The narrowest entry counts: an address before a domain, a subdomain before its parent, any of them before a
 * network, a small network before a large one; of two alike the one that blocks. A name is only claimed by who
 * sends: an entry that allows counts for names that were proven, or the door would stand open to every forger.
 */
import { BlockList, isIP } from 'node:net'

export type ListKind = 'allow' | 'block'
export type ListEntry = { kind: ListKind; value: string }

/** Who is at the door. */
export type Claim = {
  /** The envelope's sender and those of From, canonical or as they came, in lower case. */
  names: readonly string[]
  /** Those of them that authentication proved. */
  proven: readonly string[]
  /** The client's. */
  network?: string
}

export function valueType(value: string): 'address' | 'domain' | 'network' {
  if (value.includes('@')) return 'address'
  return value.includes('/') || isIP(value) ? 'network' : 'domain'
}

export class List {
  readonly #names = new Map<string, ListKind>()
  /** The smallest first. */
  readonly #networks: { kind: ListKind; value: string; list: BlockList; length: number }[] = []

  constructor(entries: readonly ListEntry[]) {
    for (const { kind, value } of entries) {
      if (valueType(value) !== 'network') {
        this.#names.set(value, kind)
        continue
      }
      const [address = '', prefix] = value.split('/')
      const family = isIP(address)
      const length = prefix === undefined ? (family === 6 ? 128 : 32) : Number(prefix)
      if (family === 0 || !(length <= (family === 6 ? 128 : 32))) continue
      const list = new BlockList()
      list.addSubnet(address, length, family === 6 ? 'ipv6' : 'ipv4')
      // Of two families no network meets both.
      this.#networks.push({ kind, value, list, length })
    }
    this.#networks.sort((a, b) => b.length - a.length || (a.kind === 'block' ? -1 : 1))
  }

  match(claim: Claim): ListEntry | undefined {
    let best: (ListEntry & { weight: number }) | undefined
    for (const name of claim.names) {
      const met = this.#matchName(name, claim.proven.includes(name))
      if (met && (!best || met.weight > best.weight || (met.weight === best.weight && met.kind === 'block')))
        best = met
    }
    if (best) return { kind: best.kind, value: best.value }
    const plain = claim.network?.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '') ?? ''
    const family = isIP(plain)
    if (family === 0) return undefined
    const network = this.#networks.find(one => one.list.check(plain, family === 6 ? 'ipv6' : 'ipv4'))
    return network && { kind: network.kind, value: network.value }
  }

  #matchName(name: string, proven: boolean): (ListEntry & { weight: number }) | undefined {
    const counts = (kind: ListKind | undefined): kind is ListKind =>
      kind === 'block' || (kind === 'allow' && proven)
    const own = this.#names.get(name)
    if (counts(own)) return { kind: own, value: name, weight: 1_000 }
    let domain = name.slice(name.lastIndexOf('@') + 1)
    while (domain) {
      const kind = this.#names.get(domain)
      if (counts(kind)) return { kind, value: domain, weight: domain.split('.').length }
      const dot = domain.indexOf('.')
      domain = dot < 0 ? '' : domain.slice(dot + 1)
    }
    return undefined
  }
}

/** The lists that count for one recipient. */
export type ListsOf = { organization?: List; mailboxes: readonly (List | undefined)[] }

/**
 * What an organization blocks stays blocked; otherwise a mailbox's own entry counts before the organization's.
 * An address that leads to several mailboxes is blocked when all of them block.
 */
export function matchLists(lists: ListsOf, claim: Claim): ListEntry | undefined {
  const general = lists.organization?.match(claim)
  if (general?.kind === 'block') return general
  const own = lists.mailboxes.map(list => list?.match(claim))
  const blocking = own.filter(entry => entry?.kind === 'block')
  if (blocking.length > 0 && blocking.length === own.length) return blocking[0]
  return own.find(entry => entry?.kind === 'allow') ?? general
}
