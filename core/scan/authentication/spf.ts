/**
 * SPF (RFC 7208) of the envelope's sender, or of the HELO name when there is none (§2.4).
 *
 * One sender sends many messages from one address: its result is kept for a minute.
 */
import { isIP } from 'node:net'
import { spf } from 'mailauth/lib/spf/index.js'
import type { Dns } from '../../dns/dns.ts'
import { senderDomain } from './header.ts'

export type SpfResult = {
  result: 'none' | 'neutral' | 'pass' | 'fail' | 'softfail' | 'temperror' | 'permerror'
  /** Of the identity that was checked; '' when there was none that could be. */
  domain: string
  identity: 'mailfrom' | 'helo'
}

export type SpfCheck = (client: { ip: string; helo?: string; sender: string }) => Promise<SpfResult>

const KEPT_FOR = 60_000
const MOST = 10_000
const RESULTS: ReadonlySet<string> = new Set([
  'none',
  'neutral',
  'pass',
  'fail',
  'softfail',
  'temperror',
  'permerror',
])

/** @param timeLimit ms of one check with all its questions (RFC 7208 §4.6.4) */
export function createSpf(dns: Dns, hostname: string, timeLimit: number, now: () => number): SpfCheck {
  const kept = new Map<string, { until: number; result: SpfResult }>()

  async function check(ip: string, helo: string, sender: string): Promise<SpfResult> {
    const identity = sender ? 'mailfrom' : 'helo'
    const at = sender.lastIndexOf('@')
    const domain = senderDomain(sender ? sender.slice(at + 1) : helo)
    if (!domain || !isIP(ip)) return { result: 'none', domain: '', identity }
    const local = sender ? sender.slice(0, Math.max(at, 0)) : 'postmaster'
    const found = await spf({
      sender: `${local || 'postmaster'}@${domain}`,
      ip,
      helo,
      mta: hostname,
      resolver: dns.ask as never,
      maxElapsedTime: timeLimit,
    })
    const { result } = found.status
    return {
      result: RESULTS.has(result) ? (result as SpfResult['result']) : 'temperror',
      domain,
      identity,
    }
  }

  return async ({ ip: address, helo = '', sender }) => {
    const ip = address.replace(/^::ffff:(?=\d+\.)/i, '')
    const key = `${ip} ${helo} ${sender}`
    const before = kept.get(key)
    if (before && before.until > now()) return before.result
    const result = await check(ip, helo, sender)
    if (result.result !== 'temperror') {
      kept.delete(key)
      kept.set(key, { until: now() + KEPT_FOR, result })
      if (kept.size > MOST) kept.delete(kept.keys().next().value ?? '')
    }
    return result
  }
}
