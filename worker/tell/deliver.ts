/**
 * Sends what is due, a few at a time. A row is taken by putting its next time ahead: who is killed with it leaves it
 * to be taken again then. Failures are tried again at growing intervals, eight times over some hours.
 *
 * When a channel has many at once they are told as one; a program behind a webhook gets each by itself.
 */
import { unseal } from '@restante/core/config/secret.ts'
import type { Db } from '@restante/core/db/connection.ts'
import type { Locale } from '@restante/core/db/schema/directory.ts'
import type { Row } from '@restante/core/db/schema.ts'
import { counter } from '@restante/core/observe/metrics.ts'
import { openTarget } from '@restante/core/telling/channels.ts'
import { type Payload, say, sayTogether } from '@restante/core/telling/say.ts'
import { sql } from 'kysely'
import type { Services } from '../services.ts'
import type { Poster } from './request.ts'
import { type Result, type SendServices, send } from './send.ts'

const sent = counter('telling_sent_total', 'Messages of telling that were handed over.')
const failed = counter('telling_failed_total', 'Messages of telling that were given up.')

export type TellServices = SendServices & Pick<Services, 'log' | 'publicUrl'>

const BATCH = 200
const AT_ONCE = 8
/** Longer than an attempt can take, in ms. */
const LEASE = 60_000
/** More than this for one channel are told together. */
const APART = 3
/** ms. */
const WAITS = [10_000, 30_000, 60_000, 300_000, 900_000, 1_800_000, 3_600_000] as const

type Due = Row<'telling_delivery'> & {
  target: string
  locale: Locale
  organization_id: string | null
  channel_kind: string
}

/** @returns how many were taken; call again while it is a whole batch */
export async function deliverDue(services: TellServices, poster: Poster, now: Date): Promise<number> {
  const due = await take(services.db, now)
  const groups: Due[][] = []
  for (const list of Map.groupBy(due, row => row.channel_id).values()) {
    const news = list.filter(row => row.thread_id !== null)
    const together = news.length > APART && news[0]?.channel_kind !== 'webhook'
    if (together) groups.push(news)
    for (const row of list) if (!together || row.thread_id === null) groups.push([row])
  }
  const queue = groups.values()
  await Promise.all(
    Array.from({ length: Math.min(AT_ONCE, groups.length) }, async () => {
      for (const group of queue) await deliver(services, poster, group, now)
    }),
  )
  return due.length
}

async function take(db: Db, now: Date): Promise<Due[]> {
  const { rows } = await sql<Due>`
    with due as (
      select id from telling_delivery where state = 'due' and next_at <= ${now}
      order by next_at, id limit ${BATCH} for update skip locked
    ), taken as (
      update telling_delivery set next_at = ${new Date(now.getTime() + LEASE)}, attempts = attempts + 1
      from due where telling_delivery.id = due.id returning telling_delivery.*
    )
    select taken.*, channel.target, coalesce(person.locale, channel.locale) as locale, channel.organization_id, channel.kind as channel_kind
    from taken join telling_channel channel on channel.id = taken.channel_id
    left join person on person.id = channel.person_id order by taken.created_at, taken.id`.execute(db)
  return rows
}

async function deliver(services: TellServices, poster: Poster, group: Due[], now: Date): Promise<void> {
  const [first] = group
  if (!first) return
  const { db, log, publicUrl } = services
  const all = group.map(row => say(opened(row.payload as Payload, services.sealKey), first.locale, publicUrl))
  const result = await open(services, poster, first, all, now)
  const ids = group.map(row => row.id)
  const update = db.updateTable('telling_delivery').where('id', 'in', ids).where('state', '=', 'due')
  const end =
    result.type === 'again' && first.attempts > WAITS.length ? { ...result, type: 'failed' as const } : result
  switch (end.type) {
    case 'sent':
      await update.set({ state: 'sent', settled_at: now, error: null }).execute()
      sent.inc()
      break
    case 'again': {
      const wait = Math.max(end.wait ?? 0, WAITS[first.attempts - 1] ?? 3_600_000)
      await update.set({ next_at: new Date(now.getTime() + wait), error: end.error }).execute()
      break
    }
    case 'failed':
      await update.set({ state: 'failed', settled_at: now, error: end.error }).execute()
      failed.inc()
      break
    case 'gone':
      await db.deleteFrom('telling_channel').where('id', '=', first.channel_id).execute()
      break
    default:
      end satisfies never
  }
  log.info({
    event: `telling.${end.type}`,
    id: first.id,
    channel: first.channel_id,
    kind: first.channel_kind,
    messages: ids.length,
    ...('error' in end && { why: end.error }),
  })
}

/** A one-time code is sealed until now. */
function opened(payload: Payload, sealKey: Buffer): Payload {
  if (payload.type !== 'sign-in') return payload
  try {
    return {
      ...payload,
      ...(JSON.parse(unseal(sealKey, payload.sealed)) as { code: string; address: string }),
    }
  } catch {
    return payload
  }
}

async function open(
  services: TellServices,
  poster: Poster,
  first: Due,
  all: ReturnType<typeof say>[],
  now: Date,
): Promise<Result> {
  let target: ReturnType<typeof openTarget>
  try {
    target = openTarget(services.sealKey, first.target)
  } catch {
    return { type: 'failed', error: 'its address was sealed with another secret' }
  }
  return await send(services, poster, {
    id: first.id,
    target,
    organizationId: first.organization_id,
    locale: first.locale,
    said: all.length === 1 ? all[0]! : sayTogether(all, first.locale, services.publicUrl),
    payload: first.payload as Payload,
    now,
  })
}
