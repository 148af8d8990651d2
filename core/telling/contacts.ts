/**
 * Second contacts: where a person is told when their own mailbox is just what is away. An address outside our
 * domains, confirmed by a code that was sent there; a browser, which confirms itself.
 *
 * A code counts once, for a day and for five tries; a person can ask for five an hour. Kept as a hash.
 */
import { createHash, randomInt, timingSafeEqual } from 'node:crypto'
import { sql } from 'kysely'
import { seal } from '../config/secret.ts'
import type { Executor } from '../db/connection.ts'
import { newId } from '../db/id.ts'
import type { Locale } from '../db/schema/directory.ts'
import { isId, type Scope, within } from '../queue/scope.ts'
import { enqueue, outsideAddress } from './channels.ts'
import { TellingError } from './errors.ts'

export type Contact = {
  id: string
  kind: 'mail' | 'push'
  /** An address, or the browser's push service. */
  name: string
  confirmed: boolean
  createdAt: Date
}
export type Owner = { id: string; organizationId: string | null; locale: Locale }

const CODE_AGE = 86_400_000
const MOST_TRIES = 5
const MOST_CODES = 5
const MOST_BROWSERS = 10
/** No letter that is taken for another. */
const ALPHABET = '23456789ABCDEFGHJKMNPQRSTUVWXYZ'

export async function contactsOf(db: Executor, personId: string): Promise<Contact[]> {
  const rows = await db
    .selectFrom('telling_channel')
    .select(['id', 'kind', 'name', 'confirmed_at', 'created_at'])
    .where('person_id', '=', personId)
    .orderBy('created_at')
    .execute()
  return rows.map(row => ({
    id: row.id,
    kind: row.kind === 'push' ? 'push' : 'mail',
    name: row.name,
    confirmed: row.confirmed_at !== null,
    createdAt: row.created_at,
  }))
}

/**
 * Makes an address somebody's second contact, in place of the one before, and sends a code there.
 * @param vouched an admin says that it is theirs: no code
 * @throws TellingError `bad-contact`, `own-domain`, `too-many`
 */
export async function setContact(
  db: Executor,
  owner: Owner,
  text: string,
  sealKey: Buffer,
  now: Date,
  vouched: string | null = null,
): Promise<void> {
  const address = await outsideAddress(db, text)
  const { count } = await db
    .selectFrom('telling_delivery')
    .innerJoin('telling_channel', 'telling_channel.id', 'telling_delivery.channel_id')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('telling_channel.person_id', '=', owner.id)
    .where('telling_delivery.what', '=', 'confirm')
    .where('telling_delivery.created_at', '>', new Date(now.getTime() - 3_600_000))
    .executeTakeFirstOrThrow()
  if (!vouched && count >= MOST_CODES)
    throw new TellingError('too-many', 'that was asked for often enough: wait an hour')
  const code = Array.from({ length: 8 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
  const columns = {
    name: address,
    target: seal(sealKey, JSON.stringify({ kind: 'mail', address })),
    locale: owner.locale,
    confirmed_at: vouched ? now : null,
    code_hash: vouched ? null : hash(owner.id, code),
    code_expires_at: vouched ? null : new Date(now.getTime() + CODE_AGE),
    code_tries: 0,
    created_by: vouched ?? 'owner',
  }
  const before = await db
    .selectFrom('telling_channel')
    .select('id')
    .where('person_id', '=', owner.id)
    .where('kind', '=', 'mail')
    .executeTakeFirst()
  const id = before?.id ?? newId()
  if (before) {
    await db.updateTable('telling_channel').set(columns).where('id', '=', id).execute()
    // What waits was meant for the other address.
    await db
      .updateTable('telling_delivery')
      .set({ state: 'dropped', settled_at: now })
      .where('channel_id', '=', id)
      .where('state', '=', 'due')
      .execute()
  } else {
    await db
      .insertInto('telling_channel')
      .values({
        id,
        organization_id: owner.organizationId,
        person_id: owner.id,
        kind: 'mail',
        created_at: now,
        ...columns,
      })
      .execute()
  }
  if (!vouched) await enqueue(db, id, 'confirm', { type: 'confirm', code }, now)
}

/** @throws TellingError `wrong-code` when it is wrong, too old, or was tried too often */
export async function confirmContact(db: Executor, personId: string, code: string, now: Date): Promise<void> {
  // Counted before it is looked at: tries that come at once are tries.
  const row = await db
    .updateTable('telling_channel')
    .set(eb => ({ code_tries: eb('code_tries', '+', 1) }))
    .where('person_id', '=', personId)
    .where('kind', '=', 'mail')
    .where('code_hash', 'is not', null)
    .where('code_expires_at', '>', now)
    .where('code_tries', '<', MOST_TRIES)
    .returning(['id', 'code_hash'])
    .executeTakeFirst()
  const given = Buffer.from(hash(personId, code.toUpperCase().replace(/[^0-9A-Z]/g, '')))
  if (!row?.code_hash || !timingSafeEqual(given, Buffer.from(row.code_hash))) {
    throw new TellingError('wrong-code', 'the code is wrong or too old: ask for another')
  }
  await db
    .updateTable('telling_channel')
    .set({ confirmed_at: now, code_hash: null, code_expires_at: null })
    .where('id', '=', row.id)
    .execute()
}

/** @returns whether there was one */
export async function removeContact(db: Executor, personId: string, id: string): Promise<boolean> {
  if (!isId(id)) return false
  const result = await db
    .deleteFrom('telling_channel')
    .where('id', '=', id)
    .where('person_id', '=', personId)
    .executeTakeFirst()
  return Number(result.numDeletedRows) > 0
}

export type Subscription = { endpoint: string; keys: { p256dh: string; auth: string } }

/** A browser that wants to be told (Push API). @throws TellingError `bad-contact`, `too-many` */
export async function addBrowser(
  db: Executor,
  owner: Owner,
  { endpoint, keys }: Subscription,
  sealKey: Buffer,
  now: Date,
): Promise<string> {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null
  const fits =
    url &&
    /^https?:$/.test(url.protocol) &&
    endpoint.length <= 2_000 &&
    Buffer.from(keys.p256dh, 'base64url').length === 65 &&
    Buffer.from(keys.auth, 'base64url').length === 16
  if (!fits) throw new TellingError('bad-contact', 'that is no subscription of a browser')
  const browsers = (await contactsOf(db, owner.id)).filter(one => one.kind === 'push')
  if (browsers.length >= MOST_BROWSERS) throw new TellingError('too-many', 'too many browsers: remove one')
  const id = newId()
  await db
    .insertInto('telling_channel')
    .values({
      id,
      organization_id: owner.organizationId,
      person_id: owner.id,
      kind: 'push',
      name: url.host,
      target: seal(sealKey, JSON.stringify({ kind: 'push', endpoint, keys })),
      locale: owner.locale,
      confirmed_at: now,
      created_by: 'owner',
      created_at: now,
    })
    .execute()
  return id
}

/** People with a confirmed second contact, of those in scope. */
export async function countConfirmed(db: Executor, scope: Scope): Promise<number> {
  const { count } = await db
    .selectFrom('telling_channel')
    .innerJoin('person', 'person.id', 'telling_channel.person_id')
    .select(sql<number>`count(distinct person.id)::int`.as('count'))
    .where('telling_channel.confirmed_at', 'is not', null)
    .where(within(scope, 'person.organization_id'))
    .executeTakeFirstOrThrow()
  return count
}

const hash = (personId: string, code: string) =>
  createHash('sha256').update(`${personId} ${code}`).digest('hex')
