/**
 * The signatures of a message: DKIM (RFC 6376) and the ARC chain (RFC 8617), verified by mailauth (verifier.ts) as
 * the body is read.
 *
 * Bounded, whoever wrote it: ten signatures are looked at, a chain of fifty sets, as much of the header as they are
 * about (bounds.ts), and a body with a line of 64 KiB proves nothing. The event loop gets its turn every 128 KiB that
 * are hashed.
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { ARCSealOptions, DKIMVerifyResult } from 'mailauth'
// Its parts, not the whole: that brings XML and logos along, ten megabytes of memory.
import { arc } from 'mailauth/lib/arc/index.js'
import type { Subject } from '../types.ts'
import { boundedHeader, isSignature } from './bounds.ts'
import type { Field } from './header.ts'
import type { Ask } from './keys.ts'
import type { PublicKeys } from './public-keys.ts'
import { Verifier } from './verifier.ts'

export type Signature = {
  result: 'pass' | 'fail' | 'neutral' | 'policy' | 'temperror' | 'permerror'
  domain: string
  selector?: string
  algorithm?: string
  /** The first characters of the signature, to tell several apart (RFC 6008). */
  start?: string
  comment?: string
}

export type Chain = {
  result: 'none' | 'pass' | 'fail'
  /** Sealers, the first one first. */
  sealers: string[]
  /** What each of them said of DMARC: the domain for which it passed, by its instance. */
  dmarcPassed: (string | undefined)[]
}

export type Signatures = {
  dkim: Signature[]
  arc: Chain
  /** What a seal of ours needs; absent when there can be none. */
  toSeal?: Pick<DKIMVerifyResult, 'headers' | 'arc' | 'seal'> & { cv: 'none' | 'pass' | 'fail' }
}

export type SealKey = Pick<ARCSealOptions, 'signingDomain' | 'selector' | 'privateKey'>

const SLICE = 16 * 1024
const TURN = 128 * 1024

export const NO_SIGNATURES: Signatures = { dkim: [], arc: { result: 'none', sealers: [], dmarcPassed: [] } }

export function isSigned(fields: readonly Field[]): boolean {
  return fields.some(isSignature)
}

/**
 * @param ask for keys
 * @param warm begins to ask for one
 * @param signal asked for when the message is long
 * @throws what the content's stream throws, and when `signal` ends it
 */
export async function verifySignatures(
  subject: Pick<Subject, 'bytes' | 'content'>,
  header: Buffer,
  fields: readonly Field[],
  ask: Ask,
  keys: PublicKeys,
  warm: (name: string) => void,
  signal: () => AbortSignal,
  seal?: SealKey,
): Promise<Signatures> {
  const bounded = boundedHeader(header, fields)
  if (!bounded.header) return unverified(header, bounded.signatures)
  // Asked for now, they are there when the body has been read.
  for (const field of bounded.signatures) {
    const name = keyName(header, field)
    if (name) warm(name)
  }
  const { brokenChain } = bounded
  const verifier = new Verifier(ask, keys, seal)
  await verifier.takeHeader(bounded.header)
  await readBody(subject, header.length, verifier, signal)
  await verifier.finish()
  const dkim = verifier.results.filter(one => one.signingDomain).map(signatureOf)
  const chain = await chainOf(verifier, ask)
  if (brokenChain || verifier.tooLong) {
    if (verifier.tooLong) for (const one of dkim) if (one.result === 'pass') one.result = 'policy'
    return { dkim, arc: { ...chain, result: chain.result === 'none' && !brokenChain ? 'none' : 'fail' } }
  }
  return {
    dkim,
    arc: chain,
    ...(seal &&
      bounded.whole && {
        toSeal: { headers: verifier.headers, arc: verifier.arc, seal: verifier.seal, cv: chain.result },
      }),
  }
}

/** Of a header that is too much to be read. */
function unverified(header: Buffer, fields: readonly Field[]): Signatures {
  const dkim = fields
    .filter(field => field.name === 'dkim-signature')
    .flatMap((field): Signature[] => {
      const text = header.toString('latin1', field.start, field.end)
      const domain = tagOf(text, 'd')?.toLowerCase()
      return domain
        ? [{ result: 'policy', domain, selector: tagOf(text, 's'), comment: 'more than is verified' }]
        : []
    })
  const sealed = fields.some(field => field.name !== 'dkim-signature')
  return { dkim, arc: { ...NO_SIGNATURES.arc, result: sealed ? 'fail' : 'none' } }
}

function signatureOf(one: DKIMVerifyResult['results'][number]): Signature {
  const { status } = one
  // Who may add to a signed body (l=) may write the message: it proves nothing of it.
  const open = status.result === 'pass' && (status.underSized ?? 0) > 0
  return {
    result: open ? 'policy' : (status.result as Signature['result']),
    domain: (one.signingDomain ?? '').toLowerCase(),
    selector: one.selector,
    algorithm: one.algo,
    start: one.signature?.replace(/\s/g, '').slice(0, 8),
    comment: open ? 'part of the body is not signed' : status.comment || undefined,
  }
}

async function chainOf(found: Pick<DKIMVerifyResult, 'arc'>, ask: Ask): Promise<Chain> {
  const none: Chain = { result: 'none', sealers: [], dmarcPassed: [] }
  if (!found.arc) return none
  const result = await arc(found.arc as Parameters<typeof arc>[0], { resolver: ask as never })
  const state = result.status.result
  if (state !== 'pass') return { ...none, result: state === 'none' ? 'none' : 'fail' }
  const sets = found.arc.chain || []
  return {
    result: 'pass',
    sealers: sets.map(set => String(set['arc-seal']?.parsed?.d?.value ?? '').toLowerCase()),
    dmarcPassed: sets.map(set => passedFor(set['arc-authentication-results']?.original)),
  }
}

/** `… dmarc=pass … header.from=example.com …` */
function passedFor(line: Buffer | string | undefined): string | undefined {
  const text = (line ?? '').toString().replace(/\([^()]*\)/g, ' ')
  const entry = text.split(';').find(part => /^\s*dmarc\s*=\s*pass(?:\s|$)/i.test(part))
  return /\sheader\.from\s*=\s*"?([a-z0-9._-]+)/i.exec(entry ?? '')?.[1]?.toLowerCase()
}

/** Domains that DKIM signatures claim, verified or not. */
export function claimedDomains(header: Buffer, fields: readonly Field[]): string[] {
  return boundedHeader(header, fields).signatures.flatMap(field => {
    if (field.name !== 'dkim-signature') return []
    const domain = tagOf(header.toString('latin1', field.start, field.end), 'd')
    return domain ? [domain.toLowerCase()] : []
  })
}

/** `selector._domainkey.domain` of a signature; a guess that only warms the cache. */
function keyName(header: Buffer, { name, start, end }: Field): string | undefined {
  if (name !== 'dkim-signature' && name !== 'arc-seal') return undefined
  const text = header.toString('latin1', start, end)
  const [selector, domain] = [tagOf(text, 's'), tagOf(text, 'd')]
  return selector && domain ? `${selector}._domainkey.${domain}` : undefined
}

function tagOf(text: string, letter: 's' | 'd'): string | undefined {
  return new RegExp(`[;:\\s]${letter}\\s*=\\s*([A-Za-z0-9._-]+)\\s*(?:;|$)`).exec(text)?.[1]
}

/** The body, in slices and with pauses: each hash over it takes its time. */
async function readBody(
  subject: Pick<Subject, 'bytes' | 'content'>,
  headerLength: number,
  verifier: Verifier,
  signal: () => AbortSignal,
): Promise<void> {
  let since = 0
  async function take(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length && !verifier.tooLong; at += SLICE) {
      const slice = bytes.subarray(at, at + SLICE)
      since += slice.length * verifier.hashes
      if (since > TURN) {
        since = 0
        await turn()
        signal().throwIfAborted()
      }
      await verifier.take(slice)
    }
  }
  if (subject.bytes) return take(subject.bytes.subarray(headerLength))
  let skip = headerLength
  for await (const chunk of subject.content() as AsyncIterable<Buffer>) {
    const body = chunk.subarray(Math.min(skip, chunk.length))
    skip -= chunk.length - body.length
    await take(body)
    if (verifier.tooLong) return
  }
}
