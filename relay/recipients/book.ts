/**
 * What backends have told us about their recipients. Who is there is known for 31 days, who is not for an
 * hour; pure, with the time as a parameter.
 *
 * A recipient that was there and is refused all of a sudden stays known until it was refused again an hour
 * later: a server that has just been rebuilt knows nobody for a while.
 */
const HOUR = 3_600_000
export const KNOWN_FOR = 31 * 24 * HOUR
export const UNKNOWN_FOR = HOUR
/** Asked again after this, while the old answer is still used. */
export const REFRESH_AFTER = 7 * 24 * HOUR
/** How long it is remembered whether a backend takes made-up addresses. */
export const TAKES_ALL_FOR = 24 * HOUR
/** ms between the refusals that make a known recipient an unknown one. */
const DOUBT = HOUR
const MOST_UNKNOWN = 100_000
const MOST_KNOWN = 1_000_000

type Known = { at: number; refusedAt?: number }
export type Page = [address: string, at: number]

export class Book {
  readonly #known = new Map<string, Known>()
  readonly #unknown = new Map<string, number>()
  readonly #takesAll = new Map<string, { takesAll: boolean; at: number }>()

  /** `stale`: known, and to be asked about again when there is time. */
  find(address: string, now: number): 'known' | 'stale' | 'unknown' | undefined {
    const known = this.#known.get(address)
    if (known && now - known.at < KNOWN_FOR) {
      const asked = Math.max(known.at, known.refusedAt ?? 0)
      const wait = known.refusedAt === undefined ? REFRESH_AFTER : DOUBT
      return now - asked < wait ? 'known' : 'stale'
    }
    const unknown = this.#unknown.get(address)
    return unknown !== undefined && now - unknown < UNKNOWN_FOR ? 'unknown' : undefined
  }

  yes(address: string, at: number): void {
    this.#unknown.delete(address)
    const before = this.#known.get(address)
    if (before && at <= before.at) return
    this.#known.delete(address)
    this.#known.set(address, { at })
    trim(this.#known, MOST_KNOWN)
  }

  /** @returns whether the address counts as unknown now */
  no(address: string, at: number): boolean {
    const known = this.#known.get(address)
    if (known && at - known.at < KNOWN_FOR) {
      if (known.refusedAt === undefined) known.refusedAt = at
      if (at - known.refusedAt < DOUBT) return false
    }
    this.#known.delete(address)
    this.#unknown.delete(address)
    this.#unknown.set(address, at)
    trim(this.#unknown, MOST_UNKNOWN)
    return true
  }

  /** Whether this domain's backend takes made-up addresses; undefined: find out. */
  takesAll(domain: string, now: number): boolean | undefined {
    const found = this.#takesAll.get(domain)
    return found && now - found.at < TAKES_ALL_FOR ? found.takesAll : undefined
  }

  /** The same, however long ago it was found out: for when nobody can be asked. */
  tookAll(domain: string): boolean {
    return this.#takesAll.get(domain)?.takesAll ?? false
  }

  setTakesAll(domain: string, takesAll: boolean, at: number): void {
    this.#takesAll.set(domain, { takesAll, at })
  }

  /** Who is known, for keeping. */
  pages(now: number): { known: Page[]; takesAll: Page[] } {
    return {
      known: [...this.#known]
        .filter(([, { at }]) => now - at < KNOWN_FOR)
        .map(([address, { at }]) => [address, at]),
      takesAll: [...this.#takesAll]
        .filter(([, { takesAll }]) => takesAll)
        .map(([domain, { at }]) => [domain, at]),
    }
  }

  get size(): number {
    return this.#known.size
  }
}

/** Drops the oldest. */
function trim(map: Map<string, unknown>, most: number): void {
  if (map.size > most) map.delete(map.keys().next().value ?? '')
}
