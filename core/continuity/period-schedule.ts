/** When a period is, from what an admin typed: once or repeating, at a local time. Pure. */
import { isZone, momentOf, type Rule, readLocal } from './recurrence.ts'

export type WantedSchedule = {
  /** Local, `2026-11-29T02:00`; absent: now. */
  start?: string
  /** IANA name; absent: UTC. */
  zone?: string
  /** null: until it is taken back. */
  minutes: number | null
  every?: 'week' | 'month'
  /** Every so many weeks or months. */
  step?: number
  by?: 'day' | 'weekday'
  /** The last local date on which it may begin. */
  last?: string
}

export type Schedule = { rule: Rule } | { rule?: undefined; startsAt: Date; endsAt: Date | null }

/** Longest, in minutes: what is to last longer is no exception any more. */
export const LONGEST = 43_200

/** @returns why not, in one line, when it can't be read */
export function readSchedule(wanted: WantedSchedule, now: Date): Schedule | { refused: string } {
  const { start, zone = 'UTC', minutes, every } = wanted
  if (!isZone(zone)) return { refused: `there is no time zone ${zone}: say one like Europe/Madrid` }
  if (start !== undefined && !readLocal(start)) {
    return { refused: `${start} is no local time: say one like 2026-11-29T02:00` }
  }
  if (minutes !== null && (!Number.isInteger(minutes) || minutes < 1 || minutes > LONGEST)) {
    return { refused: 'it must last between a minute and thirty days' }
  }
  if (!every) {
    const startsAt = start ? momentOf(start, zone) : now
    const endsAt = minutes === null ? null : new Date(startsAt.getTime() + minutes * 60_000)
    if (endsAt && endsAt <= now) return { refused: 'it would be over already' }
    return { startsAt, endsAt }
  }
  if (start === undefined || minutes === null) {
    return { refused: 'what repeats needs its first time and how long it lasts' }
  }
  if (wanted.last && !readLocal(`${wanted.last}T00:00`)) {
    return { refused: `${wanted.last} is no date: say one like 2027-06-30` }
  }
  const rule: Rule = {
    every,
    step: wanted.step ?? 1,
    first: start,
    zone,
    minutes,
    ...(every === 'month' && { by: wanted.by ?? 'day' }),
    ...(wanted.last && { last: wanted.last }),
  }
  return { rule }
}
