/**
 * Sends a message to the first host that takes it: falls back to the next when a host can't be reached, hangs
 * up, or refuses us for now before it has heard of any recipient.
 */
import type { Outcome } from '@restante/core/outcome/types.ts'
import type { Acquired, Pool } from './pool.ts'
import { type Mail, send, type Told } from './transaction.ts'

export type Sent = {
  told: Told
  /** The host whose answers these are; null when none was reached. */
  host: string | null
}

export async function sendThrough(
  pool: Pool,
  mail: Mail,
  onOurFault: (error: unknown) => void,
): Promise<Sent> {
  let last: Sent | null = null
  for (const host of pool.order()) {
    let acquired = await pool.acquire(host, false, mail.client)
    let sent = await transact(pool, acquired, mail, onOurFault)
    // A kept connection that had gone stale says nothing about the host.
    if (acquired.type === 'lent' && acquired.lent.reused && nothingSaid(sent.told)) {
      acquired = await pool.acquire(host, true, mail.client)
      sent = await transact(pool, acquired, mail, onOurFault)
    }
    last = sent
    if (!worthAnotherHost(sent.told)) return sent
  }
  if (!last) throw new Error('a destination without hosts')
  return last
}

async function transact(
  pool: Pool,
  acquired: Acquired,
  mail: Mail,
  onOurFault: (error: unknown) => void,
): Promise<Sent> {
  if (acquired.type === 'failed') {
    const { outcome } = acquired
    const at = new Date().toISOString()
    return { told: new Map(mail.recipients.map(r => [r.address, { ...outcome, at }])), host: null }
  }
  const { peer } = acquired.lent
  try {
    const told = await send(peer, mail, onOurFault)
    const tls = peer.proof ?? (peer.secure ? ('encrypted' as const) : ('none' as const))
    for (const [address, outcome] of told) told.set(address, { ...outcome, tls })
    return { told, host: peer.name }
  } finally {
    pool.release(acquired.lent)
  }
}

const BEFORE_RECIPIENTS = new Set(['dns', 'connect', 'tls', 'greeting', 'ehlo', 'auth', 'mail'])

function everyone(told: Told, test: (outcome: Outcome) => boolean): boolean {
  return [...told.values()].every(test)
}

/** The connection was lost before MAIL was answered. */
function nothingSaid(told: Told): boolean {
  return everyone(told, o => o.code === undefined && o.phase === 'mail' && o.category !== 'too-large')
}

function worthAnotherHost(told: Told): boolean {
  return everyone(told, o => !o.permanent && o.phase !== undefined && BEFORE_RECIPIENTS.has(o.phase))
}
