/**
 * Our own ARC seal (RFC 8617): a key of the gateway's, and the three header fields that put our results under it,
 * so that a backend which knows us may believe them though it sees our address.
 *
 * The key is a file, made at its first use: beside, synced, then linked to its name, so that processes which
 * start together use one, and a crash leaves none or a whole one. Its public half has to stand in DNS.
 */
import { createPublicKey, generateKeyPair, randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createSeal } from 'mailauth/lib/arc/index.js'
import type { Settings } from '../../config/settings.ts'
import type { SealKey, Signatures } from './signatures.ts'

export type Sealer = {
  key(): Promise<SealKey>
  /** What DNS has to say. */
  record(): Promise<{ name: string; type: 'TXT'; value: string }>
}

export function createSealer(
  settings: Pick<Settings, 'RESTANTE_DATA' | 'RESTANTE_HOSTNAME' | 'ARC_DOMAIN' | 'ARC_SELECTOR' | 'ARC_KEY'>,
): Sealer {
  const file = settings.ARC_KEY ?? join(settings.RESTANTE_DATA, 'arc.pem')
  const signingDomain = settings.ARC_DOMAIN ?? settings.RESTANTE_HOSTNAME
  const selector = settings.ARC_SELECTOR
  let loaded: Promise<SealKey> | undefined
  const key = () => {
    loaded ??= loadKey(file, !settings.ARC_KEY, settings.RESTANTE_DATA)
      .then(privateKey => ({ signingDomain, selector, privateKey }))
      .catch(error => {
        // The next message tries again.
        loaded = undefined
        throw error
      })
    return loaded
  }
  return {
    key,
    async record() {
      const { privateKey } = await key()
      const der = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
      return {
        name: `${selector}._domainkey.${signingDomain}`,
        type: 'TXT',
        value: `v=DKIM1; k=rsa; p=${der.toString('base64')}`,
      }
    },
  }
}

async function loadKey(file: string, make: boolean, folder: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (!make || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2_048 })
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  await mkdir(folder, { recursive: true })
  try {
    const handle = await open(temporary, 'wx', 0o600)
    try {
      await handle.writeFile(privateKey.export({ type: 'pkcs8', format: 'pem' }))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await link(temporary, file).catch(error => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    })
  } finally {
    await rm(temporary, { force: true })
  }
  return readFile(file, 'utf8')
}

/**
 * The fields of a seal, whole lines with CRLF, to stand on top.
 * @param results what our Authentication-Results says
 * @throws Error when the key can't be used, or the chain takes no more seals
 */
export async function sealFields(
  toSeal: NonNullable<Signatures['toSeal']>,
  key: SealKey,
  results: string,
  at: Date,
): Promise<string[]> {
  const sealed = await createSeal(false, {
    headers: toSeal.headers,
    arc: toSeal.arc,
    seal: { ...key, ...toSeal.seal, cv: toSeal.cv, authResults: results, signTime: at } as never,
  })
  const [error] = sealed.errors ?? []
  if (error) throw error.err
  return sealed.headers.map(field => `${field.replace(/\r?\n$/, '')}\r\n`)
}
