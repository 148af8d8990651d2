/** Who may connect: as many as we can serve, and not all of them from one address. */

import type { RelayLimits } from '../limits.ts'
import { accept, refuse, replies, type Verdict } from '../replies.ts'

export type ConnectInput = {
  /** Connections open, this one included. */
  total: number
  fromAddress: number
  /** Our own machine: filters, tests, other gateways of ours. */
  loopback: boolean
}

export function connectPolicy(
  input: ConnectInput,
  limits: Pick<RelayLimits, 'connections' | 'connectionsPerAddress'>,
): Verdict {
  if (input.total > limits.connections) return refuse(replies.tooManyConnections)
  if (!input.loopback && input.fromAddress > limits.connectionsPerAddress)
    return refuse(replies.tooManyFromYou)
  return accept
}
