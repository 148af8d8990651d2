/**
 * The installation's secret and the keys derived from it.
 *
 * One secret, a key for each purpose (HKDF, RFC 5869), so that what leaks from one use tells nothing of
 * another. A secret that was made here is written with mode 0600 and synced before it is used: a crash in
 * the middle leaves either no file or a whole one.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Settings } from './settings.ts'

export type Purpose = 'spool' | 'stored-secrets' | 'session' | 'tokens' | 'sign-in'

/** The secret: RESTANTE_SECRET, or the one kept in the data folder, made at the first call. */
export function loadSecret(settings: Pick<Settings, 'RESTANTE_DATA' | 'RESTANTE_SECRET'>): string {
  if (settings.RESTANTE_SECRET) return settings.RESTANTE_SECRET
  const file = join(settings.RESTANTE_DATA, 'secret')
  mkdirSync(settings.RESTANTE_DATA, { recursive: true })
  const temporary = `${file}.${process.pid}.new`
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const handle = openSync(temporary, 'wx', 0o600)
  writeSync(handle, `${randomBytes(32).toString('base64url')}\n`)
  fsyncSync(handle)
  closeSync(handle)
  try {
    // link, not rename: two processes that start together must end with the same secret.
    linkSync(temporary, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(temporary)
  }
  return readFileSync(file, 'utf8').trim()
}

/** 32 bytes for one purpose. */
export function deriveKey(secret: string, purpose: Purpose): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'restante', purpose, 32))
}

/** Encrypts a short text for a database column: `v1.` + base64url(nonce, ciphertext, tag), AES-256-GCM. */
export function seal(key: Buffer, text: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return `v1.${Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('base64url')}`
}

/** @throws Error when the text was sealed with another key, or was changed */
export function unseal(key: Buffer, sealed: string): string {
  if (!sealed.startsWith('v1.')) throw new Error('unknown form of a sealed value')
  const bytes = Buffer.from(sealed.slice(3), 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
  decipher.setAuthTag(bytes.subarray(-16))
  return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8')
}
