/**
 * When a sender hears that a message is stuck. Pure.
 *
 * What is likely wrong for good (an address, a full mailbox) is told early, for the sender can do something about
 * it; what usually passes by itself (a server that is down) is told after an hour, and once more after a day.
 */
import type { Category } from '@restante/core/outcome/types.ts'

/** Ages of a message in minutes. */
export type DelayTimes = { likelyWrong: number; others: readonly number[] }

export const USUAL_TIMES: DelayTimes = { likelyWrong: 15, others: [60, 1_440] }

export const likelyWrong: ReadonlySet<Category> = new Set([
  'bad-address',
  'bad-domain',
  'mailbox-full',
  'mailbox-disabled',
  'too-large',
  'content-refused',
  'address-blocked',
  'sender-not-authenticated',
  'dns-fault',
  'authentication',
  'loop',
])

const MINUTE = 60_000

/**
 * @param told how many notices of delay went out for this delivery
 * @param age ms since acceptance
 * @returns how many should have gone out by now; more than `told`: one is due
 */
export function noticesDue(category: Category, age: number, told: number, times: DelayTimes): number {
  const early = likelyWrong.has(category) && times.likelyWrong > 0
  const ages = early ? [times.likelyWrong, ...times.others.slice(1)] : times.others
  return Math.max(told, ages.filter(minutes => age >= minutes * MINUTE).length)
}

/** The youngest age, in ms, at which anything can be due. */
export function earliest(times: DelayTimes): number {
  return Math.min(...[times.likelyWrong, ...times.others].filter(minutes => minutes > 0)) * MINUTE
}
