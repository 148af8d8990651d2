/**
 * When a temporary refusal is tried again, and when it is given up: by age, with jitter, pure.
 *
 * The same functions schedule and are quoted in what senders and admins are told, so that no promise is made
 * that nobody keeps.
 */

/** inbound: to a backend of ours. outbound: to the outside. */
export type Direction = 'inbound' | 'outbound'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** Give-up ages, in ms. */
export type GiveUp = Readonly<Record<Direction, number>>

/** As they are unless OUTBOUND_GIVE_UP says otherwise. */
export const GIVE_UP: GiveUp = { inbound: 60 * DAY, outbound: 48 * HOUR }

/** @param outboundHours the setting OUTBOUND_GIVE_UP */
export const giveUpAfter = (outboundHours: number): GiveUp => ({ ...GIVE_UP, outbound: outboundHours * HOUR })

/**
 * Up to this age, wait this long. A backend of ours is probed all the time, so mail for it can wait briefly;
 * strangers get longer pauses, and the second try comes after five minutes because greylisting usually asks
 * for that.
 */
const CLOCK: Record<Direction, readonly (readonly [upToAge: number, wait: number])[]> = {
  inbound: [
    [MINUTE, 15 * SECOND],
    [5 * MINUTE, MINUTE],
    [HOUR, 5 * MINUTE],
    [DAY, 15 * MINUTE],
    [Number.POSITIVE_INFINITY, 30 * MINUTE],
  ],
  outbound: [
    [2 * MINUTE, MINUTE],
    [30 * MINUTE, 5 * MINUTE],
    [2 * HOUR, 15 * MINUTE],
    [12 * HOUR, 30 * MINUTE],
    [Number.POSITIVE_INFINITY, HOUR],
  ],
}

/** Share of the wait by which it is moved either way, so that what failed together does not return together. */
const JITTER = 0.2

/**
 * @param random 0 ≤ x < 1
 * @returns the time of the next attempt, never later than the give-up time
 */
export function nextAttempt(
  direction: Direction,
  createdAt: Date,
  now: Date,
  random: number,
  giveUp: GiveUp = GIVE_UP,
): Date {
  const age = Math.max(0, now.getTime() - createdAt.getTime())
  const wait = CLOCK[direction].find(([upTo]) => age < upTo)?.[1] ?? HOUR
  const jittered = wait * (1 - JITTER + 2 * JITTER * random)
  const at = Math.min(now.getTime() + jittered, giveUpAt(direction, createdAt, giveUp).getTime())
  return new Date(Math.max(at, now.getTime() + SECOND))
}

export function giveUpAt(direction: Direction, createdAt: Date, giveUp: GiveUp = GIVE_UP): Date {
  return new Date(createdAt.getTime() + giveUp[direction])
}

export function isExpired(
  direction: Direction,
  createdAt: Date,
  now: Date,
  giveUp: GiveUp = GIVE_UP,
): boolean {
  return now >= giveUpAt(direction, createdAt, giveUp)
}
