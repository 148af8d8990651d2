/** What is used here of mailauth's parts that it ships without types. */
declare module 'mailauth/lib/tools.js' {
  import type { KeyObject } from 'node:crypto'

  export type PublicKey = {
    /** A PEM, or what node:crypto verifies with as well. */
    publicKey: string | KeyObject
    rr: string
    modulusLength?: number
    keyType: string
    flags: string[]
    testing: boolean
    warnings: string[]
  }
  export type KeyOptions = { strict?: boolean; hashAlgo?: string }
  export type KeyResolver = (name: string, type: string) => Promise<unknown[]>
  /** @throws errors with a `code`: those of the resolver, and what is wrong with the record */
  export function getPublicKey(
    type: string,
    name: string,
    minBitLength: number | undefined,
    resolver: KeyResolver,
    options?: KeyOptions,
  ): Promise<PublicKey>
  export function toALabel(domain: string): string
}

declare module 'mailauth/lib/dkim/dkim-verifier.js' {
  import type { Writable } from 'node:stream'
  import type { ARCSealOptions, DKIMVerifyResult } from 'mailauth'
  import type { KeyOptions, KeyResolver, PublicKey } from 'mailauth/lib/tools.js'

  export type KeyCache = {
    resolver: KeyResolver
    get(
      type: string,
      name: string,
      minBitLength: number | undefined,
      options?: KeyOptions,
    ): Promise<PublicKey>
  }
  export type BodyHash = { setContentType(type: unknown): void }
  export class DkimVerifier extends Writable {
    constructor(options: {
      resolver: KeyResolver
      rejectRsaSha1?: boolean
      seal?: Partial<ARCSealOptions>
    })
    keyCache: KeyCache
    /** The last octet that was written. */
    lastByte?: number
    headers: DKIMVerifyResult['headers']
    results: DKIMVerifyResult['results']
    arc: DKIMVerifyResult['arc'] & { keyCache: KeyCache }
    seal: DKIMVerifyResult['seal']
    bodyHashes: Map<string, BodyHash>
    addBodyHash(...which: unknown[]): string
    /** Takes all of the header. */
    emitHeaders(header: Buffer): Promise<void>
    /** A piece of the body that has no bare LF. */
    nextChunk(chunk: Buffer): Promise<void>
    /** A piece of whatever comes. */
    writeAsync(chunk: Buffer): Promise<void>
    finish(): Promise<void>
  }
}
