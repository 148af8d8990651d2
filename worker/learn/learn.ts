/**
 * Teaches the spam filter what people said by moving and releasing (core/ingest/lessons.ts), once for each
 * message and opinion. Only when an rspamd controller is configured; lessons of the time before are taught
 * then, as long as their messages are here.
 */
import { counter } from '@restante/core/observe/metrics.ts'
import type { Learner } from '@restante/core/scan/engines/rspamd.ts'
import { type Envelope, SpoolError } from '@restante/core/spool/types.ts'
import { sql } from 'kysely'
import type { Loop } from '../loop.ts'
import { startMessageJobs } from '../message-jobs.ts'
import { subjectOf } from '../scan/subject.ts'
import type { Services } from '../services.ts'

const lessons = counter('lessons_total', 'Messages that the spam filter was taught, by class and result.', [
  'class',
  'result',
])

const EVERY = 5_000
const BATCH = 100
/** Tries before a lesson is given up; the wait doubles from a minute. */
const TRIES = 8
const WAIT = 60_000
/** More than the filter looks at teaches nothing, in bytes. */
const MOST = 10_485_760

export function startLearn(services: Services, learner: Learner): Loop {
  return startMessageJobs(services, {
    name: 'learn',
    concurrency: 1,
    every: EVERY,
    due: async () => {
      const rows = await services.db
        .selectFrom('lesson')
        .select('message_id')
        .where('due_at', '<=', new Date())
        .orderBy('due_at')
        .limit(BATCH)
        .execute()
      return rows.map(row => row.message_id)
    },
    work: messageId => teach(services, learner, messageId, new Date()),
  })
}

export async function teach(
  { db, spool, log }: Pick<Services, 'db' | 'spool' | 'log'>,
  learner: Learner,
  messageId: string,
  now: Date,
): Promise<void> {
  const row = await db
    .selectFrom('lesson')
    .innerJoin('message', 'message.id', 'lesson.message_id')
    .selectAll('lesson')
    .select(['message.envelope', 'message.segment', 'message.position', 'message.size', 'message.removed_at'])
    .where('lesson.message_id', '=', messageId)
    .where('lesson.due_at', '<=', now)
    .executeTakeFirst()
  if (!row) return
  // What was said meanwhile stays due: the row is settled as it was read.
  const settle = (change: { taught_at?: Date; due_at: Date | null; tries?: number }) =>
    db
      .updateTable('lesson')
      .set(change)
      .where('message_id', '=', messageId)
      .where('class', '=', row.class)
      .where(sql<boolean>`changes = ${row.changes}`)
      .execute()
  if (row.removed_at || row.size > MOST) {
    await settle({ due_at: null })
    return
  }
  try {
    const subject = await subjectOf(spool, {
      envelope: row.envelope as Envelope,
      location: { segment: row.segment, position: row.position },
      size: row.size,
    })
    const learned = await learner(row.class, subject)
    lessons.inc({ class: row.class, result: learned.type })
    if (learned.type !== 'failed') {
      await settle({ taught_at: now, due_at: null })
      return
    }
    log.warn({ event: 'learn.failed', message: messageId, reason: learned.reason, tries: row.tries + 1 })
  } catch (error) {
    if (!(error instanceof SpoolError)) throw error
    log.warn({ event: 'learn.content-lost', message: messageId, error })
    await settle({ due_at: null })
    return
  }
  const tries = row.tries + 1
  await settle({ tries, due_at: tries >= TRIES ? null : new Date(now.getTime() + WAIT * 2 ** row.tries) })
}
