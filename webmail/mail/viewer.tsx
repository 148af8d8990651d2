'use client'
/** Whoever is looking: their name, their language, and the formats that follow from it. */
import type { Locale } from '@restante/core/db/schema/directory.ts'
import { useLocale } from 'next-intl'
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react'
import { dates, size } from './time.ts'

export type Viewer = {
  name: string
  address: string
  locale: Locale
  mayAdminister: boolean
  /** How long they want to be able to take back what they have just sent, in s. */
  undoSend: number
}

const ViewerContext = createContext<Viewer | null>(null)
const NowContext = createContext(new Date(0))

export function ViewerProvider({ viewer, children }: { viewer: Viewer; children: ReactNode }) {
  const [now, setNow] = useState(() => new Date())
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), 30_000)
    return () => clearInterval(timer)
  }, [])
  return (
    <ViewerContext value={viewer}>
      <NowContext value={now}>{children}</NowContext>
    </ViewerContext>
  )
}

export function useViewer(): Viewer {
  const viewer = useContext(ViewerContext)
  if (!viewer) throw new Error('no viewer here')
  return viewer
}

/** The time, renewed twice a minute: enough for "3 minutes ago". */
export const useNow = () => useContext(NowContext)

/** The language with the reader's own region, for the order of dates; British English where none is said. */
function regional(locale: string): string {
  const own = navigator.languages.find(one => one.toLowerCase().startsWith(`${locale}-`))
  return own ?? (locale === 'en' ? 'en-GB' : locale)
}

export function useFormats() {
  const locale = useLocale()
  return useMemo(
    () => ({ ...dates(regional(locale)), size: (bytes: number) => size(locale, bytes) }),
    [locale],
  )
}
