/**
 * MTA-STS (RFC 8461): a domain says over HTTPS which servers may take its mail, and that they must prove who they
 * are. What was once fetched is kept for as long as it says, in the database too, so that nobody who stands in
 * the way now can make it go (§5.1).
 *
 * The policy's host is a name that a stranger gave: private addresses are refused, no redirect is followed,
 * 64 KiB and 20 s are the most it gets. The certificate is checked, always.
 */
import { request } from 'node:https'
import { PRIVATE_NETWORKS } from '@restante/core/config/networks.ts'
import type { Db } from '@restante/core/db/connection.ts'
import type { Dns } from '@restante/core/dns/dns.ts'
import type { Log } from '@restante/core/observe/log.ts'
import { parsePolicy, validateMx } from 'mailauth/lib/mta-sts.js'

export type StsPolicy = { id: string; mode: 'enforce' | 'testing' | 'none'; mx: string[]; expires: Date }

export interface MtaSts {
  /** The policy in force; null: there is none. Never rejects. */
  policyOf(domain: string): Promise<StsPolicy | null>
}

export type MtaStsOptions = {
  dns: Pick<Dns, 'question'>
  db: Db
  log: Log
  now?: () => number
  /** For tests: another port than 443, loopback allowed, another authority than the system's. */
  port?: number
  allowLocal?: boolean
  ca?: string
}

const MOST_BYTES = 65_536
const TIME_LIMIT = 20_000
/** §3.2: max_age is in seconds, a year at most. */
const LONGEST = 31_557_600
/** The record in DNS is looked at again after this, and a fetch that failed is tried again, in ms. */
const RECHECK = 300_000

export function createMtaSts(options: MtaStsOptions): MtaSts {
  const { dns, db, log, now = Date.now } = options
  const looked = new Map<string, { policy: StsPolicy | null; until: number }>()

  async function look(domain: string): Promise<StsPolicy | null> {
    const stored = await read(db, domain, new Date(now()))
    const id = await policyId(dns, domain)
    // Without the record, and without a policy of before, there is none; with one of before it stands (§5.1).
    if (!id || id === stored?.id) return stored
    try {
      const text = await fetchPolicy(domain, options)
      const parsed = parsePolicy(text) as { mode: StsPolicy['mode']; mx?: string[]; maxAge?: number }
      const age = Math.min(parsed.maxAge ?? 0, LONGEST)
      const policy = { id, mode: parsed.mode, mx: parsed.mx ?? [], expires: new Date(now() + age * 1_000) }
      await write(db, domain, policy)
      return policy
    } catch (error) {
      log.warn({ event: 'outbound.mta-sts-unavailable', domain, error })
      return stored
    }
  }

  return {
    async policyOf(domain) {
      const known = looked.get(domain)
      if (known && known.until > now()) return known.policy
      const policy = await look(domain).catch(error => {
        log.warn({ event: 'outbound.mta-sts-unknown', domain, error })
        return known?.policy ?? null
      })
      looked.set(domain, { policy, until: now() + RECHECK })
      if (looked.size > 10_000) looked.delete(looked.keys().next().value ?? '')
      return policy
    },
  }
}

/** Whether a server may take the domain's mail. */
export function allows(policy: StsPolicy, exchange: string): boolean {
  return validateMx(exchange, policy as never).valid
}

/** §3.1. Several records, or a broken one, count as none. */
async function policyId(dns: Pick<Dns, 'question'>, domain: string): Promise<string | null> {
  try {
    const { records } = await dns.question(`_mta-sts.${domain}`, 'TXT')
    const found = (records as string[][])
      .map(parts => parts.join(''))
      .filter(text => /^v=STSv1\s*;/.test(text))
    return found.length === 1
      ? (/;\s*id\s*=\s*([A-Za-z0-9]{1,32})\s*(?:;|$)/.exec(found[0]!)?.[1] ?? null)
      : null
  } catch {
    return null
  }
}

async function read(db: Db, domain: string, at: Date): Promise<StsPolicy | null> {
  const row = await db.selectFrom('sts_policy').selectAll().where('domain', '=', domain).executeTakeFirst()
  return row && row.expires_at > at
    ? { id: row.id, mode: row.mode, mx: row.mx, expires: row.expires_at }
    : null
}

async function write(db: Db, domain: string, { id, mode, mx, expires }: StsPolicy): Promise<void> {
  const row = { id, mode, mx, expires_at: expires }
  await db
    .insertInto('sts_policy')
    .values({ domain, ...row })
    .onConflict(conflict => conflict.column('domain').doUpdateSet(row))
    .execute()
}

async function fetchPolicy(domain: string, options: MtaStsOptions): Promise<string> {
  const host = `mta-sts.${domain}`
  const address = await addressOf(host, options)
  return await new Promise<string>((resolve, reject) => {
    const call = request(
      {
        host: address,
        servername: host,
        headers: { host },
        port: options.port ?? 443,
        path: '/.well-known/mta-sts.txt',
        signal: AbortSignal.timeout(TIME_LIMIT),
        agent: false,
        ...(options.ca && { ca: options.ca }),
      },
      response => {
        const type = response.headers['content-type'] ?? ''
        if (response.statusCode !== 200 || !/^text\/plain\b/i.test(type)) {
          response.destroy()
          return reject(new Error(`${host} answers ${response.statusCode} ${type}`))
        }
        const parts: Buffer[] = []
        let size = 0
        response.on('data', (part: Buffer) => {
          size += part.length
          if (size > MOST_BYTES) response.destroy(new Error(`${host} sends more than ${MOST_BYTES} bytes`))
          else parts.push(part)
        })
        response.on('error', reject)
        response.on('end', () => resolve(Buffer.concat(parts).toString('utf8')))
      },
    )
    call.on('error', reject)
    call.end()
  })
}

async function addressOf(host: string, { dns, allowLocal }: MtaStsOptions): Promise<string> {
  for (const type of ['A', 'AAAA'] as const) {
    const records = await dns.question(host, type).then(
      answer => answer.records as string[],
      () => [],
    )
    const usable = records.find(address => allowLocal || !PRIVATE_NETWORKS.has(address))
    if (usable) return usable
  }
  throw new Error(`${host} has no public address`)
}
