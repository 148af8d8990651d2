/**
 * What a channel is to be told now of one matter. Pure.
 *
 * - `begin` once it begins, at once; at channels of the second stage when it has not been acknowledged for
 *   `escalate`. `worse` when it becomes graver than anything that was told of it. `repeat` every `repeat` while it
 *   lasts and nobody has acknowledged it. `end` once it is over, to those who were told that it began.
 * - Never a storm: of one matter a channel hears at most once in `repeat` (an hour, when it is not repeated), but
 *   for what is worse than before, which there can be thrice, and for the end of what it was told. A server that comes
 *   and goes is one matter (JOIN), and says "begins" and "is over" once in that time.
 * - People hear that the webmail opens for them, and that it is over; no more.
 */
import { type Kind, opensWebmail, type Severity } from './matters.ts'

export type What = 'begin' | 'worse' | 'repeat' | 'end'

/** All times in ms since the epoch. */
export type Thread = {
  kind: Kind
  severity: Severity
  /** When it began, or began anew. */
  openedAt: number
  closedAt: number | null
  /** How grave it was when somebody said that they know. */
  acknowledged: Severity | null
  silentUntil: number | null
}

export type Told = { what: What; at: number; severity: Severity }

export type Listener = {
  audience: 'admin' | 'person'
  stage: 1 | 2
  /** What this channel was told of the thread, the oldest first. */
  told: readonly Told[]
}

/** In ms; 0: never. */
export type Policy = { repeat: number; escalate: number }

/** What begins again so soon after its end is the same matter, in ms. */
export const JOIN = 15 * 60_000
const HOUR = 3_600_000

/** @returns null: nothing now */
export function next(thread: Thread, listener: Listener, policy: Policy, now: number): What | null {
  const { told, audience } = listener
  const ended = told.findLastIndex(one => one.what === 'end')
  const owed = told.length > ended + 1
  if (thread.closedAt !== null) return owed ? 'end' : null
  if (thread.silentUntil !== null && thread.silentUntil > now) return null
  if (audience === 'person' && !opensWebmail(thread.kind)) return null

  const last = told.findLast(one => one.what !== 'end')
  const gap = Math.max(audience === 'person' ? HOUR : 0, policy.repeat || HOUR)
  const rested = !last || now - last.at >= gap
  const worst = Math.max(-1, ...told.map(one => one.severity))
  const known = thread.acknowledged !== null && thread.severity <= thread.acknowledged
  const graver = audience === 'admin' && thread.severity > worst

  if (!owed) {
    if (audience === 'admin' && listener.stage === 2) {
      const waited = now - thread.openedAt >= policy.escalate
      if (policy.escalate === 0 || thread.severity === 0 || known || !waited) return null
    }
    // Acknowledged before it was told here (its channel is new): somebody is at it.
    if (audience === 'admin' && known) return null
    return rested || graver ? 'begin' : null
  }
  if (audience === 'person') return null
  if (graver) return 'worse'
  if (policy.repeat > 0 && thread.severity > 0 && !known && rested) return 'repeat'
  return null
}
