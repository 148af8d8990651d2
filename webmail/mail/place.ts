/**
 * Where somebody is in their mail, kept in the page's address: account, folder, message, search. Going back
 * closes what was opened last, a link can be kept, and a reload changes nothing.
 */
import { useSyncExternalStore } from 'react'

export type Place = {
  account: string | null
  folder: string | null
  email: string | null
  search: string
  /** On a phone: the list of folders instead of the messages. */
  folders: boolean
}

const KEYS = { account: 'a', folder: 'f', email: 'm', search: 'q' } as const

export function parsePlace(search: string): Place {
  const parameters = new URLSearchParams(search)
  return {
    account: parameters.get(KEYS.account),
    folder: parameters.get(KEYS.folder),
    email: parameters.get(KEYS.email),
    search: parameters.get(KEYS.search) ?? '',
    folders: parameters.has('folders'),
  }
}

export function formatPlace(place: Place): string {
  const parameters = new URLSearchParams()
  for (const [name, key] of Object.entries(KEYS)) {
    const value = place[name as keyof typeof KEYS]
    if (value) parameters.set(key, value)
  }
  if (place.folders) parameters.set('folders', '')
  const text = parameters.toString()
  return text ? `/?${text}` : '/'
}

const listeners = new Set<() => void>()

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  window.addEventListener('popstate', listener)
  return () => {
    listeners.delete(listener)
    window.removeEventListener('popstate', listener)
  }
}

/** Goes somewhere. `replace` leaves no step to go back to. */
export function go(change: Partial<Place>, how: 'push' | 'replace' = 'push'): void {
  const target = formatPlace({ ...parsePlace(location.search), folders: false, ...change })
  if (target === location.pathname + location.search) return
  if (how === 'push') history.pushState(null, '', target)
  else history.replaceState(null, '', target)
  for (const listener of listeners) listener()
}

let lastSearch = ''
let lastPlace = parsePlace('')

/** The place now; renders again when it changes. */
export function usePlace(): Place {
  return useSyncExternalStore(
    subscribe,
    () => {
      if (location.search !== lastSearch) {
        lastSearch = location.search
        lastPlace = parsePlace(lastSearch)
      }
      return lastPlace
    },
    () => EMPTY,
  )
}
const EMPTY = parsePlace('')
