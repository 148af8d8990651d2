'use client'
/** The place in the address as state: read from the query, written without asking the server again. */
import { useSearchParams } from 'next/navigation'
import { useCallback, useMemo } from 'react'
import { type Place, readPlace, writePlace } from './place.ts'

export type Go = (change: Partial<Place>, how?: 'push' | 'replace') => void

/** `go` pushes a step that the back button undoes; typing replaces. */
export function usePlace(): { place: Place; go: Go } {
  const query = useSearchParams()
  const place = useMemo(() => readPlace(new URLSearchParams(query)), [query])
  const go = useCallback<Go>((change, how = 'push') => {
    // From the address, not from `place`: two changes in one moment must not undo each other.
    const next = { ...readPlace(new URLSearchParams(window.location.search)), ...change }
    const address = `${window.location.pathname}${writePlace(next)}`
    if (how === 'push') window.history.pushState(null, '', address)
    else window.history.replaceState(null, '', address)
  }, [])
  return { place, go }
}
