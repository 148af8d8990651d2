/**
 * A process of its own with real relays, one for each set of steps, over one encrypted spool: what `npm run bench
 * scan` measures. Alone, without the worker and PostgreSQL, whose work would hide what a step costs the relay; or over
 * the spool of a whole gateway.
 *
 * Told by messages of its parent: first `Wanted`, answered with a port for each case; then a case's name, answered
 * with the ms that each scan took, and the ms of CPU that the process used, since the last question.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { parseNetworks } from '@restante/core/config/networks.ts'
import { deriveKey, loadSecret } from '@restante/core/config/secret.ts'
import { loadSettings, type Settings } from '@restante/core/config/settings.ts'
import { Directory } from '@restante/core/directory/snapshot.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { attachmentsStep } from '@restante/core/scan/attachments/step.ts'
import { engineSteps, scannerOf } from '@restante/core/scan/scanner.ts'
import { senderSteps } from '@restante/core/scan/sender-steps.ts'
import type { Scanner, StepName } from '@restante/core/scan/types.ts'
import { openSpool } from '@restante/core/spool/open.ts'
import { DEFAULT_LIMITS } from '@restante/relay/limits.ts'
import { createRelay } from '@restante/relay/server.ts'
import { loadCertificates } from '@restante/relay/tls.ts'

export type Wanted = {
  folder: string
  /** The data folder of a gateway whose spool they write into. */
  gateway?: string
  recipient: string
  /** For the settings: DNS and the engines. */
  env: Record<string, string>
  cases: { name: string; steps: StepName[] }[]
}

/** An organization's list with entries that don't match, as most of them don't for most messages. */
const LIST_LENGTH = 1_000

async function serve(wanted: Wanted): Promise<Record<string, number>> {
  const settings = settingsOf(wanted)
  const directory = directoryOf(wanted.recipient)
  const spool = await openSpool({
    url: `file:${join(wanted.gateway ?? wanted.folder, 'spool')}`,
    secretKey: wanted.gateway
      ? deriveKey(loadSecret({ RESTANTE_DATA: wanted.gateway, RESTANTE_SECRET: undefined }), 'spool')
      : randomBytes(32),
    encrypt: true,
    writer: 'bench',
    minimumFree: 0,
    log: silentLog,
  })
  const certificates = await loadCertificates({ folder: join(wanted.folder, 'tls'), hostname: 'mx.test' })
  const sender = senderSteps(settings, { directory: () => directory, log: silentLog })
  const steps = [...sender.steps, attachmentsStep(), ...engineSteps(settings, silentLog, sender.nameOf)]
  const ports: Record<string, number> = {}
  for (const { name, steps: names } of wanted.cases) {
    const scanner = scannerOf({
      steps: steps.filter(step => names.includes(step.name)),
      policyOf: address => directory.scanPolicy(address),
      log: silentLog,
    })
    const relay = createRelay({
      hostname: 'mx.test',
      spool,
      ...(names.length > 0 && { scanner: timed(name, scanner) }),
      staging: { folder: join(wanted.folder, 'staging'), encrypt: true },
      directory: () => ({ current: directory, ready: true }),
      certificates,
      limits: { ...DEFAULT_LIMITS, messageSize: 10_000_000, rates: NO_RATES },
      proxies: parseNetworks('127.0.0.0/8'),
      log: silentLog,
    })
    ports[name] = await relay.listen(0, '127.0.0.1')
  }
  return ports
}

const NO_RATES = Object.fromEntries(
  Object.keys(DEFAULT_LIMITS.rates).map(name => [name, 0]),
) as unknown as typeof DEFAULT_LIMITS.rates

export type Used = { scans: number[]; cpu: number }

let cpu = process.cpuUsage()
const times = new Map<string, number[]>()

function timed(name: string, scanner: Scanner): Scanner {
  return {
    close: () => scanner.close(),
    async scan(subject, signal) {
      const start = performance.now()
      const scanned = await scanner.scan(subject, signal)
      const list = times.get(name) ?? []
      list.push(performance.now() - start)
      times.set(name, list)
      return scanned
    },
  }
}

function settingsOf({ folder, env }: Wanted): Settings {
  return loadSettings({ RESTANTE_DATA: folder, RESTANTE_HOSTNAME: 'mx.test', ...env })
}

function directoryOf(recipient: string): Directory {
  const domain = recipient.slice(recipient.lastIndexOf('@') + 1)
  return new Directory({
    version: 1,
    readAt: new Date().toISOString(),
    domains: [{ name: domain, organizationId: 'o1', backendId: 'b1' }],
    addresses: [[recipient, ['m1']]],
    lists: Array.from({ length: LIST_LENGTH }, (_, n) => ({
      organizationId: 'o1',
      kind: n % 2 ? ('allow' as const) : ('block' as const),
      value: `nobody${n}.example`,
    })),
  })
}

process.on('message', (message: Wanted | string) => {
  if (typeof message === 'string') {
    const list = times.get(message) ?? []
    times.delete(message)
    const { user, system } = process.cpuUsage(cpu)
    cpu = process.cpuUsage()
    process.send?.({ scans: list, cpu: (user + system) / 1_000 } satisfies Used)
  } else {
    serve(message).then(
      ports => process.send?.(ports),
      error => {
        process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
        process.exit(1)
      },
    )
  }
})
// Its folder goes with its parent.
process.on('disconnect', () => process.exit(0))
