/** The steps that look at who sends and from where, put together from the settings. */
import { parseNetworks } from '../config/networks.ts'
import type { Settings } from '../config/settings.ts'
import type { Directory } from '../directory/snapshot.ts'
import { createDns } from '../dns/dns.ts'
import type { Log } from '../observe/log.ts'
import { createSealer } from './authentication/sealer.ts'
import { authenticationStep } from './authentication/step.ts'
import { blocklistsStep } from './blocklists.ts'
import { isLocal, reverseName, reverseWithin } from './client.ts'
import { connectionStep } from './connection.ts'
import { createGreylist } from './greylist.ts'
import { listsStep } from './lists.ts'
import type { Step } from './types.ts'

export type SenderSettings = Pick<
  Settings,
  | 'RESTANTE_DATA'
  | 'RESTANTE_HOSTNAME'
  | 'RELAY_EXEMPT_NETWORKS'
  | 'REDIS_URL'
  | 'DNS_SERVERS'
  | 'DNSBL_ZONES'
  | 'ARC_DOMAIN'
  | 'ARC_SELECTOR'
  | 'ARC_KEY'
  | 'ARC_TRUSTED'
>

export type SenderSteps = {
  steps: Step[]
  /** What DNS calls a client, when the name leads back to it. Answers are kept: the connection step asks the same. */
  nameOf: (address: string) => Promise<string | undefined>
  /** Begins to ask for that name, so that it is there when the message is. */
  expect: (address: string) => void
  close(): void
}

export function senderSteps(
  settings: SenderSettings,
  options: { directory: () => Directory; log: Log; now?: () => number },
): SenderSteps {
  const { directory, log, now } = options
  const hostname = settings.RESTANTE_HOSTNAME
  const own = parseNetworks(settings.RELAY_EXEMPT_NETWORKS)
  const dns = createDns({ servers: settings.DNS_SERVERS, now })
  const greylist = settings.REDIS_URL ? createGreylist({ redisUrl: settings.REDIS_URL, now }) : undefined
  const steps = [
    authenticationStep({
      hostname,
      dns,
      log,
      own,
      sealer: createSealer(settings),
      trustedSealers: settings.ARC_TRUSTED,
      now,
    }),
    listsStep({ listsOf: address => directory().listsOf(address) }),
    connectionStep({ hostname, dns, own, greylist }),
  ]
  if (settings.DNSBL_ZONES.length > 0) steps.push(blocklistsStep({ zones: settings.DNSBL_ZONES, dns, own }))
  return {
    steps,
    async nameOf(address) {
      if (isLocal(address, own)) return undefined
      const found = await reverseWithin(dns, address)
      return found.type === 'confirmed' ? found.name : undefined
    },
    expect(address) {
      if (!isLocal(address, own)) void reverseName(dns, address)
    },
    close() {
      dns.close()
      greylist?.close()
    },
  }
}
