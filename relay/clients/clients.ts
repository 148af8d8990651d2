/**
 * Who is connected, and from where: the counts behind the limits by address and by network, and the memory of
 * clients that have sent mail before.
 *
 * Everything here is a count or a time, and bounded; it is lost with the process, and costs nobody more than
 * the wait before the greeting.
 */
import { type Networks, networkOf } from '@restante/core/config/networks.ts'
import type { RelayLimits } from '../limits.ts'
import type { Rates } from './rates.ts'

/** How long a client that has sent mail counts as known, ms. */
const KNOWN_FOR = 30 * 86_400_000
const MOST_KNOWN = 50_000
/** A network may have four times what one of its addresses may. */
export const NETWORK_SHARE = 4

export type Admission =
  | 'welcome'
  | 'too-many-from-address'
  | 'too-many-from-network'
  | 'too-fast'
  | 'too-many-unknown'

/** A connection's place in the counts. */
export type Ticket = { address: string; network: string; exempt: boolean }

export class Clients {
  readonly #addresses = new Map<string, number>()
  readonly #networks = new Map<string, number>()
  /** Address → when it last sent a message; the oldest first. */
  readonly #known = new Map<string, number>()
  readonly #options: { limits: RelayLimits; exempt: Networks; rates: Rates; now: () => number }

  constructor(options: { limits: RelayLimits; exempt: Networks; rates: Rates; now: () => number }) {
    this.#options = options
  }

  /** Counts a connection in, also one that is refused; give the ticket back with `leave`. */
  enter(address: string): { ticket: Ticket; admission: Admission } {
    const ticket = { address, network: networkOf(address), exempt: this.#options.exempt.has(address) }
    add(this.#addresses, ticket.address, 1)
    add(this.#networks, ticket.network, 1)
    return { ticket, admission: ticket.exempt ? 'welcome' : this.#admit(ticket) }
  }

  leave(ticket: Ticket): void {
    add(this.#addresses, ticket.address, -1)
    add(this.#networks, ticket.network, -1)
  }

  /** It has sent a message that was accepted. */
  hasSent(ticket: Ticket): void {
    if (ticket.exempt) return
    this.#known.delete(ticket.address)
    this.#known.set(ticket.address, this.#options.now())
    if (this.#known.size > MOST_KNOWN) this.#known.delete(this.#known.keys().next().value ?? '')
  }

  /** Whether it need not wait for the greeting. */
  isKnown(address: string): boolean {
    const last = this.#known.get(address)
    return this.#options.exempt.has(address) || (last !== undefined && this.#options.now() - last < KNOWN_FOR)
  }

  #admit({ address, network }: Ticket): Admission {
    const { limits, rates } = this.#options
    if ((this.#addresses.get(address) ?? 0) > limits.connectionsPerAddress) return 'too-many-from-address'
    if ((this.#networks.get(network) ?? 0) > limits.connectionsPerAddress * NETWORK_SHARE)
      return 'too-many-from-network'
    const limit = limits.rates.connections
    const slow = [
      rates.take('connections', address, limit),
      rates.take('connections', network, limit * NETWORK_SHARE),
    ]
    if (slow.includes(false)) return 'too-fast'
    return rates.exceeded('unknown', network, limits.rates.unknown) ? 'too-many-unknown' : 'welcome'
  }
}

function add(counts: Map<string, number>, key: string, amount: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + amount
  if (count > 0) counts.set(key, count)
  else counts.delete(key)
}
