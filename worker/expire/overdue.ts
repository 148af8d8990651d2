/**
 * Gives up on deliveries by age: 60 days to a backend of ours, 48 hours (OUTBOUND_GIVE_UP) to the outside, whatever state they
 * wait in. Their senders are told. A delivery that is being tried right now is left for the next round, and spam
 * and what is quarantined goes without a word (quarantine.ts).
 *
 * The notice is spooled before the rows are settled, as after an attempt; see deliver/attempt.ts.
 */
import { GIVE_UP } from '@restante/core/continuity/retry.ts'
import { inTransaction } from '@restante/core/db/transaction.ts'
import { counter } from '@restante/core/observe/metrics.ts'
import type { Outcome } from '@restante/core/outcome/types.ts'
import { conclude } from '@restante/core/queue/attempts.ts'
import { touchMessages } from '@restante/core/queue/touch.ts'
import type { Note } from '@restante/core/spool/types.ts'
import { sql } from 'kysely'
import { expired } from '../deliver/decide.ts'
import { aboutOf } from '../notify/about.ts'
import { type Failed, type Failure, notifyFailures } from '../notify/failures.ts'
import type { Services } from '../services.ts'

const expiredTotal = counter('expired_total', 'Deliveries given up by age.')

const BATCH = 50

/** @returns how many were given up; call again while it is a whole batch */
export async function expireOverdue(services: Services, now: Date): Promise<number> {
  const { db, giveUp = GIVE_UP } = services
  const due = await db
    .selectFrom('delivery')
    .innerJoin('message', 'message.id', 'delivery.message_id')
    .selectAll('message')
    .select([
      'delivery.id as delivery_id',
      'delivery.organization_id as delivery_organization_id',
      'delivery.outcome as last_outcome',
    ])
    .where('delivery.state', 'in', ['queued', 'held', 'deferred'])
    .where(sql<boolean>`coalesce(delivery.hold_reason not in ('spam', 'quarantine'), true)`)
    .where(({ and, eb, or }) =>
      or([
        and([
          eb('delivery.backend_id', 'is', null),
          eb('delivery.created_at', '<=', new Date(now.getTime() - giveUp.outbound)),
        ]),
        eb('delivery.created_at', '<=', new Date(now.getTime() - giveUp.inbound)),
      ]),
    )
    .where(({ eb, or }) =>
      or([eb('delivery.leased_until', 'is', null), eb('delivery.leased_until', '<=', now)]),
    )
    .orderBy('delivery.created_at')
    .limit(BATCH)
    .execute()

  for (const row of due) {
    const recipients = await db
      .selectFrom('recipient')
      .selectAll()
      .where('delivery_id', '=', row.delivery_id)
      .where('state', '=', 'waiting')
      .execute()
    const failures: Failure[] = recipients.map(({ address, original, notify, outcome }) => ({
      address,
      original,
      notify,
      outcome: { ...expired((outcome ?? row.last_outcome) as Outcome | null), at: now.toISOString() },
    }))
    const failed = aboutOf(row)
    if (failures.length > 0) await notifyFailures(services, failed, failures, now)
    const notes = await settleExpired(services, failed, failures, now)
    services.recorder.note(notes)
    expiredTotal.inc()
  }
  return due.length
}

async function settleExpired(
  { db }: Services,
  failed: Failed,
  failures: readonly Failure[],
  now: Date,
): Promise<Note[]> {
  return await inTransaction(db, async tx => {
    await tx.selectFrom('delivery').select('id').where('id', '=', failed.deliveryId).forUpdate().execute()
    const notes: Note[] = []
    for (const { address, outcome } of failures) {
      const moved = await tx
        .updateTable('recipient')
        .set({ state: 'failed', outcome: JSON.stringify(outcome), settled_at: now })
        .where('delivery_id', '=', failed.deliveryId)
        .where('address', '=', address)
        .where('state', '=', 'waiting')
        .executeTakeFirst()
      if (moved.numUpdatedRows === 0n) continue
      notes.push({
        kind: 'settled',
        messageId: failed.message.id,
        address,
        state: 'failed',
        at: now.toISOString(),
      })
    }
    const outcome = failures[0]?.outcome ?? null
    await conclude(tx, failed.deliveryId, now, { outcome, releaseLease: true, rest: null })
    await touchMessages(tx, [failed.message.id])
    return notes
  })
}
