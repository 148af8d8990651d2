'use client'
/** A page's place in its address as state: read from the query, written without asking the server again. */
import { useSearchParams } from 'next/navigation'
import { useCallback, useMemo } from 'react'

export type Step<Place> = (change: Partial<Place>, how?: 'push' | 'replace') => void

/** How a page's place stands in the query: `place.ts` of each. Its functions must be the same at each call. */
export type Addressing<Place> = {
  read: (query: URLSearchParams) => Place
  write: (place: Place) => string
}

/** `go` pushes a step that the back button undoes; typing replaces. */
export function useAddress<Place>({ read, write }: Addressing<Place>): { place: Place; go: Step<Place> } {
  const query = useSearchParams()
  const place = useMemo(() => read(new URLSearchParams(query)), [query, read])
  const go = useCallback<Step<Place>>(
    (change, how = 'push') => {
      // From the address, not from `place`: two changes in one moment must not undo each other.
      const next = { ...read(new URLSearchParams(window.location.search)), ...change }
      const address = `${window.location.pathname}${write(next)}`
      if (how === 'push') window.history.pushState(null, '', address)
      else window.history.replaceState(null, '', address)
    },
    [read, write],
  )
  return { place, go }
}
