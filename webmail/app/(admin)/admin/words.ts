'use client'
/** Times, spans and codes in the reader's words. */
import { useLocale, useTranslations } from 'next-intl'
import { useMemo } from 'react'
import { dates, size } from '../../../mail/time.ts'

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const

/** The two largest units, `2 hr 5 min`; under a minute in seconds. @param most units shown */
export function span(locale: string, milliseconds: number, most = 2): string {
  let rest = Math.max(0, Math.floor(milliseconds / 1000) * 1000)
  const parts: string[] = []
  for (const [unit, length] of UNITS) {
    const count = Math.floor(rest / length)
    rest -= count * length
    // "5 min 0 s" says no more than "5 min", and seconds beside hours are noise.
    if (count > 0 && parts.length < most && !(unit === 'second' && parts.length > 0)) {
      parts.push(new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(count))
    } else if (parts.length > 0) break
  }
  return (
    parts.join(' ') ||
    new Intl.NumberFormat(locale, { style: 'unit', unit: 'second', unitDisplay: 'short' }).format(0)
  )
}

export function useWords() {
  const locale = useLocale()
  const t = useTranslations('admin')
  return useMemo(() => {
    const when = dates(locale)
    const time = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
    const clock = new Intl.DateTimeFormat(locale, time)
    const dayClock = new Intl.DateTimeFormat(locale, { ...time, day: 'numeric', month: 'short' })
    const exactClock = new Intl.DateTimeFormat(locale, { ...time, second: '2-digit' })
    const exactDayClock = new Intl.DateTimeFormat(locale, {
      ...time,
      second: '2-digit',
      day: 'numeric',
      month: 'short',
    })
    const day = new Intl.DateTimeFormat(locale, { dateStyle: 'short' })
    return {
      locale,
      /** Absolute and short: the clock today, else with the day. The zone is the reader's; `full` tells it. */
      moment: (at: string, now: number) => {
        const date = new Date(at)
        return (day.format(date) === day.format(now) ? clock : dayClock).format(date)
      },
      /** The same to the second, for what happens in quick succession. */
      exact: (at: string, now: number) => {
        const date = new Date(at)
        return (day.format(date) === day.format(now) ? exactClock : exactDayClock).format(date)
      },
      full: (at: string) => when.full(new Date(at)),
      span: (milliseconds: number, most?: number) => span(locale, milliseconds, most),
      age: (at: string, now: number, most?: number) => span(locale, now - Date.parse(at), most),
      size: (bytes: number) => size(locale, bytes),
      list: (items: readonly string[]) =>
        new Intl.ListFormat(locale, { style: 'long', type: 'conjunction' }).format(items),
      number: (count: number) => new Intl.NumberFormat(locale).format(count),
      /** Codes that a newer worker may know and this page not yet are shown as they are. */
      cause: (code: string | null) => {
        const key = `cause.${code ?? 'unknown'}` as 'cause.unknown'
        return t.has(key) ? t(key) : String(code)
      },
      concern: (code: string) => {
        const key = `concern.${code}` as 'concern.slow'
        return t.has(key) ? t(key) : code
      },
      category: (code: string) => {
        const key = `category.${code}` as 'category.unknown'
        return t.has(key) ? t(key) : code
      },
    }
  }, [locale, t])
}
