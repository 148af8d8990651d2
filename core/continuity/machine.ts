/**
 * The health of one backend: a pure state machine over evidence.
 *
 * | health | means | mail | continuity |
 * | --- | --- | --- | --- |
 * | up | accepts mail, people get at it | delivered | closed |
 * | degraded | accepts mail, people do not get at it (access probe) | delivered | open |
 * | down | does not accept mail, or its return was set aside | held | open |
 * | recovering | accepts again, what was held is on its way | delivered, slowly at first | open |
 *
 * `up → down` (and `recovering → down`) needs FAILURES failures in a row over at least HYSTERESIS with no
 * success between. One success ends `down`; `recovering` lasts at least HYSTERESIS and until what was held is
 * gone. `degraded` is decided by access probes alone, by the same rule, and never holds mail.
 *
 * The guard: when people are refused for good while the backend is recovering, and they are more than
 * REFUSED_SHARE of those tried since, its users are missing. It is `down` again, its mail stays held, and only
 * an admin, or the refused address being accepted by a probe, lifts that.
 *
 * What is no evidence (greylisting, one full mailbox, a refused recipient while up) never gets here: see
 * evidence.ts.
 */
import type { Health } from '../db/schema.ts'

/** Why a backend is not healthy. Stable codes; people see them in words of their language. */
export type Cause =
  | 'refused'
  | 'unreachable'
  | 'timed-out'
  | 'dns'
  | 'tls'
  | 'authentication'
  | 'out-of-space'
  | 'rejects-us'
  | 'temporary-error'
  | 'protocol'
  | 'unknown-users'
  | 'override'

export type Source = 'delivery' | 'smtp-probe' | 'access-probe'

export type Evidence =
  /** `address`: the recipient that was accepted. `count`: successes summed up in one event (default 1). */
  | { type: 'success'; source: Source; address?: string; count?: number }
  | { type: 'failure'; source: Source; cause: Cause; detail: string }
  /** A recipient was refused for good. */
  | { type: 'refusal'; address: string; detail: string }

export type Event =
  | Evidence
  /** Nothing is held for this backend any more. */
  | { type: 'drained' }
  /** An admin looked: the return is no longer set aside. */
  | { type: 'guard-lifted' }
  /** An override `down` is over: what it held must be brought back slowly. */
  | { type: 'hold-ended' }

export type Track = {
  /** Failures in a row. */
  failures: number
  /** Of the present run, ms since the epoch. */
  firstFailureAt: number | null
  lastFailureAt: number | null
  lastSuccessAt: number | null
  broken: boolean
}

export type Machine = {
  health: Health
  /** ms since the epoch. */
  since: number
  cause: Cause | null
  detail: string | null
  smtp: Track
  access: Track
  /** The return is set aside since this address was refused. */
  guard: { address: string; since: number } | null
  /** What became of recipients since the backend is recovering. */
  returned: { accepted: number; refused: number }
}

export type Change = { from: Health; to: Health; cause: Cause | null; detail: string | null }

export const FAILURES = 3
/** ms. The probe period in doubt (probe/schedule) must not be longer, or `down` is noticed late. */
export const HYSTERESIS = 10_000
/** Failures further apart than this are no run, in ms: nobody looked in between. */
export const RUN_GAP = 120_000
export const REFUSED_SHARE = 0.2

const fresh: Track = {
  failures: 0,
  firstFailureAt: null,
  lastFailureAt: null,
  lastSuccessAt: null,
  broken: false,
}

export function initialMachine(now: number): Machine {
  return {
    health: 'up',
    since: now,
    cause: null,
    detail: null,
    smtp: fresh,
    access: fresh,
    guard: null,
    returned: { accepted: 0, refused: 0 },
  }
}

/** What follows from one event. `change` is null when the health stays. */
export function step(
  machine: Machine,
  event: Event,
  now: number,
): { machine: Machine; change: Change | null } {
  const next = settleHealth(machine, observe(machine, event, now), event, now)
  const change =
    next.health === machine.health
      ? null
      : { from: machine.health, to: next.health, cause: next.cause, detail: next.detail }
  return { machine: next, change }
}

/** Takes the event in: counters, causes, the guard. */
function observe(machine: Machine, event: Event, now: number): Machine {
  switch (event.type) {
    case 'success': {
      if (event.source === 'access-probe') return { ...machine, access: succeeded(machine.access, now) }
      const guard = machine.guard
      const lifted =
        guard !== null && event.address === guard.address && now - guard.since >= HYSTERESIS ? null : guard
      const accepted =
        machine.health === 'recovering' && event.source === 'delivery'
          ? machine.returned.accepted + (event.count ?? 1)
          : machine.returned.accepted
      return {
        ...machine,
        guard: lifted,
        smtp: succeeded(machine.smtp, now),
        returned: { ...machine.returned, accepted },
      }
    }
    case 'failure': {
      if (event.source === 'access-probe') {
        const access = failed(machine.access, now)
        // While mail is not accepted either, that is the cause to show.
        const shown = access.broken && !machine.smtp.broken && !machine.guard
        return { ...machine, access, ...(shown && { cause: event.cause, detail: event.detail }) }
      }
      const smtp = failed(machine.smtp, now)
      const shown = smtp.broken && !machine.guard
      return { ...machine, smtp, ...(shown && { cause: event.cause, detail: event.detail }) }
    }
    case 'refusal': {
      if (machine.health !== 'recovering') return machine
      const returned = { ...machine.returned, refused: machine.returned.refused + 1 }
      const share = returned.refused / (returned.accepted + returned.refused)
      if (share <= REFUSED_SHARE) return { ...machine, returned }
      return {
        ...machine,
        returned,
        guard: { address: event.address, since: now },
        cause: 'unknown-users',
        detail: event.detail,
      }
    }
    case 'guard-lifted':
      return { ...machine, guard: null }
    case 'drained':
    case 'hold-ended':
      return machine
    default:
      return event satisfies never
  }
}

/** The health that follows from what is known now. */
function settleHealth(before: Machine, seen: Machine, event: Event, now: number): Machine {
  if (seen.guard !== null || seen.smtp.broken) return enter(seen, 'down', now)
  const well = seen.access.broken ? 'degraded' : 'up'
  switch (before.health) {
    case 'down':
      return enter({ ...seen, returned: { accepted: 0, refused: 0 } }, 'recovering', now)
    case 'recovering':
      // Not in the middle of a run of failures: it would be called down again at once.
      return event.type === 'drained' && now - before.since >= HYSTERESIS && seen.smtp.failures === 0
        ? enter(seen, well, now)
        : seen
    case 'up':
    case 'degraded':
      if (event.type !== 'hold-ended') return enter(seen, well, now)
      return enter({ ...seen, returned: { accepted: 0, refused: 0 } }, 'recovering', now)
    default:
      return before.health satisfies never
  }
}

function enter(machine: Machine, health: Health, now: number): Machine {
  const healthy = health === 'up'
  const cause = healthy ? null : machine.cause
  const detail = healthy ? null : machine.detail
  return { ...machine, health, since: health === machine.health ? machine.since : now, cause, detail }
}

function succeeded(track: Track, now: number): Track {
  return { ...track, failures: 0, firstFailureAt: null, lastSuccessAt: now, broken: false }
}

function failed(track: Track, now: number): Track {
  const goesOn =
    track.firstFailureAt !== null && track.lastFailureAt !== null && now - track.lastFailureAt <= RUN_GAP
  const failures = (goesOn ? track.failures : 0) + 1
  const firstFailureAt = goesOn && track.firstFailureAt !== null ? track.firstFailureAt : now
  const broken = track.broken || (failures >= FAILURES && now - firstFailureAt >= HYSTERESIS)
  return { ...track, failures, firstFailureAt, lastFailureAt: now, broken }
}

/** Something failed, and it is not known yet whether that means anything: look again soon. */
export function inDoubt(machine: Machine): boolean {
  return machine.smtp.failures > 0 || machine.access.failures > 0
}

/** The machine kept in a backend's row. An empty or older form gives a fresh one with the row's health. */
export function readMachine(stored: Record<string, unknown>, health: Health, since: Date): Machine {
  const base = { ...initialMachine(since.getTime()), health }
  if (!('smtp' in stored)) return base
  return { ...base, ...(stored as Partial<Machine>), health }
}
