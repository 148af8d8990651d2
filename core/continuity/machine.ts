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
 * an admin, or the refused address being accepted by a probe, lifts that. Failures at the content are counted by
 * themselves: a probe does not get that far, and its success must not hide them. When it answers and more than
 * FAILED_SHARE of the attempts fail all the same, it is set aside too, until an admin has looked.
 *
 * What is no evidence (greylisting, one full mailbox, a refused recipient while up) is at most a remark: see
 * evidence.ts.
 */
import type { Health } from '../db/schema/directory.ts'

/** Why a backend is not healthy. Stable codes; people see them in words of their language. */
export type Cause =
  | 'refused'
  | 'unreachable'
  | 'timed-out'
  | 'dns'
  | 'tls'
  | 'certificate'
  | 'authentication'
  | 'out-of-space'
  | 'rejects-us'
  | 'temporary-error'
  | 'breaks-off'
  | 'protocol'
  | 'unknown-users'
  | 'failing'
  | 'override'

/**
 * What is worth an admin's eye and is no outage: a server that greylists, one full mailbox, a recipient that it
 * does not know, slow answers, a certificate that has run out.
 */
export type Concern = 'greylisting' | 'mailbox-full' | 'unknown-users' | 'slow' | 'certificate'
export type Remark = {
  concern: Concern
  /** Times it was seen since `since`; ms since the epoch. */
  count: number
  since: number
  at: number
  detail: string
}

export type Source = 'delivery' | 'smtp-probe' | 'access-probe'

export type Evidence =
  /** `address`: the recipient that was accepted. `count`: successes summed up in one event (default 1). */
  | { type: 'success'; source: Source; address?: string; count?: number }
  /**
   * `count`: failed attempts summed up in one event (default 1), for the share of them during a return. `content`:
   * it took the recipients and failed at the content, where no probe goes.
   */
  | {
      type: 'failure'
      source: Source
      cause: Cause
      detail: string
      count?: number
      content?: boolean
    }
  /** A recipient was refused for good. */
  | { type: 'refusal'; address: string; detail: string }

export type Event =
  | Evidence
  /** It counts neither for nor against the backend. */
  | { type: 'remark'; concern: Concern; detail: string }
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
  /** Of deliveries that failed at the content. */
  content: Track
  access: Track
  /** The return is set aside since this address was refused; null: since too many attempts failed. */
  guard: { address: string | null; since: number } | null
  /** What became of recipients, and how many attempts failed, since the backend is recovering. */
  returned: { accepted: number; refused: number; failed: number }
  /** One of a concern, the newest last. */
  remarks: Remark[]
}

export type Change = { from: Health; to: Health; cause: Cause | null; detail: string | null }

export const FAILURES = 3
/** At the content no probe lies between two deliveries to say that all is well: chance needs more room. */
export const CONTENT_FAILURES = 5
/** ms. The probe period in doubt (probe/schedule) must not be longer, or `down` is noticed late. */
export const HYSTERESIS = 10_000
/** Failures further apart than this are no run, in ms: nobody looked in between. */
export const RUN_GAP = 120_000
export const REFUSED_SHARE = 0.2
/** More of the attempts of a return than this may not fail, once there were so many of them. */
export const FAILED_SHARE = 0.2
export const FAILED_OF = 20
/** So long after the last failure at the content, a probe's success is reason to try with a message again, in ms. */
export const TRIAL = 60_000
/** A remark that was not made again for so long is forgotten, in ms. */
export const REMARK_AGE = 15 * 60_000

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
    content: fresh,
    access: fresh,
    guard: null,
    returned: none,
    remarks: [],
  }
}

const none = { accepted: 0, refused: 0, failed: 0 }

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
        content: contentAfterSuccess(machine.content, event.source, now),
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
      const track = event.content ? 'content' : 'smtp'
      const after = failed(machine[track], now, event.content ? CONTENT_FAILURES : FAILURES)
      const shown = after.broken && !machine.guard
      const seen = { ...machine, [track]: after, ...(shown && { cause: event.cause, detail: event.detail }) }
      return event.source === 'delivery' && ANSWERED.has(event.cause) ? failedReturn(seen, event, now) : seen
    }
    case 'refusal': {
      if (machine.health !== 'recovering') return machine
      const returned = { ...machine.returned, refused: machine.returned.refused + 1 }
      const share = returned.refused / (returned.accepted + returned.refused + returned.failed)
      if (share <= REFUSED_SHARE) return { ...machine, returned }
      return {
        ...machine,
        returned,
        guard: { address: event.address, since: now },
        cause: 'unknown-users',
        detail: event.detail,
      }
    }
    case 'remark':
      return { ...machine, remarks: remarked(machine.remarks, event, now) }
    case 'guard-lifted':
      return { ...machine, guard: null, returned: none }
    case 'drained':
    case 'hold-ended':
      return machine
    default:
      return event satisfies never
  }
}

/** Failures of a server that is there and answers. One that is gone is down by the ordinary rule, and returns by it. */
const ANSWERED: ReadonlySet<Cause> = new Set<Cause>([
  'temporary-error',
  'out-of-space',
  'rejects-us',
  'breaks-off',
  'protocol',
  'authentication',
])

/** A return in which too much fails is set aside: it is there, but not well, and an admin is asked. */
function failedReturn(machine: Machine, event: Event & { type: 'failure' }, now: number): Machine {
  if (machine.health !== 'recovering') return machine
  const { returned: before } = machine
  const returned = { ...before, failed: before.failed + (event.count ?? 1) }
  const tried = returned.accepted + returned.refused + returned.failed
  if (tried < FAILED_OF || returned.failed / tried <= FAILED_SHARE) return { ...machine, returned }
  return {
    ...machine,
    returned,
    guard: { address: null, since: now },
    cause: 'failing',
    detail: event.detail,
  }
}

function remarked(remarks: readonly Remark[], event: Event & { type: 'remark' }, now: number): Remark[] {
  const { concern, detail } = event
  const fresh = remarks.filter(one => now - one.at <= REMARK_AGE)
  const known = fresh.find(one => one.concern === concern)
  const remark = { concern, count: (known?.count ?? 0) + 1, since: known?.since ?? now, at: now, detail }
  return [...fresh.filter(one => one !== known), remark]
}

/**
 * Only a delivery proves that content is taken. While none is made, because all of it failed, a probe that goes
 * well is after a while reason enough to try the first message again.
 */
function contentAfterSuccess(track: Track, source: Source, now: number): Track {
  if (source === 'delivery') return succeeded(track, now)
  return track.broken && now - (track.lastFailureAt ?? 0) >= TRIAL ? fresh : track
}

/** What an admin should still hear of. */
export function remarksOf(machine: Machine, now: number): Remark[] {
  return machine.remarks.filter(one => now - one.at <= REMARK_AGE)
}

/** The health that follows from what is known now. */
function settleHealth(before: Machine, seen: Machine, event: Event, now: number): Machine {
  if (seen.guard !== null || seen.smtp.broken || seen.content.broken) return enter(seen, 'down', now)
  const well = seen.access.broken ? 'degraded' : 'up'
  switch (before.health) {
    case 'down':
      return enter({ ...seen, returned: none }, 'recovering', now)
    case 'recovering':
      // Not in the middle of a run of failures: it would be called down again at once.
      return event.type === 'drained' &&
        now - before.since >= HYSTERESIS &&
        seen.smtp.failures === 0 &&
        seen.content.failures === 0
        ? enter(seen, well, now)
        : seen
    case 'up':
    case 'degraded':
      if (event.type !== 'hold-ended') return enter(seen, well, now)
      return enter({ ...seen, returned: none }, 'recovering', now)
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

function failed(track: Track, now: number, enough = FAILURES): Track {
  const goesOn =
    track.firstFailureAt !== null && track.lastFailureAt !== null && now - track.lastFailureAt <= RUN_GAP
  const failures = (goesOn ? track.failures : 0) + 1
  const firstFailureAt = goesOn && track.firstFailureAt !== null ? track.firstFailureAt : now
  const broken = track.broken || (failures >= enough && now - firstFailureAt >= HYSTERESIS)
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
  const read = stored as Partial<Machine>
  return { ...base, ...read, health, returned: { ...none, ...read.returned } }
}
