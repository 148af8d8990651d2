/**
 * When something that repeats comes next: every so many weeks or months, at the local time of a zone. Pure.
 *
 * A rule of our own and not RFC 5545's: an admin says "every second Sunday at two, for three hours", and
 * nothing else is needed. Months go by the day of the month (the last one when a month is too short) or by the
 * weekday ("the second Tuesday"; a fifth one means the last). A local time that the clock jumps over in spring
 * is taken an hour later; one that comes twice in autumn is taken the first time.
 */

export type Rule = {
  every: 'week' | 'month'
  /** Every so many of them; 1 is each. */
  step: number
  /** Of months: the same day of the month, or the same weekday in it. */
  by?: 'day' | 'weekday'
  /** The first time, local: `2026-11-29T02:00`. */
  first: string
  /** IANA name, `Europe/Madrid`. */
  zone: string
  minutes: number
  /** No time begins after this local date, `2027-06-30`. */
  last?: string
}

export type Occurrence = { start: Date; end: Date }

const MINUTE = 60_000
const DAY = 86_400_000
/** Looked at from a time on at most: what repeats every 12 months is found within as many. */
const MOST = 600

type Local = { year: number; month: number; day: number; hour: number; minute: number }

/** @returns null when it is no local time like `2026-11-29T02:00` */
export function readLocal(text: string): Local | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})$/.exec(text)
  if (!match) return null
  const [year, month, day, hour, minute] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ]
  const there = new Date(Date.UTC(year, month - 1, day, hour, minute))
  const same = there.getUTCMonth() === month - 1 && there.getUTCDate() === day && hour < 24 && minute < 60
  return same ? { year, month, day, hour, minute } : null
}

export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

/** The moment at which a clock in the zone shows this local time. @throws RangeError for an unknown zone */
export function momentOf(local: string, zone: string): Date {
  const read = readLocal(local)
  if (!read) throw new RangeError(`${local} is no local time like 2026-11-29T02:00`)
  return instantOf(read, zone)
}

/** What the zone's clock shows, as `2026-11-29T02:00`. */
export function localOf(at: Date, zone: string): string {
  return new Date(at.getTime() + offsetAt(at.getTime(), zone)).toISOString().slice(0, 16)
}

/** The first time that is not over by then; null when there is none any more. */
export function occurrenceFrom(rule: Rule, from: Date): Occurrence | null {
  const first = readLocal(rule.first)
  if (!first) return null
  const firstStart = instantOf(first, rule.zone)
  const period = rule.step * (rule.every === 'week' ? 7 : 28) * DAY
  // Months are longer than 28 days: this never begins too late.
  const elapsed = Math.max(0, from.getTime() - firstStart.getTime() - rule.minutes * MINUTE - 2 * DAY)
  const skip = rule.every === 'week' ? Math.floor(elapsed / period) : Math.floor(elapsed / (period * 1.12))
  for (let n = skip; n < skip + MOST; n++) {
    const local = nth(rule, first, n)
    if (rule.last && dateOf(local) > rule.last) return null
    const start = instantOf(local, rule.zone)
    const end = new Date(start.getTime() + rule.minutes * MINUTE)
    if (end > from) return { start, end }
  }
  return null
}

function nth(rule: Rule, first: Local, n: number): Local {
  if (rule.every === 'week') {
    const date = new Date(Date.UTC(first.year, first.month - 1, first.day + n * 7 * rule.step))
    return { ...first, year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() }
  }
  const months = first.year * 12 + first.month - 1 + n * rule.step
  const year = Math.floor(months / 12)
  const month = (months % 12) + 1
  const length = new Date(Date.UTC(year, month, 0)).getUTCDate()
  if (rule.by !== 'weekday') return { ...first, year, month, day: Math.min(first.day, length) }
  const weekday = new Date(Date.UTC(first.year, first.month - 1, first.day)).getUTCDay()
  const firstOfMonth = new Date(Date.UTC(year, month - 1, 1)).getUTCDay()
  const earliest = 1 + ((weekday - firstOfMonth + 7) % 7)
  const week = Math.floor((first.day - 1) / 7)
  const day = earliest + 7 * week
  return { ...first, year, month, day: day > length ? day - 7 : day }
}

const dateOf = ({ year, month, day }: Local) =>
  `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`

function instantOf({ year, month, day, hour, minute }: Local, zone: string): Date {
  const wall = Date.UTC(year, month - 1, day, hour, minute)
  // The offset of a day before and of a day after: at a change the clock shows this time twice or never.
  const before = wall - offsetAt(wall - DAY, zone)
  const after = wall - offsetAt(wall + DAY, zone)
  if (before + offsetAt(before, zone) === wall) return new Date(before)
  if (after + offsetAt(after, zone) === wall) return new Date(after)
  return new Date(before)
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** ms by which the zone's clock is ahead of UTC. */
function offsetAt(at: number, zone: string): number {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    })
  formats.set(zone, format)
  const parts = Object.fromEntries(
    format.formatToParts(at).map(part => [part.type, Number(part.value)]),
  ) as Record<string, number>
  const shown = Date.UTC(parts.year!, parts.month! - 1, parts.day, parts.hour, parts.minute)
  return shown - Math.floor(at / MINUTE) * MINUTE
}
