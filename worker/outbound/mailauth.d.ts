/** What is used here of mailauth's parts that it ships without types. */
declare module 'mailauth/lib/dkim/dkim-signer.js' {
  import { Writable } from 'node:stream'
  import type { SigningHeaders } from 'mailauth/lib/tools.js'

  export class DkimSigner extends Writable {
    constructor(options: {
      canonicalization: string
      signTime: Date
      signatureData: { signingDomain: string; selector: string; privateKey: string }[]
    })
    signTime: Date
    headers: { parsed: SigningHeaders }
    bodyHashes: Map<string, { hash: string }>
    signatureHeaders: string[]
    /** Called when all of the message was seen. */
    finalize(): Promise<void>
  }
}

declare module 'mailauth/lib/dkim/header/index.js' {
  import type { SignatureValues, SigningLines } from 'mailauth/lib/tools.js'

  export function generateCanonicalizedHeader(
    type: 'DKIM',
    lines: SigningLines,
    options: {
      signingDomain: string
      selector: string
      algorithm: string
      canonicalization: string
      signTime: Date
      bodyHash: string | undefined
    },
  ): { canonicalizedHeader: Buffer; dkimHeaderOpts: SignatureValues }
}

declare module 'mailauth/lib/tools.js' {
  export type SigningHeaders = readonly { key: string; casedKey: string; line: Buffer }[]
  export type SigningLines = { keys: string; headers: SigningHeaders }
  /** Tags of a signature field and their values. */
  export type SignatureValues = Record<string, string | number | undefined>

  export function getSigningHeaderLines(headers: SigningHeaders): SigningLines
  export function formatSignatureHeaderLine(type: 'DKIM', values: SignatureValues, folded: boolean): string
}
