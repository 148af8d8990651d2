/**
 * DNS block lists (RFC 5782): is the client's address on one? Each list of the settings says whether that is a
 * refusal or a mark. Only answers from 127.0.0.0/8 count; 127.255.255.x is a list's way to say that it does not
 * answer us (too many questions, an open resolver), and what else comes is a resolver that lies.
 *
 * A list that does not answer in time lets the mail in, with a mark that says so.
 */
import type { Networks } from '../config/networks.ts'
import type { Zone } from '../config/zones.ts'
import { reversedAddress } from '../dns/addresses.ts'
import { type Dns, DnsError } from '../dns/dns.ts'
import { isLocal } from './client.ts'
import type { Finding, Step, StepOutcome } from './types.ts'

/** ms for all lists. */
const TIME_LIMIT = 3_000

type Listing = 'listed' | 'not-listed' | 'unknown'

export function blocklistsStep({
  zones,
  dns,
  own,
}: {
  zones: readonly Zone[]
  dns: Dns
  own?: Networks
}): Step {
  return {
    name: 'blocklists',
    timeLimit: TIME_LIMIT + 1_000,
    kind: 'facts',
    async run({ envelope }): Promise<StepOutcome> {
      const client = envelope.client?.address?.replace(/^::ffff:(?=\d+\.)/i, '')
      if (envelope.kind !== 'inbound' || !client || isLocal(client, own)) return { findings: [] }
      const reversed = reversedAddress(client)
      if (!reversed) return { findings: [] }
      const answers = await Promise.all(
        zones.map(async zone => ({ zone, listing: await within(askZone(dns, reversed, zone.name)) })),
      )
      const findings: Finding[] = []
      for (const { zone, listing } of answers) {
        if (listing !== 'listed') continue
        if (zone.listed === 'reject')
          findings.unshift({ type: 'blocked', reason: 'dnsbl-listed', detail: zone.name })
        else findings.push({ type: 'suspicious', reason: 'dnsbl-listed', detail: zone.name })
      }
      const silent = answers.filter(answer => answer.listing === 'unknown').map(answer => answer.zone.name)
      if (silent.length > 0)
        findings.push({ type: 'suspicious', reason: 'dnsbl-silent', detail: silent.join(', ') })
      return { findings: findings.length > 0 ? findings : [{ type: 'clean', reason: 'dnsbl-clean' }] }
    },
  }
}

async function askZone(dns: Dns, reversed: string, zone: string): Promise<Listing> {
  try {
    const answers = await dns.resolve(`${reversed}.${zone}`, 'A')
    if (answers.some(answer => answer.startsWith('127.') && !answer.startsWith('127.255.255.')))
      return 'listed'
    return answers.some(answer => answer.startsWith('127.255.255.')) ? 'unknown' : 'not-listed'
  } catch (error) {
    return error instanceof DnsError && error.missing ? 'not-listed' : 'unknown'
  }
}

async function within(running: Promise<Listing>): Promise<Listing> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Listing>(resolve => {
    timer = setTimeout(() => resolve('unknown'), TIME_LIMIT)
  })
  const found = await Promise.race([running, late])
  clearTimeout(timer)
  return found
}
