/**
 * Channels: where an organization's admins, or the installation's operators, are told. Their addresses are kept
 * sealed: who knows the address of a webhook can post to it. A mail address must not be in a domain of ours, whose
 * mail may be just what is away.
 */
import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { seal, unseal } from '../config/secret.ts'
import type { Executor } from '../db/connection.ts'
import { newId } from '../db/id.ts'
import { notify } from '../db/notify.ts'
import type { Locale } from '../db/schema/directory.ts'
import type { ChannelKind } from '../db/schema/telling.ts'
import { parseAddress } from '../directory/addresses.ts'
import { isId, type Scope, within } from '../queue/scope.ts'
import { TellingError } from './errors.ts'
import type { Payload } from './say.ts'

export type Target =
  | { kind: 'mail'; address: string }
  | { kind: 'webhook'; url: string; secret: string }
  | { kind: 'slack' | 'teams' | 'ntfy'; url: string }
  | { kind: 'push'; endpoint: string; keys: { p256dh: string; auth: string } }

export const CHANNEL_KINDS = ['mail', 'webhook', 'slack', 'teams', 'ntfy'] as const

export type ChannelView = {
  id: string
  organizationId: string | null
  kind: ChannelKind
  name: string
  locale: Locale
  stage: number
  createdBy: string
  createdAt: Date
  last: { what: string; state: string; at: Date; error: string | null } | null
}

/** Channels of one organization at most: each costs a message for each piece of news. */
const MOST = 20

/** @throws TellingError `bad-channel`, `own-domain` */
export async function readTarget(
  db: Executor,
  kind: (typeof CHANNEL_KINDS)[number],
  address: string,
): Promise<{ target: Target; name: string }> {
  if (kind === 'mail') {
    const name = await outsideAddress(db, address)
    return { target: { kind, address: name }, name }
  }
  const url = URL.canParse(address) ? new URL(address) : null
  if (!url || !/^https?:$/.test(url.protocol) || address.length > 2_000) {
    throw new TellingError('bad-channel', 'the address must be a URL like https://hooks.example.com/…')
  }
  if (kind === 'ntfy' && url.pathname.split('/').filter(Boolean).length === 0) {
    throw new TellingError('bad-channel', 'the address must end in a topic: https://ntfy.sh/TOPIC')
  }
  if (kind !== 'ntfy' && (url.username || url.password)) {
    throw new TellingError('bad-channel', 'the address must not hold a user or a password')
  }
  if (kind !== 'webhook') return { target: { kind, url: url.href }, name: url.host }
  const secret = randomBytes(32).toString('base64url')
  return { target: { kind, url: url.href, secret }, name: url.host }
}

/** An address that does not hang on mail of ours. @throws TellingError `bad-contact`, `own-domain` */
export async function outsideAddress(db: Executor, text: string): Promise<string> {
  const parsed = parseAddress(text)
  if (!parsed) throw new TellingError('bad-contact', `${text} is no address`)
  const ours = await db.selectFrom('domain').select('id').where('name', '=', parsed.domain).executeTakeFirst()
  if (ours) {
    throw new TellingError(
      'own-domain',
      `${parsed.domain} is a domain of this gateway: its mail may be what is away. Use another address`,
    )
  }
  return parsed.address
}

/** @returns with the secret that a generic webhook's posts are signed with: shown this once */
export async function addChannel(
  db: Executor,
  wanted: {
    organizationId: string | null
    kind: (typeof CHANNEL_KINDS)[number]
    address: string
    name?: string | undefined
    locale: Locale
    stage: 1 | 2
    by: string
  },
  sealKey: Buffer,
  now: Date,
): Promise<ChannelView & { secret: string | null }> {
  const { target, name } = await readTarget(db, wanted.kind, wanted.address)
  const { count } = await db
    .selectFrom('telling_channel')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('organization_id', 'is not distinct from', wanted.organizationId)
    .where('person_id', 'is', null)
    .executeTakeFirstOrThrow()
  if (count >= MOST) throw new TellingError('too-many', `there are ${count} channels already: remove one`)
  const id = newId()
  await db
    .insertInto('telling_channel')
    .values({
      id,
      organization_id: wanted.organizationId,
      kind: wanted.kind,
      name: (wanted.name?.trim() || name).slice(0, 200),
      target: seal(sealKey, JSON.stringify(target)),
      locale: wanted.locale,
      stage: wanted.stage,
      confirmed_at: now,
      created_by: wanted.by,
      created_at: now,
    })
    .execute()
  const [made] = await listChannels(db, { type: 'all' }, id)
  await notify(db, 'telling')
  return { ...made!, secret: target.kind === 'webhook' ? target.secret : null }
}

/** Those of the organizations in scope, without people's own; of the installation too when all are. */
export async function listChannels(db: Executor, scope: Scope, id?: string): Promise<ChannelView[]> {
  if (id !== undefined && !isId(id)) return []
  let query = db
    .selectFrom('telling_channel as channel')
    .leftJoinLateral(
      eb =>
        eb
          .selectFrom('telling_delivery')
          .select(['what', 'state', 'created_at', 'error'])
          .whereRef('telling_delivery.channel_id', '=', 'channel.id')
          .where('state', '!=', 'dropped')
          .orderBy('created_at', 'desc')
          .orderBy('telling_delivery.id', 'desc')
          .limit(1)
          .as('last'),
      join => join.onTrue(),
    )
    .select([
      'channel.id',
      'channel.organization_id',
      'channel.kind',
      'channel.name',
      'channel.locale',
      'channel.stage',
      'channel.created_by',
      'channel.created_at',
      'last.what',
      'last.state',
      'last.created_at as last_at',
      'last.error',
    ])
    .where('channel.person_id', 'is', null)
    .where(within(scope, 'channel.organization_id'))
    .orderBy('channel.created_at')
  if (id !== undefined) query = query.where('channel.id', '=', id)
  return (await query.execute()).map(row => ({
    id: row.id,
    organizationId: row.organization_id,
    kind: row.kind,
    name: row.name,
    locale: row.locale,
    stage: row.stage,
    createdBy: row.created_by,
    createdAt: row.created_at,
    last:
      row.what && row.state && row.last_at
        ? { what: row.what, state: row.state, at: row.last_at, error: row.error }
        : null,
  }))
}

/** @returns what it was; null when there is none in scope */
export async function removeChannel(db: Executor, scope: Scope, id: string): Promise<ChannelView | null> {
  const [found] = await listChannels(db, scope, id)
  if (!found) return null
  await db.deleteFrom('telling_channel').where('id', '=', id).execute()
  return found
}

/** Trials of one channel within ten minutes. */
const MOST_TRIALS = 10

/**
 * Asks for a trial message; the worker sends it. @returns its id; null when there is no such channel
 * @throws TellingError `too-many`
 */
export async function testChannel(db: Executor, scope: Scope, id: string, now: Date): Promise<string | null> {
  if (!(await listChannels(db, scope, id))[0]) return null
  const { count } = await db
    .selectFrom('telling_delivery')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('channel_id', '=', id)
    .where('what', '=', 'test')
    .where('created_at', '>', new Date(now.getTime() - 600_000))
    .executeTakeFirstOrThrow()
  if (count >= MOST_TRIALS)
    throw new TellingError('too-many', 'that was tried often enough: wait ten minutes')
  return await enqueue(db, id, 'test', { type: 'test' }, now)
}

/** How a trial went; null while it is under way. */
export async function trialResult(
  db: Executor,
  deliveryId: string,
): Promise<{ ok: boolean; error: string | null } | null> {
  const row = await db
    .selectFrom('telling_delivery')
    .select(['state', 'error', 'attempts'])
    .where('id', '=', deliveryId)
    .executeTakeFirst()
  if (!row || row.state === 'dropped') return { ok: false, error: 'the channel is gone' }
  if (row.state === 'sent') return { ok: true, error: null }
  return row.state === 'failed' || row.error ? { ok: false, error: row.error } : null
}

/** Waits for it. @param patience in ms */
export async function awaitTrial(
  db: Executor,
  deliveryId: string,
  patience: number,
): Promise<{ ok: boolean; error: string | null }> {
  const deadline = Date.now() + patience
  for (;;) {
    const result = await trialResult(db, deliveryId)
    if (result) return result
    if (Date.now() > deadline) return { ok: false, error: 'nothing happened yet: is the worker running?' }
    await new Promise(resolve => setTimeout(resolve, 150))
  }
}

/** A message that belongs to no thread. */
export async function enqueue(
  db: Executor,
  channelId: string,
  what: 'test' | 'confirm' | 'sign-in' | 'notice',
  payload: Payload,
  now: Date,
): Promise<string> {
  const id = newId()
  await db
    .insertInto('telling_delivery')
    .values({
      id,
      channel_id: channelId,
      thread_id: null,
      what,
      key: `${what}:${id}`,
      payload: JSON.stringify(payload),
      state: 'due',
      created_at: now,
      next_at: now,
    })
    .execute()
  await notify(db, 'telling')
  return id
}

export const openTarget = (sealKey: Buffer, sealed: string): Target => JSON.parse(unseal(sealKey, sealed))
