/** A real validating resolver (Unbound) in front of a DNS server of the test: its AD flag tells what is authentic. */

import { Resolver } from 'node:dns/promises'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDaemon } from './daemon.ts'
import { type DnsServer, freeDnsPort } from './dns.ts'

/** @param zones those of the server behind, with their last dot */
export async function startUnbound(
  behind: Pick<DnsServer, 'address' | 'anchors'>,
  zones: readonly string[],
): Promise<{ address: string; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'restante-unbound-'))
  const port = await freeDnsPort()
  const [host = '', behindPort = ''] = behind.address.split(':')
  const config = join(folder, 'unbound.conf')
  await writeFile(
    config,
    [
      'server:',
      `  directory: "${folder}"`,
      '  chroot: ""',
      '  username: ""',
      `  pidfile: "${join(folder, 'unbound.pid')}"`,
      `  interface: 127.0.0.1@${port}`,
      '  use-syslog: no',
      '  do-not-query-localhost: no',
      '  module-config: "validator iterator"',
      ...behind.anchors.map(anchor => `  trust-anchor: "${anchor}"`),
      '  local-zone: "test." nodefault',
      '  access-control: 127.0.0.0/8 allow',
      ...zones.flatMap(zone => ['stub-zone:', `  name: "${zone}"`, `  stub-addr: ${host}@${behindPort}`]),
      '',
    ].join('\n'),
  )
  const resolver = new Resolver({ timeout: 500, tries: 1 })
  resolver.setServers([`127.0.0.1:${port}`])
  const daemon = await startDaemon('/usr/sbin/unbound', ['-d', '-c', config], {
    log: join(folder, 'log'),
    ready: async () => (await resolver.resolveSoa(zones[0] ?? '').catch(() => null)) !== null,
  })
  return {
    address: `127.0.0.1:${port}`,
    async close() {
      await daemon.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
