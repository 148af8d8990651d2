'use client'
/**
 * One-key commands, those of Gmail. Not while somebody types, not with a modifier that means something to the
 * browser, and not below an open dialog or menu. Two keys one after the other ("g i") are one command.
 */
import { useEffect, useRef } from 'react'

export type Keys = Record<string, () => unknown>

/** How long the first of two keys is waited upon, in ms. */
const BETWEEN = 1_500

export function useKeys(keys: Keys): void {
  const latest = useRef(keys)
  latest.current = keys
  useEffect(() => {
    let first = ''
    let at = 0
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing)
        return
      if (isTyping(event.target)) return
      const both = performance.now() - at < BETWEEN ? `${first} ${event.key}` : ''
      const command = latest.current[both] ?? latest.current[event.key]
      const begins = Object.keys(latest.current).some(key => key.startsWith(`${event.key} `))
      first = begins && !latest.current[both] ? event.key : ''
      at = performance.now()
      if (!command) {
        if (begins) event.preventDefault()
        return
      }
      event.preventDefault()
      command()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  const field = target.closest('input, textarea, select')
  if (field instanceof HTMLInputElement && field.type === 'checkbox') return false
  return (
    target.isContentEditable ||
    field !== null ||
    target.closest('[role="menu"], dialog[open], [role="dialog"]') !== null
  )
}
