'use client'
/**
 * Light or dark: somebody's own choice, or the system's. Kept in this browser; scheme-script.ts
 * puts it on <html> before anything is painted.
 */
import { useSyncExternalStore } from 'react'
import { ATTRIBUTE, KEY } from './scheme-script.ts'

export type Scheme = 'light' | 'dark' | 'auto'

const listeners = new Set<() => void>()
let chosen: Scheme | undefined

function read(): Scheme {
  if (chosen) return chosen
  try {
    const kept = localStorage.getItem(KEY)
    chosen = kept === 'light' || kept === 'dark' ? kept : 'auto'
  } catch {
    // Storage can be forbidden; the system's choice will do.
    chosen = 'auto'
  }
  return chosen
}

function apply(): void {
  const scheme = read()
  const dark = scheme === 'dark' || (scheme === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.setAttribute(ATTRIBUTE, dark ? 'dark' : 'light')
}

function setScheme(scheme: Scheme): void {
  chosen = scheme
  try {
    localStorage.setItem(KEY, scheme)
  } catch {
    // It holds for this page then.
  }
  apply()
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  const system = matchMedia('(prefers-color-scheme: dark)')
  system.addEventListener('change', apply)
  return () => {
    listeners.delete(listener)
    system.removeEventListener('change', apply)
  }
}

/** The choice, and how to change it. */
export function useScheme(): [Scheme, (scheme: Scheme) => void] {
  return [useSyncExternalStore<Scheme>(subscribe, read, () => 'auto'), setScheme]
}
