/**
 * Who sent it, as far as that can be known: SPF, DKIM, DMARC and ARC by mailauth; and what we found, written on
 * top of the message for whoever reads it after us (RFC 8601).
 *
 * A sender's domain is asked for its own policy (DMARC), never judged by SPF or DKIM alone, which forwarders and
 * lists break every day. What DNS could not be asked for is a mark, never a refusal: an attacker must not win by
 * it either, so results that bear our name are left out in every case, also when the time is over.
 *
 * From an address of our own networks SPF says nothing: such mail is not judged, only its signatures are read.
 */
import type { Networks } from '../../config/networks.ts'
import type { Dns } from '../../dns/dns.ts'
import type { Log } from '../../observe/log.ts'
import { isLocal } from '../client.ts'
import type { Finding, Step, StepContext, StepOutcome, Subject } from '../types.ts'
import { createDmarc } from './dmarc.ts'
import { type Author, authorsOf, fieldsOf, forgedResults, readHeader, senderDomain } from './header.ts'
import { isRelated, keysFor } from './keys.ts'
import { PublicKeys } from './public-keys.ts'
import { type Entry, resultsOf } from './results.ts'
import { type Sealer, sealFields } from './sealer.ts'
import {
  type Chain,
  claimedDomains,
  isSigned,
  NO_SIGNATURES,
  type Signatures,
  verifySignatures,
} from './signatures.ts'
import { createSpf, type SpfResult } from './spf.ts'

export type AuthenticationOptions = {
  /** Our name in Authentication-Results: RESTANTE_HOSTNAME. */
  hostname: string
  dns: Dns
  log: Log
  /** Clients whose address says nothing of a sender, besides private networks. */
  own?: Networks
  /** Seals for the domains whose policy wants it. */
  sealer?: Sealer
  /** Domains of sealers whose word on DMARC is believed (RFC 8617 §7.2). */
  trustedSealers?: readonly string[]
  now?: () => number
}

/** ms. The checks end before the step does: what is forged is left out also when DNS hangs. */
const TIME_LIMIT = 10_000
const CHECKS_LIMIT = 8_000

/** Domains of From that are asked for their policy; more than one is against RFC 5322, and a trick. */
const MOST_AUTHORS = 4

type Policy = { result: string; domain: string; wish: 'none' | 'quarantine' | 'reject'; aligned: boolean }

export function authenticationStep(options: AuthenticationOptions): Step {
  const { hostname, dns, log, own, sealer, now = Date.now } = options
  const trusted = new Set(options.trustedSealers?.map(domain => domain.toLowerCase()))
  const spf = createSpf(dns, hostname, CHECKS_LIMIT - 1_000, now)
  const evaluateDmarc = createDmarc(dns, now)
  const keys = new PublicKeys()

  async function run(subject: Subject, context: StepContext): Promise<StepOutcome> {
    const { envelope } = subject
    // What our own people send is known by their sign-in.
    if (envelope.kind !== 'inbound') return { findings: [] }
    const header = await readHeader(subject)
    const fields = await fieldsOf(header)
    const removeFields = forgedResults(header, fields, hostname)
    const authors = authorsOf(header, fields)
    const address = envelope.client?.address ?? ''
    const local = isLocal(address, own)
    const wantsSeal = sealer && envelope.recipients.some(one => context.policyOf(one.address).arc)
    const sealKey = wantsSeal ? await keyOf(sealer) : undefined

    const end = performance.now() + CHECKS_LIMIT
    const domains = [...new Set(authors.map(author => author.domain))].slice(0, MOST_AUTHORS)
    // Asked for now, they are there when the rest has been checked.
    if (!local) for (const domain of domains) dns.ask(`_dmarc.${domain}`, 'TXT').catch(() => {})
    const [spfResult, signatures] = await Promise.all([
      local
        ? undefined
        : within(end, spf({ ip: address, helo: envelope.client?.helo, sender: envelope.sender })),
      isSigned(fields) || sealKey
        ? within(
            end,
            verifySignatures(
              subject,
              header,
              fields,
              keysFor(dns, domains),
              keys,
              name => void dns.ask(name, 'TXT').catch(() => {}),
              () => context.signal,
              sealKey,
            ),
          )
        : NO_SIGNATURES,
    ])
    const sender = spfResult === 'late' ? lateSpf(envelope) : spfResult
    const signed = signatures === 'late' ? NO_SIGNATURES : signatures
    const undecided = [
      ...(sender?.result === 'temperror' ? [sender.domain] : []),
      ...(signatures === 'late'
        ? claimedDomains(header, fields)
        : signed.dkim.filter(one => one.result === 'temperror').map(one => one.domain)),
    ]
    // Of our own networks only a signature could prove something.
    const policies =
      local && signed.dkim.length === 0 ? [] : await policiesOf(domains, sender, signed, undecided, end)
    const found = { local, unknown: undecided.length > 0, sender, signed, authors, policies }
    const results = resultsOf(hostname, entriesOf(found))
    const addFields = [`Authentication-Results: ${results}\r\n`]
    if (sealKey && signed.toSeal) {
      try {
        addFields.unshift(...(await sealFields(signed.toSeal, sealKey, results, new Date(now()))))
      } catch (error) {
        log.warn({ event: 'scan.not-sealed', id: envelope.id, error })
      }
    }
    return {
      findings: findingsOf(found, trusted),
      senders: sendersOf(envelope.sender, found),
      addFields,
      ...(removeFields.length > 0 && { removeFields }),
    }
  }

  async function keyOf(from: Sealer) {
    try {
      return await from.key()
    } catch (error) {
      log.error({ event: 'scan.no-seal-key', error })
      return undefined
    }
  }

  /**
   * For each domain of From.
   * @param undecided domains that might have been proven, had DNS answered
   */
  async function policiesOf(
    domains: readonly string[],
    sender: SpfResult | undefined,
    { dkim }: Signatures,
    undecided: readonly string[],
    end: number,
  ): Promise<Policy[]> {
    const passed = dkim.filter(one => one.result === 'pass').map(one => ({ domain: one.domain }))
    const evaluate = (domain: string, more: readonly string[]) =>
      within(
        end,
        evaluateDmarc(domain, sender?.result === 'pass' ? [sender.domain] : [], [
          ...passed.map(one => one.domain),
          ...more,
        ]),
      )
    return Promise.all(
      domains.map(async domain => {
        const failed: Policy = { result: 'temperror', domain, wish: 'none', aligned: false }
        const found = await evaluate(domain, [])
        if (found === 'late') return failed
        if (!found) return { ...failed, result: 'permerror' }
        const wish = found.policy === 'reject' || found.policy === 'quarantine' ? found.policy : 'none'
        const { result } = found.status
        if (result === 'fail' && undecided.length > 0) {
          // Only what would have made it pass excuses it: a stranger's domain with a dead name server does not.
          const otherwise = await evaluate(domain, undecided)
          if (otherwise && otherwise !== 'late' && otherwise.status.result === 'pass') return failed
        }
        // Without a record nothing is asked of us; whether it is the sender is still good to know.
        const aligned = result === 'pass' || (result === 'none' && isAligned(domain, sender, passed))
        return { result, domain, wish, aligned }
      }),
    )
  }

  return { name: 'authentication', timeLimit: TIME_LIMIT, kind: 'facts', run }
}

type Found = {
  local: boolean
  unknown: boolean
  sender: SpfResult | undefined
  signed: Signatures
  authors: readonly Author[]
  policies: readonly Policy[]
}

function findingsOf(found: Found, trusted: ReadonlySet<string>): Finding[] {
  const { local, unknown, sender, signed, authors, policies } = found
  const failed = policies.filter(policy => policy.result === 'fail')
  if (failed.length > 0 && !local) {
    const worst = failed.find(one => one.wish === 'reject') ?? failed.find(one => one.wish === 'quarantine')
    const { domain, wish } = worst ?? (failed[0] as Policy)
    if (failed.every(policy => isVouchedFor(policy.domain, signed.arc, trusted)))
      return [{ type: 'clean', reason: 'arc-trusted', detail: signed.arc.sealers.at(-1) }]
    return [{ type: 'dmarc', reason: `dmarc-${wish}`, wish, detail: domain }]
  }
  if (authors.length === 0) return local ? [] : [suspicious('no-author')]
  if (new Set(authors.map(author => author.domain)).size > MOST_AUTHORS) return [suspicious('many-authors')]
  if (local) return []
  const proven = policies.find(policy => policy.aligned)
  if (proven) return [{ type: 'clean', reason: 'sender-proven', detail: proven.domain }]
  if (unknown || policies.some(policy => policy.result === 'temperror'))
    return [suspicious('dns-failed', authors[0]?.domain)]
  if (sender?.result === 'fail') return [suspicious('spf-failed', sender.domain)]
  return [{ type: 'clean', reason: 'sender-unproven', detail: authors[0]?.domain }]
}

const suspicious = (reason: string, detail?: string): Finding => ({
  type: 'suspicious',
  reason,
  ...(detail !== undefined && { detail }),
})

/** All who sealed it are trusted, and one of them saw DMARC pass for this domain. */
function isVouchedFor(domain: string, chain: Chain, trusted: ReadonlySet<string>): boolean {
  return (
    chain.result === 'pass' &&
    chain.sealers.every(sealer => trusted.has(sealer)) &&
    chain.dmarcPassed.includes(domain)
  )
}

/** Same domain, or one below the other: without a DMARC record nobody says more. */
function isAligned(
  domain: string,
  sender: SpfResult | undefined,
  signed: readonly { domain: string }[],
): boolean {
  const proven = signed.map(one => one.domain)
  if (sender?.result === 'pass') proven.push(sender.domain)
  return domain.includes('.') && proven.some(one => isRelated(one, domain))
}

function sendersOf(envelopeSender: string, { sender, authors, policies }: Found): StepOutcome['senders'] {
  const aligned = new Set(policies.filter(policy => policy.aligned).map(policy => policy.domain))
  const from = authors.map(author => author.address)
  const proven = authors.filter(author => aligned.has(author.domain)).map(author => author.address)
  if (sender?.result === 'pass' && sender.identity === 'mailfrom') proven.push(envelopeSender.toLowerCase())
  return { from, proven }
}

function entriesOf({ local, sender, signed, policies }: Found): Entry[] {
  const entries: Entry[] = []
  if (sender)
    entries.push({
      method: 'spf',
      result: sender.result,
      properties: [[`smtp.${sender.identity}`, sender.domain]],
    })
  for (const one of signed.dkim)
    entries.push({
      method: 'dkim',
      result: one.result,
      comment: one.comment,
      properties: [
        ['header.d', one.domain],
        ['header.s', one.selector],
        ['header.a', one.algorithm],
        ['header.b', one.start],
      ],
    })
  for (const policy of policies) {
    // From our own networks DMARC can't be told by half of its evidence.
    if (local && policy.result !== 'pass') continue
    entries.push({
      method: 'dmarc',
      result: policy.result,
      comment: policy.result === 'fail' ? `p=${policy.wish}` : undefined,
      properties: [['header.from', policy.domain]],
    })
  }
  if (signed.arc.result !== 'none') entries.push({ method: 'arc', result: signed.arc.result, properties: [] })
  return entries
}

/** An SPF that did not come to an end, of the domain that it was about. */
function lateSpf({ sender, client }: Subject['envelope']): SpfResult {
  const domain = senderDomain(sender ? sender.slice(sender.lastIndexOf('@') + 1) : (client?.helo ?? ''))
  return { result: 'temperror', domain: domain ?? '', identity: sender ? 'mailfrom' : 'helo' }
}

/**
 * What comes of it until `end` (of performance.now()). A plain timer: an AbortController would cost more than the
 * rest of the step.
 */
function within<T>(end: number, running: Promise<T>): Promise<T | 'late'> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve('late'), Math.max(0, end - performance.now()))
    running.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
