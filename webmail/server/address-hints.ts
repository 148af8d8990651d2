/**
 * What can be said of an address while somebody is still writing to it: that its domain takes no mail, that it looks
 * mistyped, that the last message to it failed, that it is not written to for a while. Hints, never refusals: who
 * wants to send it all the same may.
 *
 * Only DNS is asked, by the server's own resolver, and what was asked is kept; nothing of theirs is opened. Of
 * earlier failures one hears only what one's own organization had.
 */
import type { Db } from '@restante/core/db/connection.ts'
import type { OutcomeJson } from '@restante/core/db/schema/delivery.ts'
import type { Locale } from '@restante/core/db/schema/directory.ts'
import { parseAddress } from '@restante/core/directory/addresses.ts'
import { probablyMeant } from '@restante/core/directory/typos.ts'
import { type Dns, DnsError } from '@restante/core/dns/dns.ts'
import { explain } from '@restante/core/outcome/sentences.ts'
import type { Outcome } from '@restante/core/outcome/types.ts'
import { suppressedAmong } from '@restante/core/queue/suppression.ts'

export type AddressHint = {
  kind: 'no-domain' | 'no-mail' | 'typo' | 'failed' | 'suppressed'
  /** What was probably meant. */
  instead: string | null
  /** What happened last time, in words. */
  why: string | null
}

/** How far back a failure counts, in ms. */
const LATELY = 30 * 24 * 3_600_000

export type Asking = {
  db: Db
  dns: Pick<Dns, 'resolve'>
  /** Whether a domain is one of ours: its recipients are checked when it is sent. */
  isOurs: (address: string) => boolean
  person: { organizationId: string | null; locale: Locale }
  now: Date
}

/** @returns null: nothing to say, or nobody knows */
export async function hintFor(text: string, asking: Asking): Promise<AddressHint | null> {
  const parsed = parseAddress(text)
  if (!parsed || asking.isOurs(parsed.address)) return null
  const { db, person, now } = asking
  const { organizationId } = person
  const own = organizationId ? await ownDomains(db, organizationId) : []
  const meant = probablyMeant(parsed.domain, own)
  const instead = meant && `${parsed.local}@${meant}`
  if (organizationId) {
    const [suppressed] = await suppressedAmong(db, organizationId, [parsed.address], now)
    if (suppressed) return { kind: 'suppressed', instead, why: null }
    const failed = await lastFailure(db, organizationId, [parsed.address, text.trim()], now)
    if (failed) {
      const about = { recipient: parsed.address }
      return { kind: 'failed', instead, why: explain(failed as Outcome, about, person.locale).what }
    }
  }
  const mail = await takesMail(asking.dns, parsed.domain)
  if (mail !== 'yes' && mail !== 'unknown') return { kind: mail, instead, why: null }
  if (!instead || (organizationId && (await wroteThere(db, organizationId, parsed.domain)))) return null
  return { kind: 'typo', instead, why: null }
}

async function ownDomains(db: Db, organizationId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('domain')
    .select('name')
    .where('organization_id', '=', organizationId)
    .execute()
  return rows.map(row => row.name)
}

/** What became of the last message to an address, when that failed for good. */
async function lastFailure(
  db: Db,
  organizationId: string,
  spellings: readonly string[],
  now: Date,
): Promise<OutcomeJson | null> {
  const row = await db
    .selectFrom('recipient')
    .innerJoin('delivery', 'delivery.id', 'recipient.delivery_id')
    .select(['recipient.state', 'recipient.outcome'])
    .where('recipient.address', 'in', [...new Set(spellings)])
    .where('recipient.state', 'in', ['failed', 'delivered'])
    .where('recipient.settled_at', '>', new Date(now.getTime() - LATELY))
    .where('delivery.organization_id', '=', organizationId)
    .where('delivery.backend_id', 'is', null)
    .orderBy('recipient.settled_at', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.state === 'failed' ? row.outcome : null
}

/** Whether mail of the organization was accepted for a domain: then it is no mistake. */
async function wroteThere(db: Db, organizationId: string, domain: string): Promise<boolean> {
  const row = await db
    .selectFrom('delivery')
    .select('id')
    .where('backend_id', 'is', null)
    .where('state', '=', 'delivered')
    .where('organization_id', '=', organizationId)
    .where('destination', '=', domain)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** RFC 5321 §5.1: an MX, or an address; RFC 7505: an MX that says it takes none. */
async function takesMail(
  dns: Pick<Dns, 'resolve'>,
  domain: string,
): Promise<'yes' | 'no-domain' | 'no-mail' | 'unknown'> {
  try {
    const hosts = await dns.resolve(domain, 'MX')
    return hosts.some(host => host.exchange !== '' && host.exchange !== '.') ? 'yes' : 'no-mail'
  } catch (error) {
    if (!(error instanceof DnsError) || !error.missing) return 'unknown'
    if (error.code === 'ENOTFOUND') return 'no-domain'
  }
  for (const type of ['A', 'AAAA'] as const) {
    try {
      if ((await dns.resolve(domain, type)).length > 0) return 'yes'
    } catch (error) {
      if (!(error instanceof DnsError) || !error.missing) return 'unknown'
    }
  }
  return 'no-mail'
}
