/**
 * DKIM-Signature fields of one message (RFC 6376), with keys that are opened already. mailauth reads the message,
 * hashes its body and makes the canonical header; it would also parse each key's PEM anew for each message, and a
 * first signature with an RSA key costs more than twice what the next ones do.
 */
import { createHash, type KeyObject, sign } from 'node:crypto'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { DkimSigner } from 'mailauth/lib/dkim/dkim-signer.js'
import { generateCanonicalizedHeader } from 'mailauth/lib/dkim/header/index.js'
import { formatSignatureHeaderLine, getSigningHeaderLines } from 'mailauth/lib/tools.js'

export type OpenKey = { domain: string; selector: string; key: KeyObject }

const CANONICALIZATION = 'relaxed/relaxed'
/** In a thread of its own: the next messages don't wait for it. */
const signAside = promisify(sign)

class Signer extends DkimSigner {
  readonly #keys: readonly OpenKey[]

  constructor(keys: readonly OpenKey[], at: Date) {
    super({
      canonicalization: CANONICALIZATION,
      signTime: at,
      // That there is a key makes it hash the body.
      signatureData: keys.map(({ domain, selector }) => ({
        signingDomain: domain,
        selector,
        privateKey: 'opened',
      })),
    })
    this.#keys = keys
  }

  override async finalize(): Promise<void> {
    const [body] = this.bodyHashes.values()
    for (const { domain, selector, key } of this.#keys) {
      const type = key.asymmetricKeyType === 'ed25519' ? 'ed25519' : 'rsa'
      const { canonicalizedHeader, dkimHeaderOpts } = generateCanonicalizedHeader(
        'DKIM',
        getSigningHeaderLines(this.headers.parsed),
        {
          signingDomain: domain,
          selector,
          algorithm: `${type}-sha256`,
          canonicalization: CANONICALIZATION,
          signTime: this.signTime,
          bodyHash: body?.hash,
        },
      )
      const signature =
        type === 'rsa'
          ? await signAside('sha256', canonicalizedHeader, key)
          : // RFC 8463 §3: what is signed is the hash.
            await signAside(null, createHash('sha256').update(canonicalizedHeader).digest(), key)
      const values = { ...dkimHeaderOpts, b: signature.toString('base64') }
      this.signatureHeaders.push(formatSignatureHeaderLine('DKIM', values, true))
    }
  }
}

/** @returns whole lines with CRLF. @throws what reading the content throws */
export async function signaturesOf(
  content: Buffer | Readable,
  keys: readonly OpenKey[],
  at: Date,
): Promise<Buffer> {
  const signer = new Signer(keys, at)
  await pipeline(Buffer.isBuffer(content) ? [content] : content, signer)
  if (signer.signatureHeaders.length !== keys.length) throw new Error('a signature is missing')
  const lines = signer.signatureHeaders.map(line => line.replace(/\r?\n/g, '\r\n'))
  return Buffer.from(`${lines.join('\r\n')}\r\n`)
}
