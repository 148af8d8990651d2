/**
 * Open connections to the hosts of one destination, kept for the next message.
 *
 * Hosts are taken in order of preference; one that could not be reached is passed over for a while, unless
 * all are so. A connection that stood idle may have been closed by the other side without our knowing: when
 * a transaction on it fails before its first reply, the caller tries a fresh one (see `Lent.reused`).
 *
 * A server that was told of a client for a whole connection gets no other client's mail on it.
 */
import type { BackendHost } from '@restante/core/directory/backends.ts'
import type { Outcome } from '@restante/core/outcome/types.ts'
import { type ClientFacts, fits, identity, isToldByConnection } from './client-facts.ts'
import type { Dialed, Peer } from './peer.ts'

/** An idle connection is closed after this, in ms: shorter than any server's patience. */
const IDLE = 5_000
/** Of the connections that are one client's each, so many are kept to a host. */
const MOST_APART = 20
/** Transactions on one connection. */
const MOST_TRANSACTIONS = 100
/** How long an unreachable host is passed over, in ms. */
const AVOID = 60_000

export type Lent = { peer: Peer; reused: boolean }
export type Acquired = { type: 'lent'; lent: Lent } | { type: 'failed'; outcome: Outcome }

export interface Pool {
  /** The hosts to try now, best first. */
  order(): BackendHost[]
  /** A connection to one host, for mail of one client. */
  acquire(host: BackendHost, fresh: boolean, client?: ClientFacts | null): Promise<Acquired>
  release(lent: Lent): void
  /** Hangs up everything, used or idle. */
  close(): void
}

/** @param dial opens a connection to one of the hosts */
export function createPool(
  hosts: readonly BackendHost[],
  dial: (host: BackendHost, client: ClientFacts | null) => Promise<Dialed>,
  now: () => number = Date.now,
): Pool {
  const idle = new Map<BackendHost, { peer: Peer; timer: NodeJS.Timeout }[]>()
  /** Which host a connection was asked for: `peer.host` may be what that resolved to. */
  const asked = new Map<Peer, BackendHost>()
  const avoided = new Map<BackendHost, number>()
  let closed = false

  function takeIdle(host: BackendHost, client: ClientFacts | null): Peer | null {
    const list = idle.get(host) ?? []
    if (isToldByConnection(host)) return takeFitting(list, host, client)
    for (let entry = list.pop(); entry; entry = list.pop()) {
      clearTimeout(entry.timer)
      if (entry.peer.usable) return entry.peer
    }
    return null
  }

  function takeFitting(
    list: { peer: Peer; timer: NodeJS.Timeout }[],
    host: BackendHost,
    client: ClientFacts | null,
  ): Peer | null {
    const whose = identity(host, client)
    for (;;) {
      let at = list.findLastIndex(({ peer }) => peer.seenAs === whose)
      if (at < 0) at = list.findLastIndex(({ peer }) => fits(peer, whose))
      const [entry] = at < 0 ? [] : list.splice(at, 1)
      if (!entry) return null
      clearTimeout(entry.timer)
      if (entry.peer.usable) return entry.peer
    }
  }

  return {
    order() {
      const time = now()
      const isAvoided = (host: BackendHost) => (avoided.get(host) ?? 0) > time
      return [...hosts.filter(host => !isAvoided(host)), ...hosts.filter(isAvoided)]
    },
    async acquire(host, fresh, client = null) {
      const kept = fresh ? null : takeIdle(host, client)
      if (kept && (!kept.dirty || (await kept.reset()))) {
        return { type: 'lent', lent: { peer: kept, reused: true } }
      }
      const dialed = await dial(host, client)
      if (dialed.type === 'failed') {
        if (hosts.length > 1) avoided.set(host, now() + AVOID)
        return dialed
      }
      avoided.delete(host)
      const { peer } = dialed
      if (closed) peer.close()
      asked.set(peer, host)
      peer.onEnd(() => asked.delete(peer))
      return { type: 'lent', lent: { peer, reused: false } }
    },
    release({ peer }) {
      const host = asked.get(peer)
      if (!peer.usable || !host) return
      if (closed || peer.transactions >= MOST_TRANSACTIONS) return peer.quit()
      const timer = setTimeout(() => {
        const list = idle.get(host) ?? []
        const at = list.findIndex(entry => entry.peer === peer)
        if (at >= 0) list.splice(at, 1)
        peer.quit()
      }, IDLE)
      timer.unref()
      const list = idle.get(host) ?? []
      list.push({ peer, timer })
      idle.set(host, list)
      if (!isToldByConnection(host) || list.length <= MOST_APART) return
      const oldest = list.shift()
      clearTimeout(oldest?.timer)
      oldest?.peer.quit()
    },
    close() {
      closed = true
      for (const list of idle.values()) for (const { timer } of list) clearTimeout(timer)
      idle.clear()
      for (const peer of [...asked.keys()]) peer.close()
    },
  }
}
