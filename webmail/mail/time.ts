/** Dates and sizes as people read them, by Intl in their language and the zone of their machine. */

const DAY = 86_400_000

/** A formatter for one language; `zone` only in tests. */
export function dates(locale: string, zone?: string) {
  const make = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { ...options, timeZone: zone })
  const clock = make({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  const weekday = make({ weekday: 'short' })
  const dayMonth = make({ day: 'numeric', month: 'short' })
  const day = make({ day: 'numeric', month: 'short', year: 'numeric' })
  const whole = make({
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  })
  const clockZone = make({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZoneName: 'short' })
  const dayClock = make({
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  })
  const weekdayClock = make({
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  })
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  const key = make({ year: 'numeric', month: '2-digit', day: '2-digit' })

  return {
    /** For a row: the clock today, the weekday within a week, then the day, then with its year. */
    short(at: Date, now: Date): string {
      if (key.format(at) === key.format(now)) return clock.format(at)
      const age = now.getTime() - at.getTime()
      if (age > 0 && age < 6 * DAY) return weekday.format(at)
      return age < 300 * DAY && age > -300 * DAY ? dayMonth.format(at) : day.format(at)
    },
    /** All of it, with the zone. */
    full: (at: Date): string => whole.format(at),
    /** "3 hours ago". */
    relative(at: Date, now: Date): string {
      const seconds = Math.round((at.getTime() - now.getTime()) / 1000)
      const size = Math.abs(seconds)
      if (size < 60) return relative.format(0, 'second')
      if (size < 3600) return relative.format(Math.round(seconds / 60), 'minute')
      if (size < 86_400) return relative.format(Math.round(seconds / 3600), 'hour')
      if (size < 86_400 * 30) return relative.format(Math.round(seconds / 86_400), 'day')
      if (size < 86_400 * 365) return relative.format(Math.round(seconds / (86_400 * 30)), 'month')
      return relative.format(Math.round(seconds / (86_400 * 365)), 'year')
    },
    /** "10:02 CET" today, "Sat, 21 Nov, 10:02 CET" on another day: for what is to come. */
    ahead: (at: Date, now: Date): string =>
      (key.format(at) === key.format(now) ? clockZone : weekdayClock).format(at),
    /** "10:02 CET" today, "21 Nov, 10:02 CET" otherwise. */
    moment: (at: Date, now: Date): string =>
      (key.format(at) === key.format(now) ? clockZone : dayClock).format(at),
  }
}
export type Dates = ReturnType<typeof dates>

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const

/** "1.4 MB", in steps of 1000 as operating systems show it. */
export function size(locale: string, bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: UNITS[unit],
    unitDisplay: unit === 0 ? 'long' : 'short',
    maximumFractionDigits: value < 10 && unit > 0 ? 1 : 0,
  }).format(value)
}
