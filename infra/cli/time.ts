/** Durations and times as people type and read them on the terminal. */

const UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/**
 * `90s`, `30m`, `2h`, `1h30m`, `7d`, in descending units.
 * @returns milliseconds, or null when it is not a duration of more than nothing
 */
export function parseDuration(text: string): number | null {
  const trimmed = text.trim().toLowerCase()
  if (!/^(\d{1,6}[wdhms])+$/.test(trimmed)) return null
  let total = 0
  let last = Number.POSITIVE_INFINITY
  for (const [, count, unit] of trimmed.matchAll(/(\d+)([wdhms])/g)) {
    const size = UNITS[unit!]!
    if (size >= last) return null
    last = size
    total += Number(count) * size
  }
  return total > 0 ? total : null
}

/** The two largest units: `3 min 20 s`, `2 h 5 min`, `4 d`. @param milliseconds negative counts as none */
export function duration(milliseconds: number): string {
  let rest = Math.max(0, Math.floor(milliseconds / 1000))
  const parts: string[] = []
  for (const [name, size] of [
    ['d', 86_400],
    ['h', 3_600],
    ['min', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) parts.push(`${count} ${name}`)
    else if (parts.length > 0) break
    if (parts.length === 2) break
  }
  return parts.join(' ') || '0 s'
}

/** Relative and absolute: `4 min ago (2026-03-02 10:02:11 UTC)`. */
export function when(at: Date | null | undefined, now: Date): string | null {
  if (!at) return null
  const away = now.getTime() - at.getTime()
  const absolute = stamp(at)
  if (Math.abs(away) < 1000) return `now (${absolute})`
  return away > 0 ? `${duration(away)} ago (${absolute})` : `in ${duration(-away)} (${absolute})`
}

/** How long ago, alone: for columns. */
export const age = (at: Date | null | undefined, now: Date): string | null =>
  at ? duration(now.getTime() - at.getTime()) : null

/** UTC to the second. */
export const stamp = (at: Date): string => `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`

/** Bytes in the largest fitting unit of 1024. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = count
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}
