'use client'
/**
 * One-key commands. Not while somebody types, not with a modifier that means something to the browser, and
 * not below an open dialog or menu.
 */
import { useEffect, useRef } from 'react'

export type Keys = Record<string, () => unknown>

export function useKeys(keys: Keys): void {
  const latest = useRef(keys)
  latest.current = keys
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing)
        return
      if (isTyping(event.target)) return
      const command = latest.current[event.key]
      if (!command) return
      event.preventDefault()
      command()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return (
    target.isContentEditable ||
    target.closest('input, textarea, select, [role="menu"], dialog[open], [role="dialog"]') !== null
  )
}
