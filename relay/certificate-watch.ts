/**
 * Watches the files of the certificates, and hands on new ones when they changed.
 *
 * It looks at their times and inodes instead of waiting for the kernel's notices: those follow neither the
 * symbolic links that ACME clients and Kubernetes swap, nor a file system of the network. Half-written or
 * mismatched files are left alone until the next look; what is in use stays in use.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '@restante/core/observe/log.ts'
import { certificateLoads } from './counters.ts'
import { type CertificateOptions, type Certificates, loadCertificates } from './tls.ts'

const PERIOD = 5_000

export function watchCertificates(
  options: CertificateOptions,
  log: Log,
  onChange: (certificates: Certificates) => void,
  period = PERIOD,
): { close(): void } {
  let seen: string | undefined
  let refused: string | undefined
  let running = false

  async function look(): Promise<void> {
    const state = await stateOf(options)
    if (seen === undefined || state === seen) {
      seen = state
      return
    }
    try {
      const certificates = await loadCertificates(options)
      // Changed again while we read: the next look takes it.
      if ((await stateOf(options)) !== state) return
      onChange(certificates)
      seen = state
      certificateLoads.inc({ outcome: 'loaded' })
      log.info({ event: 'relay.certificates-loaded', names: certificates.byName.size })
    } catch (error) {
      if (state === refused) return
      refused = state
      certificateLoads.inc({ outcome: 'failed' })
      log.error({ event: 'relay.certificates-failed', error })
    }
  }
  const once = () => {
    if (running) return
    running = true
    void look().finally(() => {
      running = false
    })
  }
  once()
  const timer = setInterval(once, period)
  timer.unref()
  return { close: () => clearInterval(timer) }
}

/** A text that is another one whenever a file is another one. Never rejects. */
async function stateOf({ certFile, keyFile, nameFolder }: CertificateOptions): Promise<string> {
  const files = [certFile, keyFile].filter(file => file !== undefined)
  if (nameFolder) {
    const names = await readdir(nameFolder).catch(() => [])
    files.push(...names.sort().map(name => join(nameFolder, name)))
  }
  const states = files.map(async file => {
    const found = await stat(file, { bigint: true }).catch(() => undefined)
    return found ? `${file} ${found.ino} ${found.size} ${found.mtimeNs}` : `${file} none`
  })
  return (await Promise.all(states)).join('\n')
}
