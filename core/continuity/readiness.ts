/**
 * Would it work, if the mail server went away now? Who could sign in, is the way here right (DNS, certificate), how
 * long the disk lasts, how old is what the relay knows. Facts with a level each; the words stand in the command line
 * and in the pages' catalogues.
 */
import { sql } from 'kysely'
import type { Db } from '../db/connection.ts'
import { listImapCredentials } from '../directory/imap-credentials.ts'
import { couldSignIn } from '../directory/ways-in.ts'
import { type Scope, within } from '../queue/scope.ts'

export type Level = 'ok' | 'warn' | 'fail'
export type Item =
  /** Who could sign in without the backend, by any of the ways of core/directory/ways-in.ts. */
  | {
      name: 'people'
      level: Level
      people: number
      ready: number
      neverCame: number
      /** Addresses without a way in, at most twenty. */
      without: string[]
    }
  /** People whose confirmed second contact reaches them while their mailbox does not; null: not asked for yet. */
  | { name: 'contacts'; level: Level; people: number; confirmed: number | null }
  /** Domains whose MX does not lead here. */
  | { name: 'dns'; level: Level; domains: number; elsewhere: string[]; unanswered: string[] }
  /** null: there is none yet. */
  | { name: 'certificate'; level: Level; daysLeft: number | null; selfSigned: boolean }
  /** Hours of outage that the free space lasts at the rate of the last 24 hours; null: no mail came. */
  | { name: 'disk'; level: Level; freeBytes: number; bytesPerDay: number; hours: number | null }
  /** Of the directory that the relay goes by while PostgreSQL is away; null: the relay does not tell. */
  | { name: 'snapshot'; level: Level; ageSeconds: number | null }
  /** Who has given credentials for their own server, and whose the server does not take; at most twenty each. */
  | { name: 'access'; level: Level; given: number; who: string[]; bad: string[] }
  /** The last drill that was carried through. */
  | { name: 'drill'; level: Level; daysAgo: number | null }

/** What lies outside the database. Each may fail by itself: null then. */
export type World = {
  /** Whether the MX of a domain leads here; null when DNS does not answer. */
  leadsHere(domain: string): Promise<boolean | null>
  certificate(): Promise<{ validTo: Date; selfSigned: boolean } | null>
  freeBytes(): Promise<number | null>
  /** ms */
  snapshotAge(): Promise<number | null>
}

const DAY = 86_400_000
const NAMED = 20
/** Domains asked for at most: the page must not hang on a slow resolver. */
const DOMAINS = 20

export async function readReadiness(db: Db, scope: Scope, world: World, now: Date): Promise<Item[]> {
  const [people, access, dns, certificate, disk, snapshot, drill] = await Promise.all([
    peopleItem(db, scope),
    accessItem(db, scope),
    dnsItem(db, scope, world),
    certificateItem(world, now),
    diskItem(db, world, now),
    snapshotItem(world),
    drillItem(db, scope, now),
  ])
  const contacts = await contactsItem(db, scope, people.people)
  // Where a master user opens all mailboxes, nobody need give any.
  return [people, contacts, ...(access.given > 0 ? [access] : []), dns, certificate, disk, snapshot, drill]
}

async function peopleItem(db: Db, scope: Scope): Promise<Item & { name: 'people' }> {
  const rows = await db
    .selectFrom('person')
    .select(['address', couldSignIn.as('ready'), 'last_seen_at'])
    .where(within(scope, 'person.organization_id'))
    .orderBy('address')
    .execute()
  const without = rows.filter(row => !row.ready).map(row => row.address)
  const ready = rows.length - without.length
  const level = without.length === 0 ? 'ok' : ready * 2 < rows.length ? 'fail' : 'warn'
  const neverCame = rows.filter(row => row.ready && row.last_seen_at === null).length
  return { name: 'people', level, people: rows.length, ready, neverCame, without: without.slice(0, NAMED) }
}

/** A second contact is an address that was confirmed, or a browser (core/telling/contacts.ts). */
async function contactsItem(db: Db, scope: Scope, people: number): Promise<Item> {
  const { confirmed } = await db
    .selectFrom('telling_channel')
    .innerJoin('person', 'person.id', 'telling_channel.person_id')
    .select(sql<number>`count(distinct person.id)::int`.as('confirmed'))
    .where('telling_channel.confirmed_at', 'is not', null)
    .where(within(scope, 'person.organization_id'))
    .executeTakeFirstOrThrow()
  return { name: 'contacts', level: confirmed >= people ? 'ok' : 'warn', people, confirmed }
}

async function accessItem(db: Db, scope: Scope): Promise<Item & { name: 'access' }> {
  const all = await listImapCredentials(db, scope.type === 'organization' ? scope.id : undefined)
  const bad = all.filter(one => one.problem !== null).map(one => one.address)
  const who = all.map(one => one.address).slice(0, NAMED)
  return {
    name: 'access',
    level: bad.length > 0 ? 'warn' : 'ok',
    given: all.length,
    who,
    bad: bad.slice(0, NAMED),
  }
}

async function dnsItem(db: Db, scope: Scope, world: World): Promise<Item> {
  const rows = await db
    .selectFrom('domain')
    .select('name')
    .where(within(scope, 'domain.organization_id'))
    .orderBy('name')
    .limit(DOMAINS)
    .execute()
  const answers = await Promise.all(
    rows.map(async ({ name }) => ({ name, here: await world.leadsHere(name).catch(() => null) })),
  )
  const elsewhere = answers.filter(one => one.here === false).map(one => one.name)
  const unanswered = answers.filter(one => one.here === null).map(one => one.name)
  const level = elsewhere.length > 0 ? 'fail' : unanswered.length > 0 ? 'warn' : 'ok'
  return { name: 'dns', level, domains: rows.length, elsewhere, unanswered }
}

async function certificateItem(world: World, now: Date): Promise<Item> {
  const found = await world.certificate().catch(() => null)
  if (!found) return { name: 'certificate', level: 'warn', daysLeft: null, selfSigned: false }
  const daysLeft = Math.floor((found.validTo.getTime() - now.getTime()) / DAY)
  const level = daysLeft < 0 ? 'fail' : daysLeft < 14 || found.selfSigned ? 'warn' : 'ok'
  return { name: 'certificate', level, daysLeft, selfSigned: found.selfSigned }
}

/** The disk is everybody's: the rate is that of all mail. */
async function diskItem(db: Db, world: World, now: Date): Promise<Item> {
  const freeBytes = (await world.freeBytes().catch(() => null)) ?? 0
  const { bytes } = await db
    .selectFrom('message')
    .select(sql<number>`coalesce(sum(size), 0)::float8`.as('bytes'))
    .where('received_at', '>', new Date(now.getTime() - DAY))
    .executeTakeFirstOrThrow()
  // A message costs rows and indexes besides its content.
  const bytesPerDay = Math.ceil(Number(bytes) * 1.5)
  const hours = bytesPerDay > 0 ? Math.floor((freeBytes / bytesPerDay) * 24) : null
  const level = hours === null || hours >= 24 * 14 ? 'ok' : hours >= 72 ? 'warn' : 'fail'
  return { name: 'disk', level, freeBytes, bytesPerDay, hours }
}

async function snapshotItem(world: World): Promise<Item> {
  const age = await world.snapshotAge().catch(() => null)
  const level = age === null || age > 300_000 ? 'warn' : 'ok'
  return { name: 'snapshot', level, ageSeconds: age === null ? null : Math.round(age / 1_000) }
}

async function drillItem(db: Db, scope: Scope, now: Date): Promise<Item> {
  const row = await db
    .selectFrom('period')
    .select(sql<Date | null>`max((report->>'to')::timestamptz)`.as('last'))
    .where('kind', '=', 'drill')
    .where('report', 'is not', null)
    .where(within(scope, 'period.organization_id'))
    .executeTakeFirst()
  const daysAgo = row?.last ? Math.floor((now.getTime() - row.last.getTime()) / DAY) : null
  return { name: 'drill', level: daysAgo !== null && daysAgo <= 120 ? 'ok' : 'warn', daysAgo }
}
