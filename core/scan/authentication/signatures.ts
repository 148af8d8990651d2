/**
 * The signatures of a message: DKIM (RFC 6376) and the ARC chain (RFC 8617), verified by mailauth (verifier.ts) as
 * the body is read.
 *
 * Bounded, whoever wrote it: ten signatures are looked at, a chain of fifty sets, and a body with a line of
 * 64 KiB proves nothing. The event loop gets its turn every 128 KiB.
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { ARCSealOptions, DKIMVerifyResult } from 'mailauth'
// Its parts, not the whole: that brings XML and logos along, ten megabytes of memory.
import { arc } from 'mailauth/lib/arc/index.js'
import type { Subject } from '../types.ts'
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

const MOST_SIGNATURES = 10
const MOST_SETS = 50
const SLICE = 16 * 1024
const TURN = 128 * 1024
const ARC_FIELDS: ReadonlySet<string> = new Set([
  'arc-seal',
  'arc-message-signature',
  'arc-authentication-results',
])

export const NO_SIGNATURES: Signatures = { dkim: [], arc: { result: 'none', sealers: [], dmarcPassed: [] } }

export function isSigned(fields: readonly Field[]): boolean {
  return fields.some(field => field.name === 'dkim-signature' || ARC_FIELDS.has(field.name))
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
  const surplus = surplusOf(fields)
  // Asked for now, they are there when the body has been read.
  for (const field of fields) {
    const name = surplus.has(field) ? undefined : keyName(header, field)
    if (name) warm(name)
  }
  const brokenChain = fields.some(field => surplus.has(field) && ARC_FIELDS.has(field.name))
  const verifier = new Verifier(ask, keys, seal)
  await verifier.takeHeader(without(header, surplus))
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
      surplus.size === 0 && {
        toSeal: { headers: verifier.headers, arc: verifier.arc, seal: verifier.seal, cv: chain.result },
      }),
  }
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
  return fields
    .filter(field => field.name === 'dkim-signature' && field.index < MOST_SIGNATURES)
    .flatMap(field => {
      const domain = tagOf(header.toString('latin1', field.start, field.end), 'd')
      return domain ? [domain.toLowerCase()] : []
    })
}

/** Fields beyond the limits: the lower ones, which are the older. */
function surplusOf(fields: readonly Field[]): ReadonlySet<Field> {
  const surplus = new Set<Field>()
  for (const field of fields) {
    if (field.name === 'dkim-signature' && field.index >= MOST_SIGNATURES) surplus.add(field)
    if (ARC_FIELDS.has(field.name) && field.index >= MOST_SETS) surplus.add(field)
  }
  return surplus
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

function without(header: Buffer, surplus: ReadonlySet<Field>): Buffer {
  if (surplus.size === 0) return header
  const parts: Buffer[] = []
  let at = 0
  for (const { start, end } of surplus) {
    parts.push(header.subarray(at, start))
    at = end
  }
  return Buffer.concat([...parts, header.subarray(at)])
}

/** The body, in slices and with pauses. */
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
      since += slice.length
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
