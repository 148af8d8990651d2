/**
 * Keys and checksums of the spool.
 *
 * Each segment and each large content has a key of its own, derived (HKDF, RFC 5869) from the installation's
 * spool key and a salt. A segment's salt follows from its name, so a damaged header costs the header and not
 * the segment. Records take random nonces (AES-256-GCM), never counted ones: a virtual machine set back to a
 * snapshot would count the same numbers again.
 */
import {
  type CipherGCMTypes,
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomFillSync,
} from 'node:crypto'

export const NONCE_LENGTH = 12
export const TAG_LENGTH = 16
export const SALT_LENGTH = 32
const CIPHER: CipherGCMTypes = 'aes-256-gcm'

/**
 * What reads and writes one segment. `seed` starts its checksums: bytes that somebody put into a message to
 * look like a record never have the right one.
 */
export type SegmentKeys = { salt: Buffer; key: KeyObject; seed: number; check: Buffer }

export function segmentSalt(secretKey: Buffer, name: string): Buffer {
  return createHmac('sha256', secretKey).update(`restante spool salt ${name}`).digest()
}

export function segmentKeys(secretKey: Buffer, salt: Buffer): SegmentKeys {
  const bytes = Buffer.from(hkdfSync('sha256', secretKey, salt, 'restante spool segment', 44))
  return {
    salt,
    key: createSecretKey(bytes.subarray(0, 32)),
    seed: bytes.readUInt32LE(32),
    check: bytes.subarray(36, 44),
  }
}

export function contentKey(secretKey: Buffer, salt: Buffer, id: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', secretKey, salt, `restante spool large ${id}`, 32)))
}

const nonces = Buffer.alloc(NONCE_LENGTH * 512)
let nonceAt = nonces.length

function nextNonce(): Buffer {
  if (nonceAt === nonces.length) {
    randomFillSync(nonces)
    nonceAt = 0
  }
  const nonce = Buffer.from(nonces.subarray(nonceAt, nonceAt + NONCE_LENGTH))
  nonceAt += NONCE_LENGTH
  return nonce
}

/** Length of `sealed` for a plain text of a length. */
export const sealedLength = (plain: number): number => NONCE_LENGTH + plain + TAG_LENGTH

/** nonce, ciphertext, tag. `bound` is authenticated with it but not part of it. */
export function sealParts(
  key: KeyObject,
  parts: readonly Buffer[],
  bound: Buffer,
  nonce = nextNonce(),
): Buffer[] {
  const cipher = createCipheriv(CIPHER, key, nonce)
  cipher.setAAD(bound)
  const sealed = [nonce, ...parts.map(part => cipher.update(part))]
  cipher.final()
  sealed.push(cipher.getAuthTag())
  return sealed
}

/** @throws Error when a byte of it, or of what it is bound to, was changed */
export function unsealBody(key: KeyObject, sealed: Buffer, bound: Buffer): Buffer {
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_LENGTH))
  decipher.setAAD(bound)
  decipher.setAuthTag(sealed.subarray(-TAG_LENGTH))
  const plain = decipher.update(sealed.subarray(NONCE_LENGTH, -TAG_LENGTH))
  decipher.final()
  return plain
}
