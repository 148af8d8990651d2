/**
 * Tells our people that a message of theirs is stuck, and why, while there is still time to use the phone.
 *
 * Only of mail that goes out and was sent by one of ours: a stranger whose mail waits for a backend hears nothing, for
 * its addressee can read it here. One notice for one problem, not one a message: who was told that a server is
 * down, or somebody's mailbox full, is not told again for each further message. Killed between the notice and its
 * record: the notice is spooled again under the same id.
 */
import { giveUpAt } from '@restante/core/continuity/retry.ts'

import { inTransaction } from '@restante/core/db/transaction.ts'
import type { Category, Outcome } from '@restante/core/outcome/types.ts'
import { sql } from 'kysely'
import { type Loop, loop } from '../loop.ts'
import type { Services } from '../services.ts'
import { aboutOf } from './about.ts'
import { wantsDelay } from './automatic.ts'
import { countNotice } from './failures.ts'
import { type NoticeServices, spoolNotice, type Told } from './notice.ts'
import { type DelayTimes, earliest, likelyWrong, noticesDue, USUAL_TIMES } from './when.ts'

const BATCH = 200
/** A sender was told of a problem within this time: no need to say it again, in ms. */
const STILL_KNOWN = 23 * 3_600_000
/** Notices of delay to one sender in an hour. */
const MOST_AN_HOUR = 20
const HOUR = 3_600_000

/** What is the matter with one mailbox; everything else is between us and a place. */
const OF_ONE_MAILBOX: ReadonlySet<string> = new Set<Category>([
  'bad-address',
  'mailbox-full',
  'mailbox-disabled',
])

const EVERY = 30_000

/** Looks every half minute. */
export function startWatch(services: Services): Loop {
  const times = services.delayTimes ?? USUAL_TIMES
  return loop('delay-notices', EVERY, services.log, async () => {
    if (times.others.length === 0) return
    while ((await notifyDelays(services, times, new Date())) === BATCH);
    await forgetProblems(services, new Date())
  })
}

/** @returns how many deliveries were looked at; call again while it is a whole batch */
export async function notifyDelays(services: NoticeServices, times: DelayTimes, now: Date): Promise<number> {
  const due = await findDue(services, times, now)
  for (const row of due) {
    const outcome = row.delivery_outcome as Outcome
    const age = now.getTime() - row.delivery_created_at.getTime()
    const count = noticesDue(outcome.category, age, row.told, times)
    if (count <= row.told) continue
    const waiting = await toldOf(services, row.delivery_id, outcome)
    const { result, problems } = await tell(services, row, waiting, now)
    countNotice('delayed', result)
    await inTransaction(services.db, async tx => {
      if (problems.length > 0) {
        await tx
          .insertInto('told_problem')
          .values(problems.map(problem => ({ ...problem, told_at: now })))
          .onConflict(conflict =>
            conflict.columns(['sender', 'destination', 'category']).doUpdateSet({ told_at: now }),
          )
          .execute()
      }
      await tx.updateTable('delivery').set({ told: count }).where('id', '=', row.delivery_id).execute()
    })
  }
  return due.length
}

/** What nobody needs to remember any more. */
export async function forgetProblems({ db }: Pick<NoticeServices, 'db'>, now: Date): Promise<void> {
  await db
    .deleteFrom('told_problem')
    .where('told_at', '<', new Date(now.getTime() - 7 * 24 * HOUR))
    .execute()
}

type Due = Awaited<ReturnType<typeof findDue>>[number]

async function findDue({ db }: NoticeServices, times: DelayTimes, now: Date) {
  const before = (minutes: number) => new Date(now.getTime() - minutes * 60_000)
  const category = sql<string>`delivery.outcome->>'category'`
  return await db
    .selectFrom('delivery')
    .innerJoin('message', 'message.id', 'delivery.message_id')
    .selectAll('message')
    .select([
      'delivery.id as delivery_id',
      'delivery.organization_id as delivery_organization_id',
      'delivery.created_at as delivery_created_at',
      'delivery.next_attempt_at',
      'delivery.outcome as delivery_outcome',
      'delivery.destination',
      'delivery.told',
    ])
    .where('delivery.backend_id', 'is', null)
    .where('delivery.state', 'in', ['queued', 'deferred'])
    .where('delivery.outcome', 'is not', null)
    .where('message.kind', '=', 'submission')
    .where('message.sender', '<>', '')
    .where('delivery.created_at', '<=', new Date(now.getTime() - earliest(times)))
    .where(({ and, eb, or }) =>
      or([
        and([
          eb('delivery.told', '=', 0),
          eb('delivery.created_at', '<=', before(times.likelyWrong)),
          eb(category, 'in', [...likelyWrong]),
        ]),
        ...times.others.map((minutes, index) =>
          and([eb('delivery.told', '=', index), eb('delivery.created_at', '<=', before(minutes))]),
        ),
      ]),
    )
    .orderBy('delivery.created_at')
    .limit(BATCH)
    .execute()
}

async function toldOf({ db }: NoticeServices, deliveryId: string, outcome: Outcome): Promise<Told[]> {
  const recipients = await db
    .selectFrom('recipient')
    .select(['address', 'original', 'notify', 'outcome'])
    .where('delivery_id', '=', deliveryId)
    .where('state', '=', 'waiting')
    .execute()
  return recipients
    .filter(recipient => wantsDelay(recipient.notify))
    .map(recipient => ({ ...recipient, outcome: (recipient.outcome as Outcome | null) ?? outcome }))
}

/** `destination`: of what is the matter with one mailbox its address, else the domain. */
type Problem = { sender: string; destination: string; category: string }

async function tell(
  services: NoticeServices,
  row: Due,
  waiting: readonly Told[],
  now: Date,
): Promise<{ result: Parameters<typeof countNotice>[1]; problems: Problem[] }> {
  if (waiting.length === 0) return { result: 'unwanted', problems: [] }
  const sender = row.sender.toLowerCase()
  const known = await services.db
    .selectFrom('told_problem')
    .select(['destination', 'category', 'told_at'])
    .where('sender', '=', sender)
    .where('told_at', '>', new Date(now.getTime() - STILL_KNOWN))
    .execute()
  const problemOf = ({ address, outcome: { category } }: Told): Problem => ({
    sender,
    destination: OF_ONE_MAILBOX.has(category) ? address : row.destination,
    category,
  })
  const told = waiting.filter(one => {
    const { destination, category } = problemOf(one)
    return !known.some(problem => problem.destination === destination && problem.category === category)
  })
  if (told.length === 0) return { result: 'known', problems: [] }
  if (known.filter(one => one.told_at.getTime() > now.getTime() - HOUR).length >= MOST_AN_HOUR) {
    services.log.warn({ event: 'notice.limited', id: row.id })
    return { result: 'limited', problems: [] }
  }
  const about = aboutOf(row)
  const result = await spoolNotice(services, 'delayed', about, told, now, {
    nextAt: row.next_attempt_at && row.next_attempt_at > now ? row.next_attempt_at : null,
    until: giveUpAt('outbound', row.delivery_created_at, services.giveUp),
  })
  if (result !== 'spooled') return { result, problems: [] }
  const problems = new Map(told.map(problemOf).map(one => [`${one.destination} ${one.category}`, one]))
  return { result, problems: [...problems.values()] }
}
