/**
 * When a place outside counts as sick: the worker looks at what waits for it, and an incident is opened, joined
 * and closed by what it sees. Pure.
 *
 * | it is | when |
 * | --- | --- |
 * | opened | three messages of two people wait whose last try failed after the place last took something |
 * | opened | one such message does, and has for ten minutes |
 * | joined | each further message that waits there |
 * | closed | something is accepted there, or nothing waits any more |
 *
 * Only reasons that tell of the place count. A full mailbox, a refused address and greylisting are between it and
 * one message; what waits for such a reason neither opens an incident nor keeps one open.
 */
import type { Category } from '../outcome/types.ts'

const MINUTE = 60_000

export const SOON = { messages: 3, people: 2 }
export const LATE = 10 * MINUTE

/** Reasons for which everybody's mail waits. */
export const ABOUT_THE_PLACE: ReadonlySet<Category> = new Set([
  'destination-down',
  'unreachable',
  'timed-out',
  'dns-fault',
  'tls-fault',
  'address-blocked',
  'too-many',
  'authentication',
  'unknown',
])

/** What waits for a place for a reason of the place, tried after it last took something. */
export type PlaceSeen = {
  messages: number
  /** Distinct senders. */
  people: number
  /** When the oldest of it was accepted here, or the place last took something, whichever is later. */
  since: Date
}

export type IncidentStep = 'open' | 'join' | 'close-accepted' | 'close-nothing-left' | 'none'

/**
 * @param seen null: nothing waits there
 * @param open the incident there is, and when the place last took something of this organization's mail
 */
export function stepOf(
  seen: PlaceSeen | null,
  open: { openedAt: Date; lastAccepted: Date | null } | null,
  now: Date,
): IncidentStep {
  if (open) {
    if (open.lastAccepted && open.lastAccepted > open.openedAt) return 'close-accepted'
    return seen ? 'join' : 'close-nothing-left'
  }
  if (!seen) return 'none'
  const many = seen.messages >= SOON.messages && seen.people >= SOON.people
  const long = now.getTime() - seen.since.getTime() >= LATE
  return many || long ? 'open' : 'none'
}
