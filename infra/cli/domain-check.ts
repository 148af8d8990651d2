/**
 * What DNS says of a domain: does its mail come here (RFC 5321 §5.1), may we send for it (SPF, RFC 7208;
 * DMARC, RFC 7489). Findings are in order of weight; `ok` is false when mail would go elsewhere.
 */
import { normalizeDomain } from '@restante/core/directory/addresses.ts'
import { Refusal } from './context.ts'

/** The part of node's resolver that is needed. */
export type Dns = {
  resolveMx(name: string): Promise<{ exchange: string; priority: number }[]>
  resolveTxt(name: string): Promise<string[][]>
  resolve4(name: string): Promise<string[]>
  resolve6(name: string): Promise<string[]>
}
export type CheckInput = {
  dns: Dns
  /** RESTANTE_HOSTNAME. */
  hostname: string
  /** Public addresses of this machine. */
  ownAddresses: ReadonlySet<string>
  /** Domains in the directory. */
  known: ReadonlySet<string>
  /** The record of our ARC key (RFC 8617), for a domain that wants seals. */
  arc?: { name: string; value: string }
}

export type Finding = { level: 'ok' | 'warning' | 'problem'; code: string; text: string }
export type DomainCheck = {
  domain: string
  ok: boolean
  mx: { exchange: string; priority: number; addresses: string[]; here: boolean }[]
  spf: string | null
  dmarc: string | null
  findings: Finding[]
}

/** @throws Refusal when the text is no domain name */
export async function checkDomain(text: string, input: CheckInput): Promise<DomainCheck> {
  const domain = normalizeDomain(text)
  if (!domain) throw new Refusal(`${text} is not a domain name`)
  const { dns, hostname } = input
  const findings: Finding[] = []
  const say = (level: Finding['level'], code: string, words: string) =>
    findings.push({ level, code, text: words })

  if (!input.known.has(domain)) {
    say('problem', 'not-in-directory', `${domain} is not in the directory: add it with domain add`)
  }
  const ours = new Set([...input.ownAddresses, ...(await addressesOf(dns, hostname))])
  const answer = await ask(() => dns.resolveMx(domain))
  const mx: DomainCheck['mx'] = []
  for (const { exchange, priority } of (answer.values ?? []).toSorted((a, b) => a.priority - b.priority)) {
    const name = exchange.toLowerCase().replace(/\.$/, '')
    const addresses = name === '' ? [] : await addressesOf(dns, name)
    const here = name === hostname.toLowerCase() || addresses.some(address => ours.has(address))
    mx.push({ exchange: name, priority, addresses, here })
  }
  sayMx(say, domain, hostname, answer, mx)

  const spf = await records(dns, domain, /^v=spf1( |$)/i)
  if (spf.length === 0)
    say('warning', 'spf-missing', `${domain} has no SPF record: mail sent from here may be refused`)
  else if (spf.length > 1)
    say('problem', 'spf-many', `${domain} has ${spf.length} SPF records, there must be one`)
  else say('ok', 'spf', `SPF: ${spf[0]}`)
  const dmarc = await records(dns, `_dmarc.${domain}`, /^v=DMARC1( |;|$)/i)
  if (dmarc.length === 0) say('warning', 'dmarc-missing', `${domain} has no DMARC record`)
  else say('ok', 'dmarc', `DMARC: ${dmarc[0]}`)

  if (input.arc) {
    const key = await records(dns, input.arc.name, /p=/)
    const words = `TXT record ${input.arc.name} with the value ${input.arc.value}`
    if (key.length === 0)
      say('problem', 'arc-key-missing', `our ARC seals can't be verified: add the ${words}`)
    else if (!key.some(text => keyOf(text) === keyOf(input.arc?.value ?? '')))
      say(
        'problem',
        'arc-key-differs',
        `our ARC seals can't be verified: DNS has another key, change the ${words}`,
      )
    else say('ok', 'arc', `ARC seals: key found at ${input.arc.name}`)
  }

  return {
    domain,
    ok: !findings.some(finding => finding.level === 'problem'),
    mx,
    spf: spf[0] ?? null,
    dmarc: dmarc[0] ?? null,
    findings,
  }
}

export function checkText(check: DomainCheck): string {
  const marks = { ok: 'ok      ', warning: 'warning ', problem: 'PROBLEM ' }
  return check.findings.map(finding => marks[finding.level] + finding.text).join('\n')
}

type Answer<T> = { values: T[]; error?: undefined } | { values?: undefined; error: string }

function sayMx(
  say: (level: Finding['level'], code: string, words: string) => void,
  domain: string,
  hostname: string,
  answer: Answer<unknown>,
  mx: DomainCheck['mx'],
): void {
  const first = mx[0]
  if (answer.error !== undefined) {
    say('problem', 'dns-failed', `DNS did not answer for ${domain}: ${answer.error}`)
  } else if (!first) {
    say('problem', 'mx-missing', `${domain} has no MX record: point one at ${hostname}`)
  } else if (first.exchange === '') {
    say('problem', 'mx-null', `${domain} says that it takes no mail (null MX, RFC 7505)`)
  } else if (!mx.some(record => record.here)) {
    say('problem', 'mx-elsewhere', `the MX of ${domain} is ${first.exchange}, not ${hostname}`)
  } else if (!first.here) {
    say(
      'warning',
      'mx-not-first',
      `the first MX of ${domain} is ${first.exchange}: mail comes here only when that is down`,
    )
  } else {
    say('ok', 'mx', `mail for ${domain} comes here (${first.exchange})`)
    const others = mx.filter(record => !record.here).map(record => record.exchange)
    if (others.length > 0) {
      say('warning', 'mx-others', `mail for ${domain} may also go to ${others.join(', ')}, past this gateway`)
    }
  }
}

async function addressesOf(dns: Dns, name: string): Promise<string[]> {
  const [v4, v6] = await Promise.all([ask(() => dns.resolve4(name)), ask(() => dns.resolve6(name))])
  return [...(v4.values ?? []), ...(v6.values ?? [])]
}

async function records(dns: Dns, name: string, form: RegExp): Promise<string[]> {
  const answer = await ask(() => dns.resolveTxt(name))
  return (answer.values ?? []).map(parts => parts.join('')).filter(text => form.test(text))
}

/** "There is none" is an answer; no answer is an error. */
async function ask<T>(question: () => Promise<T[]>): Promise<Answer<T>> {
  try {
    return { values: await question() }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    return code === 'ENOTFOUND' || code === 'ENODATA' ? { values: [] } : { error: code }
  }
}

/** The key itself in a record of RFC 6376 §3.6.1. */
function keyOf(record: string): string | undefined {
  return /(?:^|;)\s*p=([^;]*)/.exec(record)?.[1]?.replace(/\s/g, '')
}
