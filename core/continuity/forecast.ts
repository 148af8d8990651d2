/**
 * When what waits will have been delivered, from how fast it went so far. Pure.
 *
 * A return goes slowly at first by rule: the window (window.ts) begins with one delivery at a time and is one wider
 * after each run of as many successes as it is wide. So a delivery is not worth the same at all times: with as many as
 * `w` at a time, it is `1 / w` of what the server takes for one. Counted like that (`effort`), a return goes evenly
 * from its first delivery to its last, and a straight line does; as soon as the window has its limit, that is the
 * same as deliveries a second.
 */
import { LIMIT, START_RECOVERING } from './window.ts'

/** How many deliveries were settled in each of the last times of `step` ms, the newest last. */
export type Progress = {
  /** Settled before the first of these since the return; null: there was none, the window has its width. */
  before: number | null
  counts: readonly number[]
  step: number
  /** Deliveries that came meanwhile. */
  came: number
}

export type Forecast =
  | { type: 'at'; at: Date }
  /** More comes than goes. */
  | { type: 'never' }
  /** Too little has moved to say. */
  | { type: 'unknown' }

/** Fewer deliveries than this say nothing about a rate. */
const ENOUGH = 3
/** The part of what was seen that counts: everything is slow when it is done for the first time. */
const LATER = 2 / 3

/** @param waiting what is still to be settled */
export function forecast(progress: Progress, waiting: number, now: Date): Forecast {
  if (waiting <= 0) return { type: 'at', at: now }
  const { counts, step, before } = progress
  const all = sum(counts)
  const over = counts.length * step
  const first = before === null ? 0 : Math.floor(counts.length * (1 - LATER))
  const seen = counts.slice(first)
  const settled = sum(seen)
  if (settled < ENOUGH || over <= 0) {
    return { type: all < ENOUGH && progress.came > all ? 'never' : 'unknown' }
  }
  const end = (before ?? FULL) + all
  const efforts = effort(end) - effort(end - settled)
  /** ms of one delivery at a time. */
  const each = (seen.length * step) / efforts
  // What comes meanwhile goes at the full width, once there is one.
  const busy = (progress.came / over) * (each / LIMIT)
  if (busy >= 1) return { type: 'never' }
  const left = (each * (effort(end + waiting) - effort(end))) / (1 - busy)
  return { type: 'at', at: new Date(now.getTime() + left) }
}

/** Successes until the window has its limit. */
const FULL = ((LIMIT - 1) * LIMIT) / 2 - ((START_RECOVERING - 1) * START_RECOVERING) / 2

/** What the first `n` deliveries of a return take, in times that the server takes for one. */
export function effort(n: number): number {
  if (n >= FULL) return LIMIT - START_RECOVERING + (n - FULL) / LIMIT
  // The window is `w` wide for `w` deliveries, which are one of those times together.
  let width = START_RECOVERING
  let rest = n
  while (rest >= width) rest -= width++
  return width - START_RECOVERING + rest / width
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
