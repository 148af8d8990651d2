/**
 * What follows from an attempt, for each recipient and for the delivery. Pure.
 *
 * Nothing is bounced by mistake: a refusal fails a recipient only when it is permanent and, at a backend of
 * ours, about the address or the message; and while that backend is returning, not even then: the delivery
 * is set aside (`held`, guard) until the return is over or an admin has looked.
 */
import { type GiveUp, isExpired, nextAttempt } from '@restante/core/continuity/retry.ts'
import type { Health } from '@restante/core/db/schema/directory.ts'
import { atOurBackend, ourOutcome } from '@restante/core/outcome/classify.ts'
import type { Outcome } from '@restante/core/outcome/types.ts'
import type { RecipientResult, Rest } from '@restante/core/queue/attempts.ts'

export type Decision = {
  results: RecipientResult[]
  rest: Rest
  /** The most telling outcome, for the attempt and for the list of deliveries. */
  summary: Outcome
  /** Recipients refused while the backend was returning. */
  guarded: { address: string; outcome: Outcome }[]
}

export type Situation = {
  /** null: to the outside. */
  health: Health | null
  createdAt: Date
  now: Date
  /** 0 ≤ x < 1 */
  random: number
  /** Recipients that were accepted while nobody could say whether they exist: their sender gets no bounce. */
  unverified?: ReadonlySet<string>
  giveUp?: GiveUp
}

export function decide(told: ReadonlyMap<string, Outcome>, situation: Situation): Decision {
  const { health, createdAt, now } = situation
  const direction = health === null ? 'outbound' : 'inbound'
  const returning = health === 'recovering' || health === 'down'
  const guarded: Decision['guarded'] = []
  let unproven = false
  const results = [...told].map(([address, raw]): RecipientResult => {
    const outcome = direction === 'inbound' ? atOurBackend(raw) : raw
    if (outcome.category === 'accepted') return { address, state: 'delivered', outcome }
    if (outcome.permanent && returning) {
      guarded.push({ address, outcome })
      return { address, state: 'waiting', outcome }
    }
    if (outcome.permanent && situation.unverified?.has(address)) {
      unproven = true
      return { address, state: 'waiting', outcome }
    }
    if (outcome.permanent) return { address, state: 'failed', outcome }
    if (isExpired(direction, createdAt, now, situation.giveUp))
      return { address, state: 'failed', outcome: expired(outcome) }
    return { address, state: 'waiting', outcome }
  })
  return {
    results,
    rest:
      guarded.length > 0
        ? { state: 'held', reason: 'guard' }
        : unproven
          ? { state: 'held', reason: 'admin' }
          : {
              state: 'deferred',
              nextAttemptAt: nextAttempt(direction, createdAt, now, situation.random, situation.giveUp),
            },
    summary: mostTelling(results),
    guarded,
  }
}

/** Given up by age. What the other side said last is kept: it is the reason behind. */
export function expired(last: Outcome | null): Outcome {
  const base = ourOutcome('expired', true, last?.text ?? 'no attempt succeeded in time')
  return { ...base, host: last?.host, phase: last?.phase }
}

/** Failed before waiting before delivered: the list should show what needs somebody's eye. */
function mostTelling(results: readonly RecipientResult[]): Outcome {
  const rank = { failed: 0, waiting: 1, delivered: 2 }
  const first = [...results].sort((a, b) => rank[a.state] - rank[b.state])[0]
  return (first?.outcome as Outcome | undefined) ?? ourOutcome('unknown', false, 'no recipients')
}
