'use client'
/** Sweeping a row aside with a finger. Only touch, only sideways, and only far enough to be meant. */
import { type PointerEvent, type TouchEvent, useRef } from 'react'

/** How far a finger must go, in px. */
const FAR = 96
/** Until here it may still be a scroll. */
const UNSURE = 12

export function useSweep(does: { left: () => void; right: () => void }) {
  const from = useRef<{ x: number; y: number; sideways: boolean } | null>(null)
  const swept = useRef(false)
  const shift = (element: HTMLElement, x: number) => {
    element.style.setProperty('--sweep', `${x}px`)
    element.dataset.sweep = x === 0 ? '' : Math.abs(x) >= FAR ? (x < 0 ? 'delete' : 'mark') : 'soft'
  }
  return {
    onTouchStart(event: TouchEvent<HTMLElement>) {
      const touch = event.touches[0]
      from.current = touch ? { x: touch.clientX, y: touch.clientY, sideways: false } : null
      swept.current = false
    },
    onTouchMove(event: TouchEvent<HTMLElement>) {
      const touch = event.touches[0]
      const start = from.current
      if (!touch || !start) return
      const x = touch.clientX - start.x
      if (!start.sideways) {
        if (Math.abs(touch.clientY - start.y) > UNSURE) from.current = null
        if (Math.abs(x) < UNSURE) return
        start.sideways = true
      }
      shift(event.currentTarget, x)
    },
    onTouchEnd(event: TouchEvent<HTMLElement>) {
      const touch = event.changedTouches[0]
      const start = from.current
      from.current = null
      shift(event.currentTarget, 0)
      if (!touch || !start?.sideways) return
      swept.current = true
      const x = touch.clientX - start.x
      if (x <= -FAR) does.left()
      else if (x >= FAR) does.right()
    },
    onTouchCancel(event: TouchEvent<HTMLElement>) {
      from.current = null
      shift(event.currentTarget, 0)
    },
    /** The click that browsers make of a touch must not open what was swept. */
    onClickCapture(event: PointerEvent<HTMLElement> | React.MouseEvent<HTMLElement>) {
      if (!swept.current) return
      swept.current = false
      event.preventDefault()
      event.stopPropagation()
    },
  }
}
