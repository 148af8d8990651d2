/**
 * The certificates for STARTTLS: TLS_CERT and TLS_KEY, or one that signs itself, made at the first start and
 * kept; and those of TLS_FOLDER for clients that ask for another name (SNI, RFC 6066 §3). Senders on the
 * Internet encrypt to it without looking at who signed (RFC 7435), so a self-signed one is far better than
 * none.
 *
 * Files that change are read anew while we serve (certificate-watch.ts). Key and certificate of the
 * self-signed one are one file, so that a crash leaves both or neither.
 */
import { X509Certificate } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { SettingsError } from '@restante/core/config/settings.ts'
import { normalizeDomain } from '@restante/core/directory/addresses.ts'
import { type Certificate, selfSigned } from './self-signed.ts'

export type { Certificate }
export type Certificates = {
  main: Certificate
  /** Name in lower case as A-labels → the certificate for it. */
  byName: ReadonlyMap<string, Certificate & { minVersion: 'TLSv1.2' }>
}

const DAY = 86_400_000
const LIFETIME = 3_650 * DAY
/** Made anew when less is left. */
const RENEW_BEFORE = 30 * DAY

export type CertificateOptions = {
  /** Folder that keeps the self-signed one. */
  folder: string
  hostname: string
  certFile?: string
  keyFile?: string
  /** TLS_FOLDER. */
  nameFolder?: string
  now?: () => number
}

/** @throws SettingsError when a file can't be read, or when key and certificate don't belong together */
export async function loadCertificates(options: CertificateOptions): Promise<Certificates> {
  return { main: await loadCertificate(options), byName: await loadByName(options.nameFolder) }
}

/** @throws SettingsError when TLS_CERT and TLS_KEY can't be read or don't belong together */
export async function loadCertificate(options: CertificateOptions): Promise<Certificate> {
  const { folder, hostname, certFile, keyFile, now = Date.now } = options
  if (certFile && keyFile) return readPair('TLS_CERT', certFile, 'TLS_KEY', keyFile)
  const file = join(folder, 'self-signed.pem')
  const kept = await readKept(file)
  if (kept && Date.parse(new X509Certificate(kept.cert).validTo) - now() > RENEW_BEFORE) return kept
  const made = selfSigned(hostname, new Date(now() - DAY), new Date(now() + LIFETIME))
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const temporary = `${file}.${process.pid}.new`
  const handle = await open(temporary, 'w', 0o600)
  try {
    await handle.writeFile(`${made.key.trim()}\n${made.cert.trim()}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, file)
  return made
}

/** NAME.pem with both, or NAME.crt beside NAME.key. */
async function loadByName(folder: string | undefined): Promise<Certificates['byName']> {
  const found = new Map<string, Certificate & { minVersion: 'TLSv1.2' }>()
  if (!folder) return found
  const files = await readdir(folder).catch(error => {
    throw new SettingsError(`TLS_FOLDER ${JSON.stringify(folder)}: ${(error as Error).message}`)
  })
  for (const file of files.sort()) {
    const [, title = '', kind] = /^(.+)\.(pem|crt)$/.exec(file) ?? []
    const name = normalizeDomain(title)
    if (!name) continue
    const path = join(folder, file)
    const key = kind === 'pem' ? path : join(folder, `${title}.key`)
    found.set(name, { ...(await readPair(path, path, key, key)), minVersion: 'TLSv1.2' })
  }
  return found
}

async function readPair(
  certName: string,
  certFile: string,
  keyName: string,
  keyFile: string,
): Promise<Certificate> {
  const read = async (name: string, file: string) =>
    readFile(file, 'utf8').catch(error => {
      throw new SettingsError(`${name} ${JSON.stringify(file)}: ${(error as Error).message}`)
    })
  const pair = { cert: await read(certName, certFile), key: await read(keyName, keyFile) }
  try {
    createSecureContext(pair)
  } catch (error) {
    const files = certName === keyName ? certName : `${certName} and ${keyName}`
    throw new SettingsError(`${files} don't work together: ${(error as Error).message}`)
  }
  return pair
}

async function readKept(file: string): Promise<Certificate | null> {
  try {
    const text = await readFile(file, 'utf8')
    const key = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/.exec(text)?.[0]
    const cert = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/.exec(text)?.[0]
    if (!key || !cert) return null
    createSecureContext({ key, cert })
    return { key, cert }
  } catch {
    return null
  }
}
