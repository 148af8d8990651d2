'use client'
/** A moment in the reader's own time zone; before the browser has taken over, in UTC, and says so. */
import { useLocale } from 'next-intl'
import { useEffect, useState } from 'react'

export function When({ at, short = false }: { at: string; short?: boolean }) {
  const locale = useLocale()
  const [zone, setZone] = useState<string | undefined>('UTC')
  useEffect(() => setZone(undefined), [])
  // English without AM and PM, as elsewhere here.
  const text = new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : locale, {
    day: 'numeric',
    month: short ? 'short' : 'long',
    hour: '2-digit',
    minute: '2-digit',
    ...(!short && { timeZoneName: 'short' as const }),
    timeZone: zone,
  }).format(new Date(at))
  return <time dateTime={at}>{text}</time>
}
