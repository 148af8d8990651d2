/**
 * How much one person can send: messages and recipients an hour. Who stole a password sends far more than its
 * owner ever did, and the customer's reputation pays for it. Beyond the limit sending is put off, and admins are
 * told: an audit entry, a log line, a metric, and a line on their page until one of them has seen it.
 *
 * For every way of sending: the webmail, JMAP clients, submission ports.
 */
import { sql } from 'kysely'
import type { Db, Executor } from '../db/connection.ts'
import type { Log } from '../observe/log.ts'
import { counter } from '../observe/metrics.ts'
import { type Scope, within } from '../queue/scope.ts'
import { audit } from './audit.ts'
import type { Limiter } from './limits.ts'

const refused = counter(
  'sending_limited_total',
  'Messages that were put off because their sender had sent too many.',
)

const HOUR = 3_600_000
/** A new alert for the same person after this long, in ms; until then the old one counts on. */
const AGAIN = 6 * HOUR

/** 0: no limit. */
export type SendingRate = { messages: number; recipients: number }

/** SUBMISSION_RATE_PERSON: `200/1000`, or messages alone, with five recipients each. */
export function parseSendingRate(text: string): SendingRate {
  const [messages = 0, recipients = messages * 5] = text.split('/').map(Number)
  return { messages, recipients }
}

export type MaySend = { allowed: true } | { allowed: false /** Seconds. */; retryAfter: number }

/** Takes one message to so many recipients from a person's hour. What is refused is not counted. */
export async function takeSending(
  { db, limiter, log }: { db: Db; limiter: Limiter; log: Log },
  person: { id: string; address: string },
  recipients: number,
  rate: SendingRate,
  now: Date = new Date(),
): Promise<MaySend> {
  const messages = { name: 'send-messages', limit: rate.messages, window: HOUR }
  const all = { name: 'send-recipients', limit: rate.recipients, window: HOUR }
  const first = rate.messages > 0 ? await limiter.take(messages, person.id) : ({ allowed: true } as const)
  const second =
    first.allowed && rate.recipients > 0
      ? await limiter.take(all, person.id, recipients)
      : ({ allowed: true } as const)
  if (first.allowed && second.allowed) return { allowed: true }
  if (rate.messages > 0) await limiter.giveBack(messages, person.id)
  if (!second.allowed) await limiter.giveBack(all, person.id, recipients)
  const retryAfter = first.allowed ? (second.allowed ? 0 : second.retryAfter) : first.retryAfter
  refused.inc()
  await alert(db, log, person, now).catch(error => log.error({ event: 'sending.alert-failed', error }))
  return { allowed: false, retryAfter }
}

async function alert(db: Db, log: Log, person: { id: string; address: string }, now: Date): Promise<void> {
  const { rows } = await sql<{ organization_id: string | null; fresh: boolean }>`
    insert into unusual_sending as known (person_id, organization_id, first_at, last_at)
    select id, organization_id, ${now}::timestamptz, ${now}::timestamptz from person where id = ${person.id}
    on conflict (person_id) do update set last_at = excluded.last_at,
      refused = case when known.last_at > ${new Date(now.getTime() - AGAIN)} then known.refused + 1 else 1 end,
      first_at = case when known.last_at > ${new Date(now.getTime() - AGAIN)} then known.first_at else excluded.first_at end,
      seen_at = case when known.last_at > ${new Date(now.getTime() - AGAIN)} then known.seen_at end
    returning organization_id, refused = 1 as fresh`.execute(db)
  const [row] = rows
  if (!row?.fresh) return
  log.warn({ event: 'sending.unusual', person: person.id })
  await audit(db, {
    organizationId: row.organization_id,
    actor: 'gateway',
    action: 'sending.unusual',
    target: person.address,
  })
}

export type UnusualSending = {
  personId: string
  address: string
  name: string
  firstAt: Date
  lastAt: Date
  /** Messages that were put off. */
  refused: number
}

/** Those that no admin has seen yet, the latest first. */
export async function listUnusual(db: Executor, scope: Scope): Promise<UnusualSending[]> {
  return await db
    .selectFrom('unusual_sending')
    .innerJoin('person', 'person.id', 'unusual_sending.person_id')
    .select([
      'person.id as personId',
      'person.address',
      'person.name',
      'unusual_sending.first_at as firstAt',
      'unusual_sending.last_at as lastAt',
      'unusual_sending.refused',
    ])
    .where('unusual_sending.seen_at', 'is', null)
    .where(within(scope, 'unusual_sending.organization_id'))
    .orderBy('unusual_sending.last_at', 'desc')
    .limit(50)
    .execute()
}

/** @returns how many were new to the admins */
export async function markSeen(
  db: Executor,
  scope: Scope,
  personIds: readonly string[],
  by: string,
  now: Date,
): Promise<number> {
  const result = await db
    .updateTable('unusual_sending')
    .set({ seen_at: now, seen_by: by })
    .where('person_id', 'in', [...personIds])
    .where('seen_at', 'is', null)
    .where(within(scope, 'unusual_sending.organization_id'))
    .executeTakeFirst()
  return Number(result.numUpdatedRows)
}
