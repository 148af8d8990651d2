/**
 * Scans what was accepted while an engine was away and has been held since, unseen and undelivered: when the
 * engine is back, each recipient's message is delivered, goes to their Junk folder, or into the quarantine.
 * After acceptance nothing is refused any more: what would have been goes into the quarantine.
 *
 * The rows are the truth: a delivery held with the reason `scan` and no `next_attempt_at` in the future is due.
 * One that could not be scanned again waits a little longer each time.
 */

import { inTransaction } from '@restante/core/db/transaction.ts'
import { type Decision, dispose, heldDeliveries, readHeld } from '@restante/core/ingest/dispose.ts'
import { counter } from '@restante/core/observe/metrics.ts'
import type { Scanned, Scanner } from '@restante/core/scan/types.ts'
import type { Disposition } from '@restante/core/spool/types.ts'
import { SpoolError } from '@restante/core/spool/types.ts'
import { sql } from 'kysely'
import type { Loop } from '../loop.ts'
import { startMessageJobs } from '../message-jobs.ts'
import type { Services } from '../services.ts'
import { subjectOf } from './subject.ts'

const rescanned = counter(
  'rescanned_total',
  'Recipients of messages that were scanned after acceptance, by what became of them.',
  ['result'],
)

const EVERY = 2_000
const CONCURRENCY = 2
/** Messages named in one round. */
const BATCH = 100
/** Wait before the next try: a sixth of the message's age, within these, in ms. */
const WAIT = { shortest: 5_000, longest: 120_000 } as const

export function startRescan(services: Services, scanner: Scanner): Loop {
  return startMessageJobs(services, {
    name: 'scan',
    concurrency: CONCURRENCY,
    every: EVERY,
    due: () => due(services, new Date()),
    work: messageId => rescan(services, scanner, messageId, new Date()),
  })
}

async function due({ db }: Services, now: Date): Promise<string[]> {
  const { rows } = await sql<{ message_id: string }>`
    select message_id from delivery
    where state = 'held' and hold_reason = 'scan' and (next_attempt_at is null or next_attempt_at <= ${now})
    group by message_id order by min(created_at), message_id limit ${BATCH}`.execute(db)
  return rows.map(row => row.message_id)
}

/** One message's deliveries that wait for it. */
export async function rescan(
  services: Pick<Services, 'db' | 'spool' | 'directory' | 'recorder' | 'log'>,
  scanner: Scanner,
  messageId: string,
  now: Date,
): Promise<void> {
  const { db, spool, log } = services
  const waiting = await db
    .selectFrom('delivery')
    .select('id')
    .where('message_id', '=', messageId)
    .where('state', '=', 'held')
    .where('hold_reason', '=', 'scan')
    .execute()
  const held = await heldDeliveries(
    db,
    waiting.map(row => row.id),
  )
  const [first] = held
  if (!first) return
  // Those that wait only, as they were before the scan had its say.
  const envelope = {
    ...first.envelope,
    recipients: held.flatMap(one => one.addresses).map(address => ({ address })),
  }
  let scanned: Scanned
  try {
    scanned = await scanner.scan(await subjectOf(spool, { ...first, envelope }))
  } catch (error) {
    if (!(error instanceof SpoolError)) throw error
    log.error({ event: 'scan.content-lost', message: messageId, error })
    await postpone(services, messageId, now)
    return
  }
  const decisions: Decision[] = held.map(one => ({
    held: one,
    to: new Map(
      one.addresses.flatMap(address => {
        const to = decisionFor(scanned, address)
        return to === 'unscanned' ? [] : [[address, to] as const]
      }),
    ),
  }))
  const decided = decisions.filter(decision => decision.to.size > 0)
  if (decided.length > 0) {
    const ready = await readHeld(spool, decided, services.directory())
    const { notes } = await inTransaction(db, tx =>
      dispose(tx, ready, now, new Map([[messageId, scanned.record]])),
    )
    services.recorder.note(notes)
    for (const { to } of decided) for (const one of to.values()) rescanned.inc({ result: one ?? 'released' })
    log.info({ event: 'scan.rescanned', message: messageId, verdict: scanned.record.verdict })
  }
  await postpone(services, messageId, now)
}

/** Null: it is delivered. A refusal comes too late, and a put-off asks nobody to come again. */
export function decisionFor(scanned: Scanned, address: string): Disposition | null {
  switch (scanned.answer.type) {
    case 'accept':
      return scanned.dispositions.get(address) ?? null
    case 'reject':
      return 'quarantine'
    case 'defer':
      return unscanned(scanned) ? 'unscanned' : null
    default:
      return scanned.answer satisfies never
  }
}

/** Put off because an engine is still away, not because a new sender should come again (greylisting). */
const unscanned = ({ record }: Scanned) =>
  record.steps.some(step => step.verdict === 'defer' && step.reason !== 'greylisted')

/** What is left is looked at again later. */
async function postpone({ db }: Pick<Services, 'db'>, messageId: string, now: Date): Promise<void> {
  await sql`
    update delivery set next_attempt_at = ${now}::timestamptz + least(greatest(
      (${now}::timestamptz - created_at) / 6, make_interval(secs => ${WAIT.shortest / 1_000})),
      make_interval(secs => ${WAIT.longest / 1_000}))
    where message_id = ${messageId} and state = 'held' and hold_reason = 'scan'`.execute(db)
}
