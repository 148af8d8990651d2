/**
 * The certificate for STARTTLS: TLS_CERT and TLS_KEY, or one that signs itself, made at the first start and
 * kept. Senders on the Internet encrypt to it without looking at who signed (RFC 7435), so it is far better
 * than none.
 *
 * Key and certificate are one file, so that a crash leaves both or neither.
 */
import { X509Certificate } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { SettingsError } from '@restante/core/config/settings.ts'
import { type Certificate, selfSigned } from './self-signed.ts'

export type { Certificate }

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
  now?: () => number
}

/** @throws SettingsError when TLS_CERT and TLS_KEY can't be read or don't belong together */
export async function loadCertificate(options: CertificateOptions): Promise<Certificate> {
  const { folder, hostname, certFile, keyFile, now = Date.now } = options
  if (certFile && keyFile) return readPair(certFile, keyFile)
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

async function readPair(certFile: string, keyFile: string): Promise<Certificate> {
  const read = async (name: string, file: string) =>
    readFile(file, 'utf8').catch(error => {
      throw new SettingsError(`${name} ${JSON.stringify(file)}: ${(error as Error).message}`)
    })
  const pair = { cert: await read('TLS_CERT', certFile), key: await read('TLS_KEY', keyFile) }
  try {
    createSecureContext(pair)
  } catch (error) {
    throw new SettingsError(`TLS_CERT and TLS_KEY don't work together: ${(error as Error).message}`)
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
