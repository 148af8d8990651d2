/**
 * What a domain's DMARC policy says of what SPF and DKIM proved (RFC 7489, RFC 9989), by mailauth.
 *
 * One domain sends many messages: the answer to the same question is kept for a minute, unless DNS gave none.
 */
import { dmarc } from 'mailauth/lib/dmarc/index.js'
import type { Dns } from '../../dns/dns.ts'

export type DmarcResult = Awaited<ReturnType<typeof dmarc>>

/** @param spf domains that SPF passed for, @param dkim domains with a signature that is good */
export type DmarcCheck = (
  domain: string,
  spf: readonly string[],
  dkim: readonly string[],
) => Promise<DmarcResult>

const KEPT_FOR = 60_000
const MOST = 10_000

export function createDmarc(dns: Dns, now: () => number): DmarcCheck {
  const kept = new Map<string, { until: number; result: DmarcResult }>()

  return async (domain, spf, dkim) => {
    const key = JSON.stringify([domain, spf, dkim])
    const before = kept.get(key)
    if (before && before.until > now()) return before.result
    const result = await dmarc({
      headerFrom: [`postmaster@${domain}`],
      fromFields: 1,
      spfDomains: [...spf],
      dkimDomains: dkim.map(one => ({ domain: one })),
      resolver: dns.ask as never,
    })
    if (result && result.status.result !== 'temperror') {
      kept.delete(key)
      kept.set(key, { until: now() + KEPT_FOR, result })
      if (kept.size > MOST) kept.delete(kept.keys().next().value ?? '')
    }
    return result
  }
}
