/** The doctor's look at the machine: Node, secret, data folder, disk, certificate, name servers. */
import { X509Certificate } from 'node:crypto'
import { Resolver } from 'node:dns/promises'
import { access, constants, mkdir, readFile, stat, statfs, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Settings } from '@restante/core/config/settings.ts'
import { type Check, failed, guarded, ok, warned } from './doctor-check.ts'
import { bytes, duration } from './time.ts'

/** Below these the disk is a warning, a failure. The relay refuses mail (452) before it is full. */
const LOW = 5 * 1024 ** 3
const VERY_LOW = 512 * 1024 ** 2
const DAY = 86_400_000

export async function machineChecks(settings: Settings): Promise<Check[]> {
  return await Promise.all([
    guarded('node', 'Run it through npm, which brings the Node it needs.', nodeCheck),
    guarded('secret', 'Make RESTANTE_SECRET readable for the gateway only.', () => secretCheck(settings)),
    guarded('data', `Make ${settings.RESTANTE_DATA} a folder that the gateway's user may write to.`, () =>
      dataCheck(settings),
    ),
    guarded('disk', 'Make room on the disk that holds the data folder.', () => diskCheck(settings)),
    guarded('certificate', 'Give TLS_CERT and TLS_KEY files that the gateway may read.', () =>
      certificateCheck(settings, new Date()),
    ),
    guarded('dns', 'Set DNS_SERVERS, or mend the resolver of this machine.', () => dnsCheck(settings)),
  ])
}

function nodeCheck(): Check {
  const major = Number(process.versions.node.split('.')[0])
  return major >= 24
    ? ok('node', `Node ${process.versions.node}`)
    : failed(
        'node',
        `Node ${process.versions.node}, 24 is needed`,
        'Start it with npm start or npx restante.',
      )
}

export async function secretCheck(
  settings: Pick<Settings, 'RESTANTE_DATA' | 'RESTANTE_SECRET'>,
): Promise<Check> {
  if (settings.RESTANTE_SECRET) return ok('secret', 'from RESTANTE_SECRET')
  const file = join(settings.RESTANTE_DATA, 'secret')
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (!found) return warned('secret', 'none yet', 'The first start makes one; back it up with the data.')
  if (found.mode & 0o077) {
    return failed('secret', `others may read ${file}`, `chmod 600 ${file}`)
  }
  const text = (await readFile(file, 'utf8')).trim()
  if (text.length < 16) {
    return failed('secret', `${file} holds fewer than 16 characters`, 'Put back the secret from your backup.')
  }
  return ok('secret', `in ${file}, for its owner only`)
}

async function dataCheck(settings: Settings): Promise<Check> {
  const folder = settings.RESTANTE_DATA
  await mkdir(folder, { recursive: true })
  await access(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  // Asking for the right is not enough: a read-only mount and a full disk show only when written to.
  const probe = join(folder, `.doctor-${process.pid}`)
  await writeFile(probe, 'x')
  await unlink(probe)
  return ok('data', `${folder} can be written to`)
}

async function diskCheck(settings: Settings): Promise<Check> {
  const disk = await statfs(settings.RESTANTE_DATA)
  const free = disk.bavail * disk.bsize
  const share = Math.round((disk.bavail / Math.max(disk.blocks, 1)) * 100)
  const detail = `${bytes(free)} free (${share} %)`
  const advice = 'Make room, or move the data folder to a larger disk; an outage needs space for its mail.'
  if (free < VERY_LOW) return failed('disk', detail, advice)
  return free < LOW ? warned('disk', detail, advice) : ok('disk', detail)
}

/** @param now for how long it is still valid */
export async function certificateCheck(
  settings: Pick<Settings, 'RESTANTE_DATA' | 'TLS_CERT' | 'RESTANTE_HOSTNAME'>,
  now: Date,
): Promise<Check> {
  const own = join(settings.RESTANTE_DATA, 'tls', 'self-signed.pem')
  const file = settings.TLS_CERT ?? own
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && !settings.TLS_CERT) return null
    throw error
  })
  if (!text) return warned('certificate', 'none yet', 'The first start makes a self-signed one.')
  // Our own file holds the key as well.
  const pem = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/.exec(text)?.[0]
  if (!pem) return failed('certificate', `${file} holds no certificate`, 'Give it in PEM form.')
  const certificate = new X509Certificate(pem)
  const left = Date.parse(certificate.validTo) - now.getTime()
  const renew = settings.TLS_CERT
    ? `Renew ${file}.`
    : `Delete ${file}: the next start makes a new one. Or set TLS_CERT.`
  if (left <= 0) return failed('certificate', `ran out on ${certificate.validTo}`, renew)
  if (Date.parse(certificate.validFrom) > now.getTime()) {
    return failed('certificate', `is not valid before ${certificate.validFrom}`, "Check the machine's clock.")
  }
  const detail = `valid for ${duration(left)} more, for ${certificate.subjectAltName ?? certificate.subject}`
  if (left < 14 * DAY) return warned('certificate', detail, renew)
  if (certificate.checkIssued(certificate)) {
    return warned(
      'certificate',
      `self-signed, ${detail}`,
      'Set TLS_CERT and TLS_KEY; senders that insist on a valid certificate (MTA-STS, DANE) need one.',
    )
  }
  if (!certificate.checkHost(settings.RESTANTE_HOSTNAME)) {
    return warned(
      'certificate',
      `is not for ${settings.RESTANTE_HOSTNAME}: ${detail}`,
      'Set RESTANTE_HOSTNAME to a name of the certificate.',
    )
  }
  return ok('certificate', detail)
}

async function dnsCheck(settings: Settings): Promise<Check> {
  const resolver = new Resolver({ timeout: 2_000, tries: 1 })
  if (settings.DNS_SERVERS.length > 0) resolver.setServers([...settings.DNS_SERVERS])
  const servers = resolver.getServers().join(', ')
  try {
    // Every resolver knows the root.
    await resolver.resolveNs('.')
    return ok('dns', `${servers} answers`)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // An answer that says no is an answer.
    if (code === 'ENOTFOUND' || code === 'ENODATA') return ok('dns', `${servers} answers`)
    return warned(
      'dns',
      `${servers || 'no name server'}: ${code ?? 'no answer'}`,
      'Without DNS only smarthosts and backends given by address can be reached: set DNS_SERVERS.',
    )
  }
}
