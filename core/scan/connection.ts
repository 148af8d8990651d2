/**
 * The client as it shows itself: what it calls itself, what DNS calls it. None of it decides anything (RFC 5321
 * §4.1.4 forbids to refuse for a HELO name), all of it is worth a mark, and engines weigh it.
 *
 * And greylisting, for the domains that want it.
 */
import { isIP } from 'node:net'
import type { Networks } from '../config/networks.ts'
import type { Dns } from '../dns/dns.ts'
import { isLocal, type ReverseName, reverseWithin } from './client.ts'
import type { Greylist } from './greylist.ts'
import type { Finding, Step, StepOutcome } from './types.ts'

export type ConnectionOptions = {
  /** RESTANTE_HOSTNAME: nobody else is called so. */
  hostname: string
  dns: Dns
  /** Clients that are not looked at, besides private networks. */
  own?: Networks
  greylist?: Greylist
}

export function connectionStep({ hostname, dns, own, greylist }: ConnectionOptions): Step {
  return {
    name: 'connection',
    timeLimit: 5_000,
    kind: 'facts',
    async run({ envelope }, context): Promise<StepOutcome> {
      const client = envelope.client?.address
      if (envelope.kind !== 'inbound' || !client || isLocal(client, own)) return { findings: [] }
      const grey = envelope.recipients
        .map(recipient => recipient.address)
        .filter(address => context.policyOf(address).greylisting)
      const [name, late] = await Promise.all([
        reverseWithin(dns, client),
        grey.length > 0 && greylist ? greylist.check(client, envelope.sender, grey) : new Set<string>(),
      ])
      const findings = [...heloFindings(envelope.client?.helo, hostname), ...reverseFindings(name)]
      if (findings.length === 0) findings.push({ type: 'clean', reason: 'client-named', ...detailOf(name) })
      const byRecipient = new Map(
        [...late].map((address): [string, Finding[]] => [address, [{ type: 'later', reason: 'greylisted' }]]),
      )
      return {
        findings,
        ...(byRecipient.size > 0 && { byRecipient }),
        ...(name.type === 'confirmed' && isHostName(name.name) && { clientName: name.name }),
      }
    },
  }
}

/** What its HELO name says against a client. */
export function heloFindings(helo: string | undefined, hostname: string): Finding[] {
  const name = helo?.trim().toLowerCase().replace(/\.$/, '') ?? ''
  if (name === '' || name === 'unknown') return [{ type: 'suspicious', reason: 'helo-bad' }]
  const mark = (reason: string): Finding[] => [{ type: 'suspicious', reason, detail: name }]
  if (name === hostname.toLowerCase() || name === 'localhost') return mark('helo-ours')
  if (name.startsWith('[') || isIP(name)) return mark('helo-literal')
  return name.includes('.') ? [] : mark('helo-no-dot')
}

function reverseFindings(name: ReverseName): Finding[] {
  switch (name.type) {
    case 'none':
      return [{ type: 'suspicious', reason: 'reverse-none' }]
    case 'unconfirmed':
      return [{ type: 'suspicious', reason: 'reverse-unconfirmed', detail: name.name }]
    case 'confirmed':
    case 'unknown':
      return []
    default:
      return name satisfies never
  }
}

/** DNS may hold any octets; what goes into headers and commands may not. */
const isHostName = (name: string) => name.length <= 253 && /^[\w-]+(?:\.[\w-]+)*$/.test(name)

const detailOf = (name: ReverseName) => (name.type === 'confirmed' ? { detail: name.name } : {})
