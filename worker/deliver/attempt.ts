/**
 * One attempt at one delivery, whichever way it goes: send, tell the sender of failures, settle.
 *
 * Order and crashes:
 * 1. The attempt has been recorded and a lease taken, before anything is dialed (courier.ts).
 * 2. The message is sent. Killed here: the lease runs out and the delivery is tried again; the peer may have
 *    taken it already (a duplicate, as in every SMTP system).
 * 3. The notice of a failure is spooled, under an id made from the delivery and the failed addresses. Killed
 *    after this: the repeated attempt spools it again under the same id, and ingest takes it once.
 * 4. The results are settled in one transaction, with those of others (settler.ts). While PostgreSQL is away
 *    this is repeated until it is back, for what was accepted must not be sent again.
 * 5. Notes for the spool; while they can't be written no further attempt begins. Killed before: a rebuild
 *    would deliver again, nothing else.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Health } from '@restante/core/db/schema/directory.ts'
import { isAboutData } from '@restante/core/db/transaction.ts'
import { counter, histogram } from '@restante/core/observe/metrics.ts'
import type { Outcome } from '@restante/core/outcome/types.ts'
import type { Begun } from '@restante/core/queue/attempts.ts'
import { reached } from '@restante/core/spool/states.ts'
import type { Failure } from '../notify/failures.ts'
import type { Services } from '../services.ts'
import { factsOf } from '../smtp/client-facts.ts'
import type { Sent } from '../smtp/route.ts'
import type { Mail } from '../smtp/transaction.ts'
import { type Decision, decide } from './decide.ts'
import type { Settler } from './settler.ts'

const settledTotal = counter('recipients_total', 'Recipients by direction and result of an attempt.', [
  'direction',
  'result',
  'category',
])
const duration = histogram(
  'attempt_seconds',
  'Duration of delivery attempts, in seconds.',
  [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600],
  ['direction'],
)

/** Pause between tries while PostgreSQL is away, in ms. */
const AGAIN = 1_000

export type Way = {
  /** The backend's effective health; null on the way out. */
  health: () => Health | null
  send: (begun: Begun, mail: Mail, onOurFault: (error: unknown) => void) => Promise<Sent>
  /** Hears what came of it, before it is settled. `ours`: it failed through our own fault. */
  heard: (told: ReadonlyMap<string, Outcome>, decision: Decision, ours: boolean) => Promise<void>
  /** The process is ending: what was cut off is nobody's fault. */
  ending: () => boolean
}

export type Notifier = { failed(begun: Begun, failures: readonly Failure[]): Promise<void> }

/** @param over called when nothing is under way to the destination any more */
export async function attemptDelivery(
  services: Services,
  notifier: Notifier,
  settler: Settler,
  begun: Begun,
  way: Way,
  over: () => void,
): Promise<void> {
  const { log } = services
  const startedAt = Date.now()
  let ours = false
  const sent: Sent =
    begun.recipients.length === 0
      ? { told: new Map(), host: null }
      : await way.send(begun, mailOf(services, begun), error => {
          ours = true
          log.error({ event: 'delivery.content-unreadable', id: begun.message.id, error })
        })
  reached(7)
  const now = new Date()
  const interrupted = way.ending()
  const decision = decide(sent.told, {
    health: way.health(),
    createdAt: begun.createdAt,
    now,
    random: Math.random(),
    unverified: unverifiedOf(begun),
    giveUp: services.giveUp,
  })
  // Cut off by our own ending: try again at once when we are back.
  if (interrupted && decision.guarded.length === 0) decision.rest = { state: 'queued' }
  else await way.heard(sent.told, decision, ours)
  over()

  const failures = failuresOf(begun, decision)
  if (failures.length > 0) {
    await untilDone(services, way, 'notice', () => notifier.failed(begun, failures))
  }
  await settler.settle(
    {
      deliveryId: begun.deliveryId,
      number: begun.number,
      messageId: begun.message.id,
      results: decision.results,
      rest: decision.rest,
      summary: { host: sent.host, outcome: decision.summary, at: now },
    },
    way.ending,
  )
  services.touch(begun.message.id)
  record(begun, decision, sent, log, Date.now() - startedAt)
}

function mailOf({ spool }: Services, begun: Begun): Mail {
  const { message } = begun
  return {
    sender: message.sender,
    client: factsOf(message),
    size: message.size,
    envelope: message.envelope,
    recipients: begun.recipients,
    content: () => spool.read(message.location),
  }
}

function unverifiedOf({ message }: Begun): ReadonlySet<string> {
  const recipients = message.envelope.recipients ?? []
  return new Set(recipients.filter(recipient => recipient.unverified).map(recipient => recipient.address))
}

function failuresOf(begun: Begun, decision: Decision): Failure[] {
  return decision.results.flatMap(result => {
    if (result.state !== 'failed') return []
    const recipient = begun.recipients.find(r => r.address === result.address)
    return recipient ? [{ ...recipient, outcome: result.outcome as Outcome }] : []
  })
}

/** Repeats a step while the database is away. @returns null when the process ends first */
async function untilDone<T>(
  { log }: Services,
  way: Way,
  step: string,
  work: () => Promise<T>,
): Promise<T | null> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (isAboutData(error) || way.ending()) throw error
      if (tries === 1) log.warn({ event: 'delivery.step-failed', step, error })
      await sleep(AGAIN)
    }
  }
}

function record(
  begun: Begun,
  decision: Decision,
  sent: Sent,
  log: Services['log'],
  milliseconds: number,
): void {
  const direction = begun.backendId === null ? 'outbound' : 'inbound'
  duration.observe({ direction }, milliseconds / 1_000)
  for (const { state, outcome } of decision.results) {
    settledTotal.inc({ direction, result: state, category: outcome.category })
  }
  log.info({
    event: 'delivery.attempted',
    id: begun.message.id,
    delivery: begun.deliveryId,
    attempt: begun.number,
    host: sent.host ?? undefined,
    results: decision.results.map(r => `${r.state}:${r.outcome.category}`),
    reply: decision.summary.text,
    milliseconds,
  })
}
