/** What readiness asks of this machine and of DNS. */
import { X509Certificate } from 'node:crypto'
import { Resolver } from 'node:dns/promises'
import { readFile, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Settings } from '../config/settings.ts'
import type { World } from './readiness.ts'

/** ms that DNS and the relay may take. */
const PATIENCE = 3_000

type Wanted = Pick<
  Settings,
  'RESTANTE_DATA' | 'RESTANTE_HOSTNAME' | 'TLS_CERT' | 'DNS_SERVERS' | 'METRICS_PORT'
>

export function worldOf(settings: Wanted): World {
  const resolver = new Resolver({ timeout: PATIENCE, tries: 1 })
  if (settings.DNS_SERVERS.length > 0) resolver.setServers([...settings.DNS_SERVERS])
  const ours = settings.RESTANTE_HOSTNAME.toLowerCase()
  const addressesOf = async (name: string) =>
    (
      await Promise.all([resolver.resolve4(name).catch(() => []), resolver.resolve6(name).catch(() => [])])
    ).flat()
  return {
    async leadsHere(domain) {
      const found = await resolver.resolveMx(domain).catch((error: NodeJS.ErrnoException) => {
        // An answer that says no is an answer.
        return error.code === 'ENOTFOUND' || error.code === 'ENODATA' ? [] : null
      })
      if (found === null) return null
      const names = found.map(one => one.exchange.toLowerCase().replace(/\.$/, ''))
      if (names.includes(ours)) return true
      const own = new Set(await addressesOf(ours))
      for (const name of names) if ((await addressesOf(name)).some(address => own.has(address))) return true
      return false
    },
    async certificate() {
      const file = settings.TLS_CERT ?? join(settings.RESTANTE_DATA, 'tls', 'self-signed.pem')
      const pem = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/.exec(
        await readFile(file, 'utf8'),
      )
      if (!pem) return null
      const certificate = new X509Certificate(pem[0])
      return {
        validTo: new Date(certificate.validTo),
        selfSigned: certificate.checkIssued(certificate),
      }
    },
    async freeBytes() {
      const disk = await statfs(settings.RESTANTE_DATA)
      return disk.bavail * disk.bsize
    },
    async snapshotAge() {
      const answer = await fetch(`http://127.0.0.1:${settings.METRICS_PORT}/healthz`, {
        signal: AbortSignal.timeout(PATIENCE),
      })
      const report = (await answer.json()) as { directory?: { ageMs?: number } }
      return report.directory?.ageMs ?? null
    },
  }
}
